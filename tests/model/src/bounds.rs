//! The bounds within which a model is explored.

use spillway::rules::order::Order;

/// The bounds within which a model is explored.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub order: Order,
    /// Object events, at most three; two when they are processed in batches.
    pub events: u8,
    pub batches: bool,
    pub max_concurrency: u32,
    pub max_attempts: u32,
    /// Crashes, repeated messages, lost and repeated outcomes, throttled starts and old answers,
    /// taken together.
    pub faults: u8,
    /// Dead letters that are redriven.
    pub redrives: u8,
    /// Event 1 also comes by ingest, which writes its row at any time before it is claimed.
    pub ingest: bool,
    /// The first event has run, its end is told, and with an order its head says that others can
    /// wait. One tick goes on until all is done: only the events that wait are left to explore.
    pub ended: bool,
    /// Messages that one tick handles at once: one or two.
    pub tasks: usize,
    /// Messages that come again, beside the faults.
    pub repeats: u8,
    /// How often the lease ends while its holder still runs, beside the faults: there are two ticks
    /// then. The limit rests on the lease, so it is not asked for.
    pub lease_ends: u8,
    /// How often a tick can renew its lease no more, beside the faults. It is granted nothing from
    /// then on, and the lease ends when all under way has ended. There are two ticks then, and the
    /// limit holds.
    pub runs_out: u8,
    /// How often the number of partitions changes that slots are put in.
    pub changes: u8,
    /// Executions of one tenant that run at once; `None`: tenants are not bounded. The first two
    /// events are of one tenant, the third one is of another.
    pub tenants: Option<u32>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            order: Order::None,
            events: 2,
            batches: false,
            max_concurrency: 2,
            max_attempts: 1,
            faults: 1,
            redrives: 0,
            ingest: false,
            ended: false,
            tasks: 1,
            repeats: 0,
            lease_ends: 0,
            runs_out: 0,
            changes: 0,
            tenants: None,
        }
    }
}
