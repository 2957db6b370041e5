//! Tenants with a bound of their own: never more of one at once, each in its turn, and no receive
//! burnt.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_aws::{Call, Fault};
use serde_json::json;
use simulation::{LEDGER, Pipeline, Settings, Ticked, Upload, Verdict, notification, objects};
use spillway::event::tenant::By;
use spillway::pace::tenants::TenantBound;
use spillway::protocol::holding::Idle;

/// The first segment of a key is its tenant.
fn bounded(max_concurrency: u32) -> Settings {
    let mut settings = Settings {
        tenants: Some(TenantBound {
            by: By::Segment(1),
            max_concurrency,
        }),
        ..Settings::default()
    };
    settings.pace.max_concurrency = 20;
    settings
}

fn upload(pipeline: &Pipeline, tenant: &str, count: u32) -> Vec<Upload> {
    let new = |number| Upload::new(&format!("{tenant}/{number}"), number + 1);
    let uploads: Vec<Upload> = (0..count).map(new).collect();
    for upload in &uploads {
        pipeline
            .events
            .inject(&notification(std::slice::from_ref(upload)));
    }
    uploads
}

/// When the executions of a tenant started and stopped, in milliseconds.
fn ran(pipeline: &Pipeline, tenant: &str) -> Vec<(i64, i64)> {
    let executions = pipeline.aws.sfn().executions().into_iter();
    let of = executions.filter(|it| objects(it).0[0].key.split('/').next() == Some(tenant));
    let ran = of.map(|it| (it.started_ms, it.stopped_ms.unwrap_or(i64::MAX)));
    ran.collect()
}

fn most_at_once(pipeline: &Pipeline, tenant: &str) -> usize {
    let ran = ran(pipeline, tenant);
    let at_once = |at: i64| {
        ran.iter()
            .filter(|(start, stop)| *start <= at && at < *stop)
            .count()
    };
    ran.iter()
        .map(|(start, _)| at_once(*start))
        .max()
        .unwrap_or_default()
}

fn most_receives(pipeline: &Pipeline) -> Option<u32> {
    let gone = pipeline.events.gone();
    gone.iter().map(|gone| gone.message.receives).max()
}

#[tokio::test(start_paused = true)]
async fn never_more_of_a_tenant_than_its_bound_and_the_others_go_on() {
    let pipeline = Pipeline::succeeding(bounded(3), 4);
    let mut uploads = upload(&pipeline, "acme", 60);
    for tenant in ["a", "b", "c", "d"] {
        uploads.extend(upload(&pipeline, tenant, 3));
    }
    let began = pipeline.aws.clock().now_ms();
    pipeline.drain(10).await;
    let verdict = Verdict::of(&pipeline, &uploads);
    verdict.expect_kept("tenants", 20);
    assert_eq!(verdict.succeeded, 72);
    for tenant in ["acme", "a", "b", "c", "d"] {
        assert_eq!(most_at_once(&pipeline, tenant), 3, "{tenant}");
    }
    let last = |tenant| ran(&pipeline, tenant).iter().map(|it| it.0).max().unwrap() - began;
    for tenant in ["a", "b", "c", "d"] {
        assert!(last(tenant) < 6_000, "{tenant}: {} ms", last(tenant));
    }
    // Twenty rounds of 4 s, with the time until a slot is seen to be free, and the pauses between
    // ticks.
    assert!(last("acme") < 150_000, "{} ms", last("acme"));
    assert_eq!(most_receives(&pipeline), Some(1));
}

#[tokio::test(start_paused = true)]
async fn one_that_was_deferred_costs_three_writes_more() {
    let pipeline = Pipeline::succeeding(bounded(1), 1);
    let uploads = upload(&pipeline, "acme", 10);
    pipeline.drain(10).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 10);
    let writes =
        |is: &dyn Fn(&Call) -> bool| pipeline.aws.calls().iter().filter(|it| is(it)).count();
    let pk = |call: &Call, what: &str| {
        let key = &call.request["Key"]["pk"]["S"];
        let item = &call.request["Item"]["pk"]["S"];
        [key, item]
            .iter()
            .any(|pk| pk.as_str().is_some_and(|pk| pk.starts_with(what)))
    };
    let is = |operation: &'static str, what: &'static str| {
        move |call: &Call| call.operation == operation && pk(call, what)
    };
    // Nine waited. Their rows are written once more, their items are put and deleted.
    assert_eq!(writes(&is("PutItem", "t/")), 9);
    assert_eq!(writes(&is("DeleteItem", "t/")), 9);
    assert!(writes(&is("UpdateItem", "tenants")) <= 3);
    assert_eq!(writes(&is("DeleteItem", "tenants")), 1);
}

#[tokio::test(start_paused = true)]
async fn tenants_that_wait_take_turns() {
    let pipeline = Pipeline::succeeding(bounded(1), 5);
    let mut uploads = Vec::new();
    for tenant in ["a", "b", "c"] {
        uploads.extend(upload(&pipeline, tenant, 8));
    }
    pipeline.drain(10).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 24);
    let mut ends = BTreeMap::new();
    for tenant in ["a", "b", "c"] {
        ends.insert(
            tenant,
            ran(&pipeline, tenant).iter().map(|it| it.1).max().unwrap(),
        );
    }
    let (first, last) = (ends.values().min().unwrap(), ends.values().max().unwrap());
    assert!(last - first < 10_000, "{ends:?}");
}

/// A later event of a tenant does not overtake those that wait, also while the tenant has room:
/// here the rate is short.
#[tokio::test(start_paused = true)]
async fn an_event_that_comes_while_its_tenant_waits_waits_as_well() {
    let mut settings = bounded(1);
    settings.pace.starts_per_second = 0.2;
    settings.pace.burst = 2;
    let pipeline = Pipeline::succeeding(settings, 1);
    let mut uploads = upload(&pipeline, "acme", 5);
    let later = pipeline.clone();
    let sent = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(8)).await;
        let upload = Upload::new("acme/later", 100);
        let body = notification(std::slice::from_ref(&upload));
        let body = body.replace("T10:00:00.000Z", "T10:00:15.000Z");
        later.events.inject(&body);
        upload
    });
    pipeline.drain(10).await;
    uploads.push(sent.await.unwrap());
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 6);
    let last = pipeline
        .aws
        .sfn()
        .executions()
        .into_iter()
        .max_by_key(|it| it.started_ms);
    assert_eq!(objects(&last.unwrap()).0[0].key, "acme/later");
}

#[tokio::test(start_paused = true)]
async fn a_key_without_a_tenant_has_no_bound() {
    let pipeline = Pipeline::succeeding(bounded(1), 5);
    let uploads: Vec<Upload> = (0..6)
        .map(|it| Upload::new(&format!("{it}"), it + 1))
        .collect();
    for upload in &uploads {
        pipeline
            .events
            .inject(&notification(std::slice::from_ref(upload)));
    }
    pipeline.drain(5).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 6);
    let starts: Vec<i64> = pipeline
        .aws
        .sfn()
        .executions()
        .iter()
        .map(|it| it.started_ms)
        .collect();
    assert!(starts.iter().max().unwrap() - starts.iter().min().unwrap() < 5_000);
    assert_eq!(pipeline.deferred(), [] as [String; 0]);
}

/// The handler dies before each of the calls of a deferral and of a turn, once after the other.
/// Nothing is lost, and nothing is processed twice.
#[tokio::test(start_paused = true)]
async fn a_crash_between_any_two_calls_loses_nothing() {
    let mut crashes = 0;
    for nth in 0..400 {
        let pipeline = Pipeline::succeeding(bounded(1), 2);
        let uploads = upload(&pipeline, "acme", 4);
        let mut calls = 0;
        pipeline.aws.faults().before(move |call| {
            let is_write = call.operation != "GetItem" && !call.operation.starts_with("Get");
            calls += usize::from(is_write);
            match calls == nth + 1 && is_write {
                true => Fault::Crash,
                false => Fault::None,
            }
        });
        let ended = pipeline.tick().await;
        let crashed = format!("{ended:?}").contains("Crash") || !pipeline.deferred().is_empty();
        crashes += usize::from(crashed);
        pipeline.aws.faults().clear();
        pipeline.drain(20).await;
        let verdict = Verdict::of(&pipeline, &uploads);
        verdict.expect_kept(&format!("crash before call {nth}"), 20);
        assert_eq!(verdict.succeeded, 4, "crash before call {nth}");
        assert_eq!(
            most_at_once(&pipeline, "acme"),
            1,
            "crash before call {nth}"
        );
        if !crashed {
            break;
        }
    }
    assert!(crashes > 20, "{crashes}");
}

/// The tenant's events wait, its slots are free, and nothing else is there to do.
#[tokio::test(start_paused = true)]
async fn a_tick_that_waits_for_events_starts_those_that_wait() {
    let mut settings = bounded(2);
    settings.pace.max_concurrency = 5;
    let deferring = Pipeline::succeeding(settings, 30);
    let uploads = upload(&deferring, "acme", 12);
    let _settling = deferring.settle_in_background();
    // With slots taken all the time, all others are deferred in the first tick.
    deferring.tick().await.well();
    assert!(deferring.deferred().len() > 5);
    let mut waits = deferring.clone();
    waits.settings.idle = Idle::Wait;
    let began = waits.aws.clock().now_ms();
    for _ in 0..4 {
        waits.scheduled_tick().await;
    }
    assert_eq!(Verdict::of(&waits, &uploads).succeeded, 12);
    let last = ran(&waits, "acme").iter().map(|it| it.0).max().unwrap() - began;
    // Five rounds of 30 s, of which the first tick had a part.
    assert!(last < 150_000, "{last} ms");
}

/// The rate is short, and the queue is never empty: events that wait get their part of it.
#[tokio::test(start_paused = true)]
async fn a_deep_queue_does_not_keep_those_that_wait_from_their_turn() {
    let mut settings = bounded(2);
    settings.pace.starts_per_second = 5.0;
    settings.pace.burst = 5;
    let pipeline = Pipeline::succeeding(settings, 3);
    let mut uploads = upload(&pipeline, "acme", 20);
    pipeline.tick().await.well();
    assert!(pipeline.deferred().len() > 15);
    for tenant in 0..300 {
        uploads.extend(upload(&pipeline, &format!("tenant-{tenant}"), 1));
    }
    let began = pipeline.aws.clock().now_ms();
    pipeline.drain(10).await;
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 320);
    let last = ran(&pipeline, "acme").iter().map(|it| it.0).max().unwrap() - began;
    // Nine rounds of 3 s, while the others take 60 s and more.
    assert!(last < 45_000, "{last} ms");
    assert_eq!(most_at_once(&pipeline, "acme"), 2);
}

/// Somebody takes the bound away while events wait.
#[tokio::test(start_paused = true)]
async fn what_waits_starts_when_tenants_are_bounded_no_longer() {
    let pipeline = Pipeline::succeeding(bounded(1), 30);
    let uploads = upload(&pipeline, "acme", 5);
    let _settling = pipeline.settle_in_background();
    pipeline.tick().await.well();
    assert!(!pipeline.deferred().is_empty());
    let mut without = pipeline.clone();
    without.settings.tenants = None;
    without.drain(6).await;
    assert_eq!(Verdict::of(&without, &uploads).succeeded, 5);
    assert!(most_at_once(&without, "acme") > 1);
}

/// An item of the directory, or of the queue, that another release wrote keeps nobody from their
/// turn.
#[tokio::test(start_paused = true)]
async fn items_of_another_release_are_passed_by() {
    let pipeline = Pipeline::succeeding(bounded(1), 5);
    let item = |pk: &str, sk: &str| json!({"pk": {"S": pk}, "sk": {"S": sk}, "v": {"N": "999"}, "token": {"S": "x"}});
    pipeline
        .aws
        .dynamodb()
        .put(LEDGER, item("tenants", "/other"));
    pipeline
        .aws
        .dynamodb()
        .put(LEDGER, item("tenants", "damaged"));
    let mut odd = item("tenants", "/odd");
    odd["token"] = json!({"N": "7"});
    odd["since"] = json!({"S": "today"});
    pipeline.aws.dynamodb().put(LEDGER, odd);
    pipeline
        .aws
        .dynamodb()
        .put(LEDGER, item("t//acme", "0#first"));
    let uploads = upload(&pipeline, "acme", 4);
    let _settling = pipeline.settle_in_background();
    for _ in 0..3 {
        pipeline.scheduled_tick().await;
    }
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 4);
    let left = pipeline.deferred();
    assert!(
        left.contains(&"t//acme".to_owned()) && left.contains(&"/other".to_owned()),
        "{left:?}"
    );
}

/// A tenant below its bound has nothing deferred, although its slots are freed between two counts.
#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_not_at_its_bound_waits_for_nothing() {
    let mut settings = bounded(3);
    settings.idle = Idle::Wait;
    let pipeline = Pipeline::succeeding(settings, 1);
    let sends = pipeline.clone();
    let sent = tokio::spawn(async move {
        let mut uploads = Vec::new();
        for number in 0..30 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let upload = Upload::new(&format!("acme/{number}"), number + 1);
            sends
                .events
                .inject(&notification(std::slice::from_ref(&upload)));
            uploads.push(upload);
        }
        uploads
    });
    let _settling = pipeline.settle_in_background();
    let counts = pipeline.tick().await.well();
    let uploads = sent.await.unwrap();
    assert_eq!((counts.started, counts.deferred), (30, 0), "{counts:?}");
    assert_eq!(Verdict::of(&pipeline, &uploads).succeeded, 30);
}

#[tokio::test(start_paused = true)]
async fn the_directory_is_read_once_a_tick_and_only_where_tenants_are_bounded() {
    let reads = |pipeline: &Pipeline| {
        let queries = pipeline.aws.calls_of("Query").into_iter();
        let of = |call: &Call| call.request["ExpressionAttributeValues"][":pk"]["S"] == "tenants";
        queries.filter(of).count()
    };
    let pipeline = Pipeline::succeeding(bounded(1), 1);
    upload(&pipeline, "acme", 5);
    pipeline.tick().await.well();
    assert_eq!(reads(&pipeline), 1);
    let without = Pipeline::succeeding(Settings::default(), 1);
    upload(&without, "acme", 5);
    without.tick().await.well();
    assert_eq!(reads(&without), 0);
    assert!(
        without
            .aws
            .dynamodb()
            .item(LEDGER, "tenants", "/acme")
            .is_none()
    );
}

/// A tick that died can have put an event after the next tick has read its queue. The tick after
/// that one removes the queue.
#[tokio::test(start_paused = true)]
async fn the_tick_after_one_that_died_removes_no_queue() {
    let mut pipeline = Pipeline::succeeding(bounded(1), 2);
    // A tick that ends sooner than such a put can land.
    pipeline.settings.tick = Duration::from_secs(30);
    let uploads = upload(&pipeline, "acme", 3);
    let _settling = pipeline.settle_in_background();
    pipeline.aws.faults().after(|call| {
        let item = call.request["Item"]["pk"]["S"].as_str();
        match item.is_some_and(|pk| pk.starts_with("t/")) {
            true => Fault::Crash,
            false => Fault::None,
        }
    });
    assert!(matches!(pipeline.tick().await, Ticked::Crashed));
    pipeline.aws.faults().clear();
    let is_named = || pipeline.deferred().contains(&"/acme".to_owned());
    let mut named_when_done = Vec::new();
    for _ in 0..8 {
        pipeline.scheduled_tick().await;
        if Verdict::of(&pipeline, &uploads).succeeded == 3 {
            named_when_done.push(is_named());
        }
    }
    assert_eq!(named_when_done.first(), Some(&true), "{named_when_done:?}");
    assert_eq!(named_when_done.last(), Some(&false), "{named_when_done:?}");
}
