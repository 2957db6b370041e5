//! One tick: take the lease, look after old slots, release what may start, give the lease back.

use std::sync::Arc;
use std::time::Duration;

use aws::clock::Clock;
use aws::error::HandlerError;
use aws::ledger::{Lease, LeaseRequest, Released, Taken};
use spillway::Millis;
use spillway::lane::share::Shares;
use spillway::pace::gate::Gate;
use spillway::pace::tokens::Tokens;
use spillway::record::slot::Slot;
use spillway::rules::sweep::is_open;
use tokio::sync::OnceCell;
use tracing::{error, info};

use crate::Dispatch;
use crate::counts::Counts;
use crate::reservation::Reservation;
use crate::shared::Shared;

/// The lease outlives the invocation by this much, for clocks that differ and for a last write under way.
pub(crate) const LEASE_MARGIN: Millis = 5_000;
/// Receiving ends this long before Lambda's deadline, so that everything under way can end.
const DEADLINE_MARGIN: Millis = 15_000;
/// How long a busy lease is waited for: the schedule's jitter, not a whole tick.
const LEASE_PATIENCE: Millis = 4_000;

/// How a tick was invoked.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// A random token, unlike that of any other invocation.
    pub token: String,
    pub clock: Clock,
    /// When Lambda ends the function.
    pub deadline: Millis,
    /// The schedule's time, the same for both when one schedule fires twice; `None` by hand.
    pub tick: Option<String>,
}

/// How a tick went.
#[derive(Debug)]
pub struct Ended {
    pub counts: Counts,
    /// The first thing that went wrong; what was done before it stands.
    pub failure: Option<HandlerError>,
}

/// What a tick works with.
struct Work {
    shared: Arc<Shared>,
    slots: Vec<Slot>,
    paused: bool,
}

impl Dispatch {
    /// Runs one tick.
    pub async fn tick(self: &Arc<Self>, invocation: Invocation) -> Ended {
        let began = invocation.clock.now();
        let mut ended = match self.take_lease(&invocation).await {
            Ok(Some(lease)) => self.under_lease(&invocation, lease, began).await,
            Ok(None) => {
                info!("another tick holds the lease");
                Ended {
                    counts: Counts {
                        lease_busy: 1,
                        ..Counts::default()
                    },
                    failure: None,
                }
            }
            Err(failure) => Ended {
                counts: Counts::default(),
                failure: Some(failure),
            },
        };
        let duration = invocation.clock.now() - began;
        ended.counts.duration_milliseconds = u64::try_from(duration).unwrap_or_default();
        ended
    }

    async fn take_lease(&self, invocation: &Invocation) -> Result<Option<Lease>, HandlerError> {
        let patience = invocation.clock.now() + LEASE_PATIENCE;
        loop {
            let now = invocation.clock.now();
            let request = LeaseRequest {
                holder: invocation.token.clone(),
                now,
                expires_at: invocation.deadline + LEASE_MARGIN,
            };
            match self.ledger.take_lease(request).await? {
                Taken::Mine(lease) => return Ok(Some(lease)),
                Taken::Busy if now >= patience => return Ok(None),
                Taken::Busy => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    /// Works, and gives the lease back with what is true then.
    async fn under_lease(
        self: &Arc<Self>,
        invocation: &Invocation,
        lease: Lease,
        began: Millis,
    ) -> Ended {
        let mut left = lease.left.clone();
        left.tick_starts = left.starts_before(invocation.tick.as_deref());

        let (mut ended, keep_lease) = match self.prepare(invocation, &lease).await {
            Ok(work) => {
                left.cursor = self.work(&work, &lease, invocation, began).await;
                let now = work.shared.now();
                let mut state = work.shared.state();
                left.day = state.end_day(now).or(left.day);
                left.suspect_since = state.suspect_since;
                left.tokens = Some(state.gate.tokens.carry());
                left.tick_starts = left.tick_starts.saturating_add(state.gate.spent());
                left.owed = state.shares.owed().collect();
                let ended = Ended {
                    counts: state.counts.clone(),
                    failure: state.failure.take(),
                };
                (ended, state.keep_lease)
            }
            // Nothing was started: the lease goes back as it was found.
            Err(failure) => {
                let ended = Ended {
                    counts: Counts::default(),
                    failure: Some(failure),
                };
                (ended, false)
            }
        };
        if keep_lease {
            return ended;
        }
        match self.ledger.release_lease(&lease, &left).await {
            Ok(Released::Now) => {}
            Ok(Released::Lost) => {
                error!("the lease was lost before it was released: is the function's clock right?");
            }
            Err(failure) => {
                error!("the next tick waits until the lease expires: {failure}");
                ended.failure.get_or_insert(failure);
            }
        }
        ended
    }

    /// Reads what the tick rests on: the control item and the slots.
    async fn prepare(&self, invocation: &Invocation, lease: &Lease) -> Result<Work, HandlerError> {
        let clock = invocation.clock;
        let in_force = self.in_force(clock).await?;
        let pace = &in_force.pace;
        let carried = lease.left.tokens;
        let tokens = Tokens::new(pace.starts_per_second, pace.burst, carried, clock.now());
        let budget = lease
            .left
            .starts_left(invocation.tick.as_deref(), pace.starts_per_tick);
        let owed = lease
            .left
            .owed
            .iter()
            .copied()
            .chain(std::iter::repeat(0.0));
        let shares = Shares::new(
            self.config
                .lanes
                .iter()
                .map(|lane| lane.min_share)
                .zip(owed),
        );
        let gate = Gate::new(pace, tokens, budget);
        let shared = Arc::new(Shared::new(clock, gate, shares));
        let paused = shared.put_in_force(&in_force);
        let slots = self.count_slots(&shared).await?;
        let _ = shared.reservation.set(Reservation {
            lease: lease.clone(),
            tick: invocation.tick.clone(),
            day: self.begin_day(&shared, lease, invocation),
            written: OnceCell::new(),
        });
        Ok(Work {
            shared,
            slots,
            paused,
        })
    }

    /// Looks after slots that earlier ticks left, then releases events. Returns the sweep's cursor.
    async fn work(
        self: &Arc<Self>,
        work: &Work,
        lease: &Lease,
        invocation: &Invocation,
        began: Millis,
    ) -> Option<String> {
        let Work {
            shared,
            slots,
            paused,
        } = work;
        let suspect_since = lease.left.suspect_since;
        shared.change(|state| {
            state.after_suspects = suspect_since.is_some();
            state.listed = lease.left.listed;
        });
        let cursor = lease.left.cursor.clone();
        let tick_ms = Millis::try_from(self.config.tick.as_millis()).unwrap_or(Millis::MAX);
        let stop_at = (began + tick_ms).min(invocation.deadline - DEADLINE_MARGIN);
        // A tick may be over for another reason: it waited longer for the lease than the schedule's period.
        if invocation.deadline - DEADLINE_MARGIN <= began {
            shared.fail(HandlerError::Deadline(invocation.deadline - began));
        }
        // The sweep leaves at least half of the tick to what waits.
        let sweep_until = began + (stop_at - began) / 2;
        if *paused {
            // Suspects stay suspect until a tick may start them.
            shared.state().suspect_since = suspect_since;
            return self.sweep(shared, slots, cursor, true, sweep_until).await;
        }
        self.restart(shared, slots, suspect_since, stop_at).await;
        // What is open was just looked after.
        let now = shared.now();
        let others: Vec<Slot> = slots
            .iter()
            .filter(|slot| !is_open(slot, suspect_since, now))
            .cloned()
            .collect();
        let cursor = self
            .sweep(shared, &others, cursor, false, sweep_until)
            .await;
        if !shared.is_stopping() {
            self.drain(shared, stop_at, invocation.deadline, lease.held_since)
                .await;
        }
        cursor
    }

    /// Reads every slot and tells the gate how many there are.
    async fn count_slots(&self, shared: &Shared) -> Result<Vec<Slot>, HandlerError> {
        shared.state().gate.capacity.count_begins();
        let read = self.ledger.slots().await?;
        let taken = u32::try_from(read.len()).unwrap_or(u32::MAX);
        shared.change(|state| {
            state.gate.capacity.count_ends(taken);
            state.counts.slots_taken = Some(taken);
        });
        let mut slots = Vec::with_capacity(read.len());
        for slot in read {
            match slot {
                Ok(slot) => slots.push(slot),
                Err(problem) => {
                    error!("{problem}");
                    shared.count(|counts| counts.unreadable += 1);
                }
            }
        }
        Ok(slots)
    }
}
