//! The work of a tick, as metrics and as the function's answer.

use serde::Serialize;
use spillway::Millis;
use spillway::message::admission::LeftOut;
use spillway::protocol::fact::Fact;

/// Those that are a level, not a count: 0 says something.
pub const LEVELS: &[&str] = &[
    "MaxConcurrency",
    "SlotsTaken",
    "StartsToday",
    "Circuit",
    "Rate",
    "WaitingTenants",
    "TenantWaitSeconds",
];

/// One number per thing worth an alarm or a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Messages received.
    pub received: u32,
    /// Executions started.
    pub started: u32,
    /// Starts that found their execution started by an earlier call.
    pub already_started: u32,
    /// Messages whose attempt the ledger owned already: duplicates.
    pub stale: u32,
    /// Stale messages of an object with another etag: two uploads with one identity, of which S3's
    /// own are never.
    pub lookalikes: u32,
    /// Versions passed over because a newer one of their object was taken.
    pub superseded: u32,
    /// Versions that now wait for another execution of their object to end.
    pub waiting: u32,
    /// Events that now wait for their tenant, whose bound was reached.
    pub deferred: u32,
    /// Tenants of which events wait when the tick ended. Absent without `tenants`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_tenants: Option<u32>,
    /// Time since which some tenant has had events that wait, without a break. Absent without
    /// `tenants`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_wait_seconds: Option<u64>,
    /// Executions of several object events.
    pub batches: u32,
    /// Messages and records that were not understood, now in the dead-letter queue.
    pub malformed: u32,
    /// `s3:TestEvent` messages.
    pub test_events: u32,
    /// Events of S3 that create no object, dropped.
    pub other_kinds: u32,
    /// Uploads of folder markers, dropped because their source does not want them.
    pub folder_markers: u32,
    /// Messages of several records, sent on as one message each.
    pub split: u32,
    /// Messages not claimed and left in the queue.
    pub handed_back: u32,
    /// Starts that Step Functions throttled. The tick makes them again as the rate allows.
    pub throttled: u32,
    /// Starts refused for good, reported as outcomes.
    pub refused: u32,
    /// Starts without a clear answer. The tick makes them again.
    pub unclear: u32,
    /// Slots whose start an earlier tick left open.
    pub restarted: u32,
    /// Slots whose execution was described.
    pub swept: u32,
    /// Executions that could not be described, above all because DescribeExecution was throttled:
    /// described later.
    pub not_described: u32,
    /// Outcomes that never came and were found by the sweep.
    pub outcomes_found: u32,
    /// Slots that were taken and never used.
    pub freed: u32,
    /// Slots that are older than the workflow's timeout allows: look at their executions.
    pub overdue: u32,
    /// Slots too old to be started safely: look at them.
    pub parked: u32,
    /// Items of the ledger that this release cannot read.
    pub unreadable: u32,
    /// 1 when another tick held the lease.
    pub lease_busy: u32,
    /// 1 when a pause was in force, an operator's or a window's.
    pub paused: u32,
    /// 1 when the day's starts are used up.
    pub day_limit_reached: u32,
    /// Starts of the UTC day so far. Absent without a limit for the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_today: Option<u32>,
    /// The worst that the circuit was in: 0 closed, 1 slowed, 2 open. Absent without `pace.adapt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuit: Option<u32>,
    /// Starts per second that the circuit allowed when the tick ended; 0 while it is open. Absent
    /// without `pace.adapt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Executions started to ask whether the target takes any again.
    pub probes: u32,
    /// 1 when messages waited, no slot was free for them, and nothing started.
    pub saturated: u32,
    /// Slots taken when the tick ended: running executions. Absent when the tick did not come to
    /// count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots_taken: Option<u32>,
    /// The limit in force. Absent like the slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// How long the tick took.
    pub duration_milliseconds: u64,
    /// Age of the oldest slot when the tick began.
    pub oldest_slot_seconds: u64,
    /// Age of an operator's overrides, by the control item's `since`; without a time there it
    /// counts as a year.
    pub override_seconds: u64,
    /// Messages that could be received from the events queues of all lanes when the tick ended,
    /// about.
    pub backlog: u64,
    /// Messages of the events queues that were delayed or hidden then, about.
    pub backlog_hidden: u64,
    /// Messages that could be received from the outcomes queue when the tick ended, about.
    pub outcomes_backlog: u64,
    /// Seconds until the backlog has drained at the rate of this tick; if nothing moved, at one
    /// message a tick.
    pub drain_seconds: u64,
    /// 1 when messages waited, slots were free, nothing said to wait, and nothing started.
    pub stands_still: u32,
    /// Messages in all dead-letter and failure queues when the tick ended, about: the sum of the
    /// next five.
    pub dead_letters: u64,
    /// Messages in the dead-letter queues of the events queues, of all lanes.
    pub events_dead_letters: u64,
    /// Messages in the dead-letter queue of the outcomes queue.
    pub outcomes_dead_letters: u64,
    /// Invocations in the queue of ingest's failures.
    pub ingest_failures: u64,
    /// Messages in the queues of events that rules and topics could not deliver, of all lanes.
    pub rules_failures: u64,
    /// Reconcile runs that could not be started, in their queue.
    pub reconcile_failures: u64,
    /// Findings that only a person can settle: `Parked` and `Unreadable`.
    pub needs_person: u32,
    /// Queues whose size could not be read.
    pub queues_unread: u32,
}

/// Numbers that are reported value by value, so that CloudWatch has percentiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Values {
    /// From S3's event to the start of its execution, of first attempts; of several events the
    /// oldest counts.
    pub event_to_start_milliseconds: Vec<u64>,
}

impl Values {
    pub(crate) fn told(&mut self, fact: &Fact, now: Millis) {
        let Fact::Started {
            event_time: Some(event_time),
            ..
        } = fact
        else {
            return;
        };
        let took = u64::try_from(now - event_time).unwrap_or_default();
        self.event_to_start_milliseconds.push(took);
    }
}

impl Counts {
    pub(crate) fn leave_out(&mut self, records: &LeftOut) {
        self.test_events += records.test_events;
        self.other_kinds += records.other_kinds;
        self.folder_markers += records.folder_markers;
    }
}
