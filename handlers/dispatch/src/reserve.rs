//! The worst case of a tick, written into the lease before it starts anything: a tick that finds nothing to do writes none.

use spillway::aws::error::HandlerError;
use spillway::aws::ledger::Lease;
use spillway::day::DayStarts;
use tokio::sync::OnceCell;

use crate::Dispatch;
use crate::shared::Shared;

/// What is to be written, once.
#[derive(Debug)]
pub struct Reservation {
    pub lease: Lease,
    /// The schedule's time.
    pub tick: Option<String>,
    /// What the tick may start at most on its day, if there is a limit.
    pub day: Option<DayStarts>,
    pub written: OnceCell<()>,
}

impl Dispatch {
    /// Goes before every slot that is taken and every start.
    pub(crate) async fn reserve(&self, shared: &Shared) -> Result<(), HandlerError> {
        let Some(reservation) = shared.reservation.get() else {
            return Ok(());
        };
        let Reservation {
            lease, tick, day, ..
        } = reservation;
        let write = || self.ledger.reserve(lease, tick.as_deref(), day.as_ref());
        reservation.written.get_or_try_init(write).await.copied()
    }
}
