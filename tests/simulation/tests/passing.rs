//! Faults that pass within milliseconds cost no more than that: a write that meets a transaction,
//! an answer that is lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::clients::Clients;
use aws::ledger::{LeaseRequest, Ledger, Released, Taken};
use fake_aws::{Call, Ending, Execution, FakeAws, Fault, Service};
use simulation::{LEDGER, Pipeline, Settings, Upload, Verdict};
use spillway::pace::Pace;
use spillway::pace::layout::Layout;
use spillway::pace::tokens::Carried;
use spillway::record::layouts::{Layouts, Said};
use spillway::record::lease::Left;
use spillway::rules::order::Order;

/// How much later all can be over for one such fault: it can make something miss a tick, which come
/// this often.
const SCHEDULE: Duration = Duration::from_secs(2);
const LATER_MS: i64 = 5_000;
/// Objects; each has two versions.
const OBJECTS: u32 = 5;

/// How a run went.
struct Over {
    /// When the last outcome was settled.
    last_ms: i64,
    /// Executions that the first tick started.
    first_starts: u32,
}

#[derive(Debug, Clone, Copy)]
enum Case {
    Plain,
    Ordered(Order),
    Batches,
}

const CASES: [Case; 4] = [
    Case::Plain,
    Case::Ordered(Order::Latest),
    Case::Ordered(Order::Each),
    Case::Batches,
];

/// The second version's first attempt fails.
fn workflow(execution: &Execution) -> Ending {
    let after = Duration::from_secs(2);
    let second = execution.input.contains("a00") && execution.input.contains(r#""attempt":1,"#);
    if second {
        Ending::fail(after, "Broken", "it was to be")
    } else {
        Ending::succeed(after, "{}")
    }
}

impl Case {
    fn pipeline(self) -> (Pipeline, Vec<Upload>) {
        let mut settings = Settings {
            // As many as there are: a start that a tick takes for spent by mistake is missing.
            pace: Pace {
                max_concurrency: 20,
                starts_per_second: 1.0,
                burst: 2 * OBJECTS,
                starts_per_tick: Some(2 * OBJECTS),
                layout: Layout::One,
            },
            tick: Duration::from_secs(10),
            schedule: SCHEDULE,
            starts_per_day: Some(100),
            ..Settings::default()
        };
        match self {
            Self::Plain => {}
            Self::Ordered(order) => settings.order = order,
            Self::Batches => settings.events_per_execution = 2,
        }
        let pipeline = Pipeline::new(settings, workflow);
        let version =
            |number| move |object| Upload::new(&format!("{object}.json"), number + object);
        let uploads: Vec<Upload> = [1, 0xa000]
            .into_iter()
            .flat_map(|number| (0..OBJECTS).map(version(number)))
            .collect();
        uploads.iter().for_each(|upload| pipeline.upload(upload));
        (pipeline, uploads)
    }

    /// Runs until all is over: the calls, and when the last outcome was settled.
    async fn run(self, when: &str, fault: impl Fn(&Pipeline)) -> (Vec<Call>, Over) {
        let (pipeline, uploads) = self.pipeline();
        fault(&pipeline);
        let settling = pipeline.settle_in_background();
        let began = tokio::time::Instant::now();
        let mut starts = Vec::new();
        let mut ticks = 0;
        while ticks == 0 || !pipeline.is_quiet() {
            assert!(ticks < 200, "{self:?}: {when}: {}", pipeline.describe());
            let tick = pipeline.tick_for(Some(&ticks.to_string())).await;
            starts.push(tick.well().started);
            ticks += 1;
            tokio::time::sleep_until(began + SCHEDULE * ticks).await;
        }
        drop(settling);
        let verdict = Verdict::of(&pipeline, &uploads);
        verdict.expect_kept(&format!("{self:?}: {when}"), 20);
        let calls: Vec<Call> = pipeline.aws.calls();
        // A message that was sent twice is hidden for a minute before it is found stale: that keeps
        // nothing waiting.
        let of_settle = |call: &&Call| call.caller.starts_with("settle");
        let last = calls
            .iter()
            .filter(of_settle)
            .filter_map(|call| call.applied_ms)
            .max();
        let over = Over {
            last_ms: last.unwrap(),
            first_starts: starts[0],
        };
        (calls, over)
    }

    /// Runs with the fault at the `n`th of the calls that `strikes` tells, before or after its
    /// effect.
    async fn run_with(
        self,
        fault: Fault,
        after: bool,
        n: usize,
        strikes: fn(&Call) -> bool,
    ) -> Over {
        let when = format!("{fault:?} at call {n}");
        let (_, over) = self
            .run(&when, |pipeline| {
                let seen = Arc::new(Mutex::new(BTreeSet::new()));
                let fault = fault.clone();
                let hook = move |call: &Call| {
                    let mut seen = seen.lock().unwrap();
                    if strikes(call) && seen.insert(call.sequence) && seen.len() == n {
                        fault.clone()
                    } else {
                        Fault::None
                    }
                };
                if after {
                    pipeline.aws.faults().after(hook);
                } else {
                    pipeline.aws.faults().before(hook);
                }
            })
            .await;
        over
    }

    async fn assert_none_is_late(self, fault: Fault, after: bool, strikes: fn(&Call) -> bool) {
        let (calls, usual) = self.run("without faults", |_| {}).await;
        let calls: Vec<&Call> = calls.iter().filter(|call| strikes(call)).collect();
        assert!(
            calls.len() >= 10,
            "{self:?}: {} calls show nothing",
            calls.len()
        );
        for (call, n) in calls.iter().zip(1..) {
            let over = self.run_with(fault.clone(), after, n, strikes).await;
            let late = over.last_ms - usual.last_ms;
            let at = (&call.operation, &call.facts);
            // A version that waits can come to its turn within the tick, or just after it.
            let starts = match self {
                Self::Ordered(_) => usual.first_starts.min(OBJECTS),
                Self::Plain | Self::Batches => usual.first_starts,
            };
            let first = over.first_starts;
            assert!(
                first >= starts,
                "{self:?}: {fault:?} at {at:?}: {first} starts, and not {starts}"
            );
            assert!(
                late <= LATER_MS,
                "{self:?}: {fault:?} at {at:?}: {late} ms late"
            );
        }
    }
}

fn of_a_handler(call: &Call) -> bool {
    ["dispatch", "settle"]
        .iter()
        .any(|it| call.caller.starts_with(it))
}

fn is_write(call: &Call) -> bool {
    const WRITES: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
    of_a_handler(call) && WRITES.contains(&call.operation.as_str())
}

/// A receive whose answer is lost hides its messages: SQS has no second way to tell.
fn is_no_receive(call: &Call) -> bool {
    of_a_handler(call) && call.operation != "ReceiveMessage"
}

#[tokio::test(start_paused = true)]
async fn a_write_that_meets_a_transaction_is_made_again_at_once() {
    for case in CASES {
        let conflict = Fault::TransactionConflict;
        case.assert_none_is_late(conflict, false, is_write).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_costs_no_start_and_no_time() {
    for case in CASES {
        case.assert_none_is_late(Fault::LoseAnswer, true, is_no_receive)
            .await;
    }
}

/// Refused as a whole, which no SDK repeats: each is written by itself.
#[tokio::test(start_paused = true)]
async fn a_shared_call_that_is_refused_is_made_one_by_one() {
    let shares = |call: &Call| of_a_handler(call) && call.operation == "BatchExecuteStatement";
    let fault = Fault::Refuse("ValidationException".into());
    let (calls, usual) = Case::Plain.run("without faults", |_| {}).await;
    let calls = calls.iter().filter(|call| shares(call)).count();
    assert!(calls >= 4, "{calls} calls show nothing");
    for n in 1..=calls {
        let over = Case::Plain.run_with(fault.clone(), false, n, shares).await;
        let late = over.last_ms - usual.last_ms;
        assert!(late <= LATER_MS, "call {n}: {late} ms late");
    }
}

fn ledger(aws: &FakeAws) -> Ledger {
    let clients = Clients::with_http_client(aws.caller("dispatch-0").http_client());
    Ledger::new(clients.dynamodb, LEDGER.into())
}

fn lose_every_first_answer(aws: &FakeAws) {
    let mut lost = false;
    aws.faults().after(move |call| {
        lost = call.service == Service::DynamoDb && !lost;
        if lost { Fault::LoseAnswer } else { Fault::None }
    });
}

/// The lease of the last tick is found, and a release is known to be one's own, although every
/// answer is lost once.
#[tokio::test(start_paused = true)]
async fn a_lease_is_taken_and_released_although_answers_are_lost() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let ledger = ledger(&pipeline.aws);
    let request = |holder: &str, now| LeaseRequest {
        holder: holder.into(),
        now,
        expires_at: now + 60_000,
    };
    let left = Left {
        tokens: Some(Carried {
            tokens: 5.0,
            at: 1_000,
            rate: None,
        }),
        tick: Some("10:00".into()),
        tick_starts: 3,
        layouts: Said::Layouts(Layouts::default()),
        ..Left::default()
    };
    let mut told = Vec::new();
    for (holder, now) in [("first", 1_000), ("second", 2_000), ("third", 3_000)] {
        lose_every_first_answer(&pipeline.aws);
        let Taken::Mine(lease) = ledger.take_lease(request(holder, now)).await.unwrap() else {
            panic!("{holder}: the lease is busy");
        };
        told.push(lease.left.clone());
        ledger
            .reserve(&lease, Some("10:00"), None, Layouts::default(), false)
            .await
            .unwrap();
        let released = ledger.release_lease(&lease, &left).await.unwrap();
        assert_eq!(released, Released::Now, "{holder}");
    }
    assert_eq!(told, [Left::default(), left.clone(), left]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_another_tick_took_is_told() {
    let pipeline = Pipeline::succeeding(Settings::default(), 1);
    let ledger = ledger(&pipeline.aws);
    let request = |holder: &str, now| LeaseRequest {
        holder: holder.into(),
        now,
        expires_at: now + 1_000,
    };
    let Taken::Mine(late) = ledger.take_lease(request("late", 1_000)).await.unwrap() else {
        panic!("the lease is busy");
    };
    let Taken::Mine(_) = ledger.take_lease(request("next", 3_000)).await.unwrap() else {
        panic!("the lease is busy");
    };
    let left = Left::default();
    let released = ledger.release_lease(&late, &left).await.unwrap();
    assert_eq!(released, Released::Lost);
    assert!(
        ledger
            .reserve(&late, None, None, Layouts::default(), false)
            .await
            .is_err()
    );
}
