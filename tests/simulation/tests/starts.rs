//! Every answer that StartExecution can give, and the order of calls around it.

use fake_aws::{Call, Fault, Refusal, StartQuota};
use serde_json::Value;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Upload, Verdict};
use spillway::pace::Pace;

/// Returns the place of the first call that matches, in the order of calls.
fn first(calls: &[Call], matches: impl Fn(&Call) -> bool) -> usize {
    calls
        .iter()
        .position(matches)
        .expect("such a call was made")
}

fn writes(call: &Call, operation: &str, pk: &str) -> bool {
    call.operation == operation && call.facts.keys.iter().any(|key| key.pk == pk)
}

#[tokio::test(start_paused = true)]
async fn slot_then_claim_then_delete_and_start() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    pipeline.upload(&Upload::new("k", 1));
    pipeline.tick().await.well();
    let calls = pipeline.aws.calls();
    let slot = first(&calls, |call| writes(call, "PutItem", "slots"));
    let claim = first(&calls, |call| writes(call, "UpdateItem", "uploads/k"));
    assert!(slot < claim, "{slot:?} {claim:?}");
    for last in ["DeleteMessageBatch", "StartExecution"] {
        let last = first(&calls, |call| call.operation == last);
        assert!(claim < last, "{claim:?} {last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn message_then_row_then_slot() {
    let pipeline = Pipeline::new(Settings::default(), |_| {
        fake_aws::Ending::fail(std::time::Duration::from_secs(1), "Broken", "it is")
    });
    pipeline.upload(&Upload::new("k", 1));
    pipeline.tick().await.well();
    pipeline.aws.forget_calls();
    while pipeline.slots().len() == 1 {
        pipeline.settle_once().await;
    }
    let calls = pipeline.aws.calls();
    let order = [
        first(&calls, |call| call.operation == "SendMessage"),
        first(&calls, |call| writes(call, "UpdateItem", "uploads/k")),
        first(&calls, |call| writes(call, "DeleteItem", "slots")),
    ];
    assert!(order.is_sorted(), "{order:?}");
}

/// Every read that a decision rests on.
#[tokio::test(start_paused = true)]
async fn decisions_rest_on_strongly_consistent_reads() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    pipeline.upload_many(50);
    pipeline.drain(5).await;
    let mut reads = 0;
    for call in pipeline.aws.calls() {
        let request: &Value = &call.request;
        let consistent = match call.operation.as_str() {
            "GetItem" | "Query" => request["ConsistentRead"].clone(),
            "BatchGetItem" => request["RequestItems"][LEDGER]["ConsistentRead"].clone(),
            _ => continue,
        };
        reads += 1;
        assert_eq!(consistent, true, "{}", call.operation);
    }
    assert!(reads > 15, "{reads}");
}

#[tokio::test(start_paused = true)]
async fn starts_that_are_throttled_to_the_end_of_a_tick_come_first_in_the_next_one() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads = pipeline.upload_many(40);
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    let counts = pipeline.tick().await.well();
    assert!(counts.throttled > 0 && counts.started == 0, "{counts:?}");
    // They were made again as the rate allowed, and nothing more was received.
    let taken = pipeline.slots().len();
    assert!(counts.throttled as usize > taken, "{counts:?}");
    assert_eq!(counts.received as usize, taken);
    let marks = pipeline.aws.calls_of("UpdateItem").into_iter();
    let marks = marks.filter(|call| call.facts.keys.iter().any(|key| key.pk == "slots"));
    assert_eq!(marks.count(), taken, "each is marked once");

    pipeline.aws.sfn().refuse_starts(None);
    pipeline.aws.forget_calls();
    let settling = pipeline.settle_in_background();
    let counts = pipeline.tick().await.well();
    drop(settling);
    assert_eq!(counts.restarted as usize, taken);
    let calls = pipeline.aws.calls();
    let first_start = first(&calls, |call| call.operation == "StartExecution");
    let of_dispatch = |call: &Call| call.caller.starts_with("dispatch");
    assert!(
        first_start
            < first(&calls, |call| of_dispatch(call)
                && call.operation == "ReceiveMessage")
    );
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (40, 0));
    let receives: Vec<u32> = pipeline
        .events
        .gone()
        .iter()
        .map(|gone| gone.message.receives)
        .collect();
    assert!(
        receives.iter().all(|receives| *receives == 1),
        "{receives:?}"
    );
}

/// Somebody else uses the account's quota for a while: the tick makes the starts itself, and writes
/// nothing about it.
#[tokio::test(start_paused = true)]
async fn starts_that_are_throttled_for_a_while_are_made_in_their_tick() {
    let pipeline = Pipeline::succeeding(Settings::default(), 120);
    let uploads = pipeline.upload_many(10);
    let mut throttled = 0;
    pipeline.aws.faults().before(move |call| {
        let throttles = call.operation == "StartExecution" && throttled < 25;
        throttled += u32::from(throttles);
        if throttles {
            Fault::Throttle
        } else {
            Fault::None
        }
    });
    let counts = pipeline.tick().await.well();
    assert_eq!(
        (counts.throttled, counts.started, counts.restarted),
        (25, 10, 0)
    );
    let marks = pipeline.aws.calls_of("UpdateItem").into_iter();
    let marks = marks.filter(|call| call.facts.keys.iter().any(|key| key.pk == "slots"));
    assert_eq!(marks.count(), 0);
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 10);
}

/// The same of starts without a clear answer, which can have started something.
#[tokio::test(start_paused = true)]
async fn starts_without_a_clear_answer_are_made_again_in_their_tick() {
    let pipeline = Pipeline::succeeding(Settings::default(), 120);
    let uploads = pipeline.upload_many(10);
    let mut lost = 0;
    pipeline.aws.faults().after(move |call| {
        let loses = call.operation == "StartExecution" && lost < 40;
        lost += u32::from(loses);
        if loses {
            Fault::LoseAnswer
        } else {
            Fault::None
        }
    });
    let counts = pipeline.tick().await.well();
    assert!(counts.unclear > 0, "{counts:?}");
    assert_eq!(counts.started + counts.already_started, 10, "{counts:?}");
    pipeline.aws.faults().clear();
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (10, 0));
}

#[tokio::test(start_paused = true)]
async fn a_quota_below_the_pace_slows_the_pace_and_loses_nothing() {
    let mut settings = Settings::default();
    settings.pace.max_concurrency = 1_000;
    let pipeline = Pipeline::succeeding(settings, 1);
    pipeline.aws.sfn().set_start_quota(Some(StartQuota {
        bucket: 20.0,
        refill_per_second: 10.0,
    }));
    let uploads = pipeline.upload_many(600);
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!(
        (verdict.succeeded, verdict.duplicates.len(), verdict.dead),
        (600, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn without_permission_the_tick_fails_loudly_and_everything_starts_once_it_is_mended() {
    for refusal in [Refusal::AccessDenied, Refusal::MachineDeleting] {
        let pipeline = Pipeline::succeeding(Settings::default(), 1);
        let uploads = pipeline.upload_many(30);
        pipeline.aws.sfn().refuse_starts(Some(refusal));
        for _ in 0..25 {
            let Ticked::Ended(ended) = pipeline.tick().await else {
                panic!("it ends")
            };
            let failure = ended.failure.expect("loudly").to_string();
            assert!(
                failure.starts_with("no execution can be started"),
                "{failure}"
            );
            let code = match refusal {
                Refusal::AccessDenied => "AccessDeniedException: ",
                _ => "StateMachineDeleting: ",
            };
            assert!(failure.contains(code), "{failure}");
        }
        assert!(
            pipeline.dead_letters.messages().is_empty(),
            "nothing is dead-lettered for it"
        );
        pipeline.aws.sfn().refuse_starts(None);
        pipeline.drain(5).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        assert_eq!((verdict.succeeded, verdict.duplicates.len()), (30, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_dead_lettered_by_settle() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads = [Upload::new("bad", 1), Upload::new("good", 2)];
    uploads.iter().for_each(|upload| pipeline.upload(upload));
    pipeline.aws.faults().before(|call| {
        let bad = call
            .facts
            .execution
            .as_deref()
            .is_some_and(|name| name.starts_with("bad"));
        if bad && call.operation == "StartExecution" {
            Fault::Refuse("InvalidExecutionInput".into())
        } else {
            Fault::None
        }
    });
    assert_eq!(pipeline.tick().await.well().refused, 1);
    pipeline.drain(5).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!(
        (verdict.succeeded, verdict.dead, verdict.lost.len()),
        (1, 1, 0)
    );
    let dead = pipeline.dead_letters.messages();
    assert_eq!(dead[0].message.attribute("attempt"), Some("2"));
    assert!(
        dead[0]
            .message
            .attribute("reason")
            .unwrap()
            .starts_with("REFUSED: InvalidExecutionInput")
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_any_service_loses_nothing() {
    for service in [
        fake_aws::Service::Sfn,
        fake_aws::Service::DynamoDb,
        fake_aws::Service::Sqs,
    ] {
        let pipeline = Pipeline::succeeding(Settings::default(), 5);
        let uploads = pipeline.upload_many(100);
        let clock = pipeline.aws.clock();
        let began = clock.now_ms();
        pipeline.aws.faults().before(move |call| {
            let out = (8_000..150_000).contains(&(clock.now_ms() - began));
            if out && call.service == service {
                Fault::InternalError
            } else {
                Fault::None
            }
        });
        pipeline.drain(15).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        assert_eq!(
            (verdict.succeeded, verdict.duplicates.len()),
            (100, 0),
            "{service:?}"
        );
        assert!(verdict.peak <= 20);
    }
}

/// The owner exchanged the state machine while starts were pending. The attempts that were claimed
/// for the old one cannot start any more, and keep nothing else from starting.
#[tokio::test(start_paused = true)]
async fn a_state_machine_that_is_gone_stops_only_what_was_claimed_for_it() {
    let mut pipeline = Pipeline::succeeding(Settings::default(), 1);
    let uploads = pipeline.upload_many(40);
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    assert!(pipeline.tick().await.well().throttled > 0);
    let pending = pipeline.slots().len();
    pipeline.aws.sfn().refuse_starts(None);
    pipeline.aws.sfn().delete_state_machine("workflow");
    pipeline.machine = pipeline.aws.sfn().create_state_machine("next", |_| {
        fake_aws::Ending::succeed(std::time::Duration::from_secs(1), "{}")
    });
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.dead, verdict.succeeded), (pending, 40 - pending));
    assert!(verdict.lost.is_empty());
}

/// Others use up the account's quota for DescribeExecution: the sweep leaves it at that, and
/// nothing fails.
#[tokio::test(start_paused = true)]
async fn a_sweep_that_is_throttled_goes_on_in_the_next_tick() {
    let settings = Settings {
        sweep_after: std::time::Duration::from_secs(30),
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 10);
    let lose = |lost| {
        let change = move |rule: &mut fake_aws::EventRule| rule.lost = lost;
        pipeline.aws.sfn().change_event_rules(change);
    };
    lose(1.0);
    let uploads = pipeline.upload_many(15);
    pipeline.run(1).await;
    lose(0.0);
    pipeline
        .aws
        .faults()
        .before(|call| match call.operation == "DescribeExecution" {
            true => Fault::Throttle,
            false => Fault::None,
        });
    let counts = pipeline.tick().await.well();
    // Five were asked after together, and no more.
    assert_eq!((counts.not_described, counts.swept), (5, 0));
    pipeline.aws.faults().clear();
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 15);
}

/// Of many executions the list says which have ended unseen, and only those are described.
#[tokio::test(start_paused = true)]
async fn of_many_slots_those_are_described_that_the_list_does_not_name() {
    let settings = Settings {
        pace: Pace {
            max_concurrency: 2_000,
            starts_per_second: 200.0,
            burst: 200,
            ..Settings::default().pace
        },
        ..Settings::default()
    };
    let ended = |execution: &fake_aws::Execution| execution.input.contains("status/77");
    let pipeline = Pipeline::new(settings, move |execution| match ended(execution) {
        true => fake_aws::Ending::succeed(std::time::Duration::from_secs(60), "{}"),
        false => fake_aws::Ending::never(),
    });
    let lost = |rule: &mut fake_aws::EventRule| rule.lost = 1.0;
    pipeline.aws.sfn().change_event_rules(lost);
    pipeline.upload_many(1_500);
    let slots = |pipeline: &Pipeline| pipeline.slots().len();
    while slots(&pipeline) < 1_500 {
        pipeline.tick().await.well();
    }
    tokio::time::sleep(std::time::Duration::from_secs(300)).await;
    let hung = pipeline.aws.sfn().running().len();
    assert_eq!(hung, 1_500 - 11);

    pipeline.aws.forget_calls();
    let settling = pipeline.settle_in_background();
    let mut found = 0;
    for _ in 0..5 {
        let counts = pipeline.tick().await.well();
        found += counts.outcomes_found as usize;
    }
    drop(settling);
    assert_eq!(slots(&pipeline), hung);
    let described = pipeline.aws.calls_of("DescribeExecution").len();
    assert_eq!(described, found, "none that runs");
    assert!(pipeline.aws.calls_of("ListExecutions").len() <= 10);
}

/// A pipeline without the permission to list does without.
#[tokio::test(start_paused = true)]
async fn without_the_list_the_sweep_describes_every_execution_in_turn() {
    let settings = Settings {
        sweep_after: std::time::Duration::from_secs(30),
        listed_above: 3,
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 10);
    let lose = |lost| {
        let change = move |rule: &mut fake_aws::EventRule| rule.lost = lost;
        pipeline.aws.sfn().change_event_rules(change);
    };
    lose(1.0);
    let uploads = pipeline.upload_many(15);
    pipeline.run(1).await;
    lose(0.0);
    let denied = |call: &Call| call.operation == "ListExecutions";
    pipeline
        .aws
        .faults()
        .before(move |call| match denied(call) {
            true => Fault::Refuse("AccessDeniedException".into()),
            false => Fault::None,
        });
    let Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("a tick ends");
    };
    let counts = ended.counts;
    let problem = ended.failure.expect("the tick says so").to_string();
    assert!(
        problem.contains("ListExecutions failed: AccessDenied"),
        "{problem}"
    );
    assert_eq!((counts.not_described, counts.swept), (0, 15));
    pipeline.aws.faults().clear();
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 15);
}

/// The workflow's own timeout is 60 s, and an execution hangs all the same.
#[tokio::test(start_paused = true)]
async fn a_slot_older_than_any_execution_is_told() {
    let settings = Settings {
        execution_timeout: Some(std::time::Duration::from_secs(60)),
        ..Settings::default()
    };
    let pipeline = Pipeline::new(settings, |_| fake_aws::Ending::never());
    pipeline.upload_many(3);
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.started, counts.overdue), (3, 0));
    // The timeout, the age of the first sweep, and ten minutes.
    tokio::time::sleep(std::time::Duration::from_secs(60 + 120 + 600)).await;
    assert_eq!(pipeline.tick().await.well().overdue, 3);
}

/// The sweep asks slowly, and nothing waits for it.
#[tokio::test(start_paused = true)]
async fn events_start_while_the_sweep_is_at_work() {
    let mut settings = Settings {
        sweep_after: std::time::Duration::from_secs(30),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 100;
    let pipeline = Pipeline::succeeding(settings, 600);
    let uploads = pipeline.upload_many(60);
    pipeline.run(1).await;
    pipeline.upload(&Upload::new("late", 900));
    pipeline.aws.forget_calls();
    let began = pipeline.aws.clock().now_ms();
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.swept, counts.started), (50, 1));
    let described = pipeline.aws.calls_of("DescribeExecution");
    let within = |ms: i64| {
        described
            .iter()
            .filter(|call| call.sent_ms < began + ms)
            .count()
    };
    assert!((5..=10).contains(&within(1_000)), "{}", within(1_000));
    assert!(within(5_000) <= 30, "{}", within(5_000));
    let start = &pipeline.aws.calls_of("StartExecution")[0];
    assert!(start.sent_ms < began + 500, "{}", start.sent_ms - began);
    assert_eq!(pipeline.aws.sfn().executions().len(), uploads.len() + 1);
}

/// A start that was claimed and that nothing else knows of is made, however late the sweep comes to
/// its slot.
#[tokio::test(start_paused = true)]
async fn what_the_sweep_finds_last_is_started() {
    let settings = Settings {
        sweep_after: std::time::Duration::from_secs(120),
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 3_600);
    pipeline.upload(&Upload::new("zz", 900));
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    pipeline.tick().await.well();
    pipeline.aws.sfn().refuse_starts(None);
    // Nothing marks it: its claim landed late.
    let slots = pipeline
        .aws
        .dynamodb()
        .partition(simulation::LEDGER, "slots");
    let mut slot = slots.into_iter().next().unwrap();
    assert!(slot.as_object_mut().unwrap().remove("pending").is_some());
    pipeline.aws.dynamodb().put(simulation::LEDGER, slot);
    // The newest are looked at first.
    pipeline.upload_many(19);
    assert_eq!(pipeline.tick().await.well().started, 19);
    tokio::time::sleep(std::time::Duration::from_secs(180)).await;
    let counts = pipeline.tick().await.well();
    assert_eq!((counts.swept, counts.restarted, counts.started), (20, 1, 1));
}

/// Slots that cannot be asked after keep nothing else from starting, and the tick still says so.
#[tokio::test(start_paused = true)]
async fn a_sweep_that_fails_does_not_stop_the_starts() {
    let settings = Settings {
        sweep_after: std::time::Duration::from_secs(30),
        ..Settings::default()
    };
    let pipeline = Pipeline::succeeding(settings, 10);
    pipeline
        .aws
        .sfn()
        .change_event_rules(|rule| rule.lost = 1.0);
    let uploads = pipeline.upload_many(15);
    pipeline.run(1).await;
    assert_eq!(pipeline.slots().len(), 15);
    pipeline.aws.faults().before(|call| {
        if call.operation == "DescribeExecution" {
            Fault::Refuse("AccessDeniedException".into())
        } else {
            Fault::None
        }
    });
    let more: Vec<Upload> = (0..5)
        .map(|number| Upload::new(&format!("more/{number}"), 900 + number))
        .collect();
    more.iter().for_each(|upload| pipeline.upload(upload));
    let Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("it ends")
    };
    assert_eq!(ended.counts.started, 5);
    let failure = ended.failure.expect("loudly").to_string();
    assert!(
        failure.contains("DescribeExecution failed: AccessDeniedException"),
        "{failure}"
    );

    pipeline.aws.faults().clear();
    pipeline.drain(5).await;
    let all = [uploads, more].concat();
    assert_eq!(Verdict::of(&pipeline, &all).succeeded, 20);
}

/// Pending starts hold their slots, but a limit lowered meanwhile holds for them too.
#[tokio::test(start_paused = true)]
async fn pending_starts_keep_to_a_limit_lowered_meanwhile() {
    let pipeline = Pipeline::succeeding(Settings::default(), 5);
    let uploads = pipeline.upload_many(20);
    pipeline.aws.sfn().refuse_starts(Some(Refusal::Throttled));
    assert!(pipeline.tick().await.well().throttled > 10);
    pipeline.aws.sfn().refuse_starts(None);
    pipeline.aws.dynamodb().put(
        LEDGER,
        serde_json::json!({
            "pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"N": "3"},
        }),
    );
    pipeline.drain(30).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    assert_eq!((verdict.succeeded, verdict.duplicates.len()), (20, 0));
    assert!(verdict.peak <= 3, "{} ran at once", verdict.peak);
}

/// The tick ends with the reason of a failed call, even beside other facts.
#[tokio::test(start_paused = true)]
async fn a_claim_that_fails_ends_the_tick_with_its_reason() {
    let pipeline = Pipeline::succeeding(Settings::default(), 5);
    let upload = Upload::new("k", 1);
    pipeline.upload(&upload);
    pipeline.aws.faults().before(|call| {
        if simulation::claims(call) {
            Fault::Refuse("AccessDeniedException".into())
        } else {
            Fault::None
        }
    });
    let Ticked::Ended(ended) = pipeline.tick().await else {
        panic!("it ends")
    };
    let failure = ended.failure.expect("loudly").to_string();
    assert!(
        failure.starts_with("claiming an attempt failed: AccessDeniedException"),
        "{failure}"
    );
    pipeline.aws.faults().clear();
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &[upload]).succeeded, 1);
}
