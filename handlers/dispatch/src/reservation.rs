//! What a tick writes into the lease before it starts anything.

use aws::ledger::Lease;
use spillway::pace::day::DayStarts;
use tokio::sync::OnceCell;

/// The worst case of a tick, to be written once.
#[derive(Debug)]
pub struct Reservation {
    pub lease: Lease,
    /// The schedule's time.
    pub tick: Option<String>,
    /// What the tick may start at most on its day, if there is a limit.
    pub day: Option<DayStarts>,
    pub written: OnceCell<()>,
}
