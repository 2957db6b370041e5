//! A plan's use of AWS, from the engine's counts.

use spillway::Millis;

use super::used::{IDLE_POLLS, METRICS, Used};
use super::way::Way;
use crate::engine;
use crate::engine::answers::Answers;
use crate::engine::setup::{Arrival, Setup};

/// Bytes that Lambda itself logs of an invocation (START, END, REPORT), and a handler's own line.
/// Assumed, not measured; the lines are as long as those of the simulation.
const PLATFORM_LOG_BYTES: f64 = 350.0;
const DISPATCH_LINE_BYTES: f64 = 2_300.0;
const OTHER_LINE_BYTES: f64 = 600.0;
/// Milliseconds of an invocation of `ingest`, and its use: a row, a message.
const INGEST_MILLIS: f64 = 20.0;

/// How Lambda runs the handlers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Functions {
    pub dispatch_mb: f64,
    pub settle_mb: f64,
    pub ingest_mb: f64,
    /// Whether they run on arm64; else on x86.
    pub arm64: bool,
}

impl Default for Functions {
    /// Returns the functions as Terraform has them.
    fn default() -> Self {
        Self {
            dispatch_mb: 256.0,
            settle_mb: 256.0,
            ingest_mb: 256.0,
            arm64: true,
        }
    }
}

/// The use of a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Month {
    /// The use of its events, without that of ticks that find nothing.
    pub events: Used,
    /// The use of a month of 30 days without events.
    pub idle: Used,
}

/// Returns the use of a plan.
pub fn used(setup: &Setup, way: Way, functions: &Functions, answers: &Answers) -> Month {
    let idle_tick = idle_tick(setup, functions);
    let a_month = MONTH_MILLIS / setup.schedule.as_millis().max(1) as f64;
    let month = idle_tick.times(a_month);
    let whole = whole(setup, way, functions, answers);
    Month {
        events: whole.less(&idle_tick.times(answers.counted.ticks as f64)),
        idle: Used {
            sqs: month.sqs + IDLE_POLLS,
            metrics: METRICS + f64::from(u8::from(setup.starts_per_day.is_some())),
            ..month
        },
    }
}

/// Returns the handlers' use over the whole plan.
pub fn whole(setup: &Setup, way: Way, functions: &Functions, answers: &Answers) -> Used {
    let counted = &answers.counted;
    let uploads = answers.uploads as f64;
    let executions = counted.executions as f64;
    let settles = counted.settles as f64;
    let ticks = counted.ticks as f64;
    let dispatch_gb = functions.dispatch_mb / 1_024.0;
    let settle_gb = functions.settle_mb / 1_024.0;
    let ingest_gb = functions.ingest_mb / 1_024.0;
    let ingested = if way == Way::Lambda { uploads } else { 0.0 };
    // Each event and each outcome is sent; outcomes are received and deleted, too.
    let calls = counted.receives + counted.deletes + counted.sends + counted.sizes;
    let of_events = uploads + calls as f64 + ticks * sizes_of_lanes(setup);
    let of_outcomes = executions + 2.0 * settles + ticks * SIZES_BESIDES;
    Used {
        write_units: counted.write_units + ingested,
        read_units: counted.read_units,
        invocations: ticks + settles + ingested,
        gb_seconds: counted.tick_millis as f64 / 1_000.0 * dispatch_gb
            + counted.settle_millis as f64 / 1_000.0 * settle_gb
            + ingested * INGEST_MILLIS / 1_000.0 * ingest_gb,
        log_bytes: ticks * (PLATFORM_LOG_BYTES + DISPATCH_LINE_BYTES)
            + (settles + ingested) * (PLATFORM_LOG_BYTES + OTHER_LINE_BYTES),
        eventbridge: if way == Way::EventBridge {
            uploads
        } else {
            0.0
        },
        sns: if way == Way::Sns { uploads } else { 0.0 },
        ..requests(setup, of_events, of_outcomes)
    }
}

/// Milliseconds of a month of 30 days.
pub const MONTH_MILLIS: f64 = 30.0 * 86_400_000.0;

/// Requests by which a tick looks around beside the lanes' queues: the outcomes queue and its dead
/// letters, and reconcile's.
const SIZES_BESIDES: f64 = 3.0;

/// Returns the requests by which a tick looks around at each lane's two queues.
fn sizes_of_lanes(setup: &Setup) -> f64 {
    2.0 * setup.lanes.len() as f64
}

/// Returns requests to the lanes' queues, and to others.
fn requests(setup: &Setup, of_events: f64, of_outcomes: f64) -> Used {
    let (sqs, sqs_fifo) = match setup.fifo {
        true => (of_outcomes, of_events),
        false => (of_outcomes + of_events, 0.0),
    };
    Used {
        sqs,
        sqs_fifo,
        ..Used::default()
    }
}

/// Returns the use of a tick that finds nothing.
fn idle_tick(setup: &Setup, functions: &Functions) -> Used {
    let idle = Setup {
        from: 0,
        until: 10 * setup.schedule.as_millis() as Millis,
        ..setup.clone()
    };
    // Something that never comes keeps the ticks going.
    let never = [Arrival {
        at: Millis::MAX / 4,
        object: 0,
        wave: 0,
        lane: 0,
        doomed: 0,
        tenant: 0,
    }];
    let counted = engine::run(&idle, &never).counted;
    let each = 1.0 / counted.ticks.max(1) as f64;
    let dispatch_gb = functions.dispatch_mb / 1_024.0;
    Used {
        write_units: counted.write_units * each,
        read_units: counted.read_units * each,
        invocations: 1.0,
        gb_seconds: counted.tick_millis as f64 * each / 1_000.0 * dispatch_gb,
        log_bytes: PLATFORM_LOG_BYTES + DISPATCH_LINE_BYTES,
        ..requests(
            setup,
            counted.receives as f64 * each + sizes_of_lanes(setup),
            SIZES_BESIDES,
        )
    }
}
