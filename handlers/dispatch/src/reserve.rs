//! The worst case of a tick, written into the lease before it starts anything: a tick that finds nothing to do writes none.

use aws::error::HandlerError;

use crate::Dispatch;
use crate::reservation::Reservation;
use crate::shared::Shared;

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
