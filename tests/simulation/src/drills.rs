//! Drills: situations of which an alarm is to tell, or is not to. Each gives the lines that the
//! handlers print for CloudWatch, and AWS's own metrics of the functions in the same form.
//! `tests/e2e/test_alarms_simulated.py` evaluates the alarms on them.

mod reported;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fake_aws::{Ending, Fault, Refusal, StartQuota};
use serde_json::{Value, json};
use spillway::event::time;
use spillway::rules::retry::RetryPolicy;
use tokio::time::Instant;

use self::reported::{Access, Reported};
use crate::pipeline::{Background, LEDGER, Pipeline, Settings, Ticked};
use crate::reconcile::{BUCKET, Ran, Runs, rows_of};
use crate::upload::Upload;

const MINUTE: Duration = Duration::from_secs(60);
/// How long an execution takes.
const TAKES: Duration = Duration::from_secs(10);

/// A situation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drill {
    /// Nothing is uploaded for a day.
    IdleDay,
    /// A burst of 300, of which some fail once and are retried.
    Normal,
    /// A burst of 1,000 under a pause of half an hour.
    PausedBurst,
    /// The limit is lowered to 20 while 200 run.
    LimitLowered,
    /// No status event comes for ten minutes: the sweep finds how executions ended.
    LostEvents,
    /// A tick dies with the lease and its starts.
    DeadTick,
    /// The system that the workflow calls is down for ten minutes.
    TargetDown,
    /// One object fails in every attempt.
    Poison,
    /// An execution hangs.
    Hung,
    /// Every tick dies at its first start.
    DeadTicks,
    /// The schedule is off.
    ScheduleOff,
    /// Another holder never gives the lease back.
    LeaseHeld,
    /// Nobody has the permission to start an execution.
    StartsForbidden,
    /// Nobody has the permission to receive a message.
    ReceivesForbidden,
    /// The control item has an attribute that nothing goes by.
    MisspeltControl,
    /// The limit was lowered two days ago.
    OldOverride,
    /// The limit was lowered, and nobody wrote when.
    OverrideWithoutTime,
    /// The day's starts are used up.
    DayLimit,
    /// The account's quota of starts is far below the pace.
    Throttled,
    /// Somebody redrives an execution, past the pipeline.
    Redriven,
    /// The ledger is the one of three minutes ago, restored while executions of before and of since
    /// run.
    LedgerRestored,
    /// The uploads need ten hours.
    Backlog,
    /// Lambda throttles every tick.
    FunctionThrottled,
    /// DynamoDB throttles every second write.
    LedgerThrottled,
    /// DynamoDB throttles every second read.
    ReadsThrottled,
    /// Every invocation of `settle` dies.
    SettleDies,
    /// `reconcile` has no permission to read the ledger.
    ReconcileForbidden,
}

impl Drill {
    pub const ALL: [Self; 27] = [
        Self::IdleDay,
        Self::Normal,
        Self::PausedBurst,
        Self::LimitLowered,
        Self::LostEvents,
        Self::DeadTick,
        Self::TargetDown,
        Self::Poison,
        Self::Hung,
        Self::DeadTicks,
        Self::ScheduleOff,
        Self::LeaseHeld,
        Self::StartsForbidden,
        Self::ReceivesForbidden,
        Self::MisspeltControl,
        Self::OldOverride,
        Self::OverrideWithoutTime,
        Self::DayLimit,
        Self::Throttled,
        Self::Redriven,
        Self::LedgerRestored,
        Self::Backlog,
        Self::FunctionThrottled,
        Self::LedgerThrottled,
        Self::ReadsThrottled,
        Self::SettleDies,
        Self::ReconcileForbidden,
    ];

    fn minutes(self) -> u32 {
        match self {
            Self::IdleDay => 24 * 60,
            Self::PausedBurst | Self::Backlog => 60,
            // Before its outcomes are dead letters.
            Self::SettleDies => 14,
            Self::Throttled => 40,
            _ => 30,
        }
    }

    fn pipeline(self, down: Arc<AtomicBool>) -> Pipeline {
        let mut settings = Settings {
            looks_around: true,
            retry: RetryPolicy {
                max_attempts: 3,
                backoff_seconds: vec![30],
            },
            ..Settings::default()
        };
        match self {
            Self::LimitLowered => settings.pace.max_concurrency = 200,
            Self::DayLimit => settings.starts_per_day = Some(10),
            Self::Throttled => settings.pace.max_concurrency = 1_000,
            Self::Backlog => settings.pace.max_concurrency = 1,
            _ => {}
        }
        let mut started = 0_u32;
        Pipeline::new(settings, move |execution| {
            started += 1;
            let input = &execution.input;
            let first = input.contains(r#""attempt":1"#);
            let fails = down.load(Ordering::Relaxed)
                || self == Self::Poison && input.contains("poison")
                || self == Self::Normal && started.is_multiple_of(10) && first;
            match self {
                _ if fails => Ending::fail(TAKES, "Broken", "the drill says so"),
                Self::Hung => Ending::never(),
                Self::LimitLowered => Ending::succeed(5 * MINUTE, "{}"),
                Self::LedgerRestored => Ending::succeed(2 * MINUTE, "{}"),
                Self::Backlog => Ending::succeed(4 * TAKES, "{}"),
                _ => Ending::succeed(TAKES, "{}"),
            }
        })
    }

    /// Acts at the beginning of a minute.
    fn happens(self, minute: u32, pipeline: &Pipeline, down: &AtomicBool, reported: &Reported) {
        let sfn = || pipeline.aws.sfn();
        let faults = || pipeline.aws.faults();
        match (self, minute) {
            (Self::Normal, 3) => upload(pipeline, 0, 300),
            (Self::PausedBurst, 2) => {
                control(pipeline, 0, json!({"paused": {"BOOL": true}}));
                upload(pipeline, 0, 1_000);
            }
            (Self::PausedBurst, 32) => forget_control(pipeline),
            (Self::LimitLowered, 2) => upload(pipeline, 0, 400),
            (Self::LimitLowered, 4) => {
                control(pipeline, 0, json!({"max_concurrency": {"N": "20"}}));
            }
            (Self::LostEvents, 1) => sfn().change_event_rules(|rule| rule.lost = 1.0),
            (Self::LostEvents, 2) => upload(pipeline, 0, 10),
            (Self::LostEvents, 12) => sfn().change_event_rules(|rule| rule.lost = 0.0),
            (Self::DeadTick, 3) => {
                upload(pipeline, 0, 50);
                let mut dead = false;
                faults().before(move |call| {
                    let dies = !dead && call.operation == "StartExecution";
                    dead |= dies;
                    if dies { Fault::Crash } else { Fault::None }
                });
            }
            (Self::TargetDown, minute) => {
                down.store((5..15).contains(&minute), Ordering::Relaxed);
                upload(pipeline, minute * 20, 20);
            }
            (Self::Poison, 3) => {
                upload(pipeline, 0, 20);
                pipeline.upload(&Upload::new("status/poison.json", 1_000));
            }
            (Self::Hung, 2) => upload(pipeline, 0, 1),
            (Self::DeadTicks, 5) => {
                upload(pipeline, 0, 10);
                faults().before(|call| match call.operation.as_str() {
                    "StartExecution" => Fault::Crash,
                    _ => Fault::None,
                });
            }
            (Self::LeaseHeld, 5) => hold_lease(pipeline),
            (Self::StartsForbidden, 5) => {
                sfn().refuse_starts(Some(Refusal::AccessDenied));
                upload(pipeline, 0, 10);
            }
            (Self::ReceivesForbidden, 5) => {
                upload(pipeline, 0, 10);
                faults().before(|call| match call.operation.as_str() {
                    "ReceiveMessage" if call.caller.starts_with("dispatch") => {
                        Fault::Refuse("AccessDenied".into())
                    }
                    _ => Fault::None,
                });
            }
            (Self::MisspeltControl, 5) => control(pipeline, 0, json!({"paussed": {"BOOL": true}})),
            (Self::OldOverride, 5) => {
                control(pipeline, 48 * 60, json!({"max_concurrency": {"N": "5"}}));
            }
            (Self::OverrideWithoutTime, 5) => {
                let item = json!({
                    "pk": {"S": "control"}, "sk": {"S": "dispatch"}, "max_concurrency": {"N": "5"},
                });
                pipeline.aws.dynamodb().put(LEDGER, item);
            }
            (Self::DayLimit, 5) => upload(pipeline, 0, 30),
            (Self::Throttled, 3) => {
                sfn().set_start_quota(Some(StartQuota {
                    bucket: 1.0,
                    refill_per_second: 0.5,
                }));
                upload(pipeline, 0, 2_000);
            }
            (Self::Redriven, 3) => upload(pipeline, 0, 5),
            (Self::Redriven, 4) => {
                upload(pipeline, 5, 1);
            }
            (Self::LedgerRestored, minute @ 2..12) => upload(pipeline, minute * 10, 10),
            (Self::Backlog, 5) => upload(pipeline, 0, 1_000),
            (Self::LedgerThrottled, 5) => reported::throttle(Access::Writes, pipeline, reported),
            (Self::ReadsThrottled, 5) => reported::throttle(Access::Reads, pipeline, reported),
            (Self::LedgerThrottled | Self::ReadsThrottled, minute @ 6..) => {
                upload(pipeline, minute * 10, 10);
            }
            (Self::SettleDies, 2) => upload(pipeline, 0, 10),
            (Self::SettleDies, 5) => {
                upload(pipeline, 10, 20);
                faults().before(|call| match call.caller.starts_with("settle") {
                    true => Fault::Crash,
                    false => Fault::None,
                });
            }
            (Self::ReconcileForbidden, 5) => {
                faults().before(|call| match call.operation.as_str() {
                    "Scan" => Fault::Refuse("AccessDeniedException".into()),
                    _ => Fault::None,
                });
            }
            _ => {}
        }
    }

    /// Whether the schedule invokes `dispatch` in that minute.
    fn ticks(self, minute: u32) -> bool {
        self != Self::ScheduleOff || minute < 5
    }

    /// Returns whether Lambda refuses the schedule's invocation in that minute.
    fn throttles(self, minute: u32) -> bool {
        self == Self::FunctionThrottled && minute >= 5
    }
}

/// A drill that was run.
#[derive(Debug)]
pub struct Told {
    /// In milliseconds.
    pub since: i64,
    pub until: i64,
    pub lines: Vec<String>,
}

/// Runs a drill; the pipeline, as it is afterwards.
pub async fn run(drill: Drill) -> (Told, Pipeline) {
    let down = Arc::new(AtomicBool::new(false));
    let pipeline = drill.pipeline(Arc::clone(&down));
    let since = pipeline.aws.clock().now_ms();
    let reported = Reported::default();
    let settling = Background::run(reported::settle(pipeline.clone(), reported.clone()));
    let mut ledger = Vec::new();
    for minute in 0..drill.minutes() {
        let next = Instant::now() + MINUTE;
        drill.happens(minute, &pipeline, &down, &reported);
        match (drill, minute) {
            (Drill::LedgerRestored, 5) => ledger = pipeline.aws.dynamodb().items(LEDGER),
            (Drill::LedgerRestored, 8) => restore(&pipeline, &ledger),
            (Drill::ReconcileForbidden, 6) => reconcile(&pipeline, &reported).await,
            _ => {}
        }
        if drill.throttles(minute) {
            reported.of_function("Throttles", "dispatch", true, pipeline.aws.clock().now_ms());
        } else if drill.ticks(minute) {
            let ticked = pipeline.tick().await;
            let failed = !matches!(&ticked, Ticked::Ended(ended) if ended.failure.is_none());
            reported.of_function("Errors", "dispatch", failed, pipeline.aws.clock().now_ms());
        }
        reported.of_events_queue(&pipeline);
        if drill == Drill::Redriven {
            for execution in pipeline.aws.sfn().running() {
                pipeline.aws.sfn().mark_redriven(&execution.arn);
            }
        }
        tokio::time::sleep_until(next).await;
    }
    drop(settling);
    let told = Told {
        since,
        until: pipeline.aws.clock().now_ms(),
        lines: [reported.lines(), pipeline.lines()].concat(),
    };
    (told, pipeline)
}

/// A run of the state machine of `reconcile` over the ledger.
async fn reconcile(pipeline: &Pipeline, reported: &Reported) {
    pipeline.aws.s3().create_bucket(BUCKET, true);
    let tries = Runs::over(pipeline).tries(&rows_of("drill", None)).await;
    if !tries.last().is_some_and(Ran::is_well) {
        reported.of_failed_run(pipeline.aws.clock().now_ms());
    }
}

/// The ledger has these items and no others.
fn restore(pipeline: &Pipeline, items: &[Value]) {
    let dynamodb = pipeline.aws.dynamodb();
    for item in dynamodb.items(LEDGER) {
        dynamodb.remove(LEDGER, &json!({"pk": item["pk"], "sk": item["sk"]}));
    }
    for item in items {
        dynamodb.put(LEDGER, item.clone());
    }
}

fn upload(pipeline: &Pipeline, first: u32, count: u32) {
    for number in first..first + count {
        let key = format!("status/{number}.json");
        pipeline.upload(&Upload::new(&key, number + 1));
    }
}

/// Writes the control item, as of so many minutes ago.
fn control(pipeline: &Pipeline, minutes: i64, attributes: Value) {
    let since = time::iso(pipeline.aws.clock().now_ms() - minutes * 60_000);
    let mut item = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}, "since": {"S": since}});
    if let (Some(item), Value::Object(attributes)) = (item.as_object_mut(), attributes) {
        item.extend(attributes);
    }
    pipeline.aws.dynamodb().put(LEDGER, item);
}

fn forget_control(pipeline: &Pipeline) {
    let key = json!({"pk": {"S": "control"}, "sk": {"S": "dispatch"}});
    pipeline.aws.dynamodb().remove(LEDGER, &key);
}

/// Somebody takes the lease for a day.
fn hold_lease(pipeline: &Pipeline) {
    let dynamodb = pipeline.aws.dynamodb();
    let mut item = dynamodb
        .item(LEDGER, "lease", "dispatch")
        .unwrap_or_default();
    let expires_at = pipeline.aws.clock().now_ms() + 86_400_000;
    item["holder"] = json!({"S": "somebody"});
    item["expires_at"] = json!({"N": expires_at.to_string()});
    dynamodb.put(LEDGER, item);
}
