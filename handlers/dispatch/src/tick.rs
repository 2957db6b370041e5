//! One tick: take the lease, look after old slots, release what may start, give the lease back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::clock::Clock;
use aws::error::AwsError;
use aws::ledger::{Lease, LeaseRequest, Released, Taken};
use spillway::Millis;
use spillway::lane::share::Shares;
use spillway::pace::gate::{Begun, Gate};
use spillway::pace::in_force::InForce;
use spillway::pace::overridden::Overridden;
use spillway::pace::permit::SharedGate;
use spillway::protocol::locks::Locks;
use spillway::protocol::tick::{Phase, Tick};
use spillway::record::lease::Left;
use spillway::record::slot::Slot;
use tokio::sync::OnceCell;
use tracing::{error, info};

use crate::Dispatch;
use crate::counts::Counts;
use crate::error::TickError;
use crate::failures::Failures;
use crate::shared::{Reservation, Shared, State};

/// The lease outlives the invocation by this much, for clocks that differ and for a last write under way.
const LEASE_MARGIN: Millis = 5_000;
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
#[derive(Debug, Default)]
pub struct Ended {
    pub counts: Counts,
    /// The first thing that went wrong; what was done before it stands.
    pub failure: Option<TickError>,
}

impl Ended {
    fn failed(failure: impl Into<TickError>) -> Self {
        Self {
            failure: Some(failure.into()),
            ..Self::default()
        }
    }
}

/// The times of a tick.
struct Times {
    stop_at: Millis,
    /// The sweep leaves at least half of the tick to the backlog.
    sweep_until: Millis,
}

impl Dispatch {
    /// Runs one tick.
    pub async fn tick(self: &Arc<Self>, invocation: Invocation) -> Ended {
        let began = invocation.clock.now();
        let mut ended = match self.take_lease(&invocation).await {
            Ok(Some(lease)) => self.under_lease(&invocation, lease, began).await,
            Ok(None) => {
                info!("another tick holds the lease");
                let mut busy = Ended::default();
                busy.counts.lease_busy = 1;
                busy
            }
            Err(failure) => Ended::failed(failure),
        };
        let duration = invocation.clock.now() - began;
        ended.counts.duration_milliseconds = u64::try_from(duration).unwrap_or_default();
        ended
    }

    async fn take_lease(&self, invocation: &Invocation) -> Result<Option<Lease>, AwsError> {
        let patience = invocation.clock.now() + LEASE_PATIENCE;
        loop {
            let now = invocation.clock.now();
            let request = LeaseRequest {
                holder: invocation.token.clone(),
                now,
                expires_at: invocation.deadline + LEASE_MARGIN,
            };
            match self.shell.ledger.take_lease(request).await? {
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
        let (shared, slots) = match self.prepare(invocation, lease.clone()).await {
            Ok(prepared) => prepared,
            // Nothing was started: the lease goes back as it was found.
            Err(failure) => {
                return self.release(&lease, &left, Ended::failed(failure)).await;
            }
        };
        left.cursor = self.phases(&shared, slots, invocation, began).await;
        let keeps_lease = shared.leaves(&mut left);
        let ended = shared.ended();
        if keeps_lease {
            return ended;
        }
        self.release(&lease, &left, ended).await
    }

    async fn release(&self, lease: &Lease, left: &Left, mut ended: Ended) -> Ended {
        match self.shell.ledger.release_lease(lease, left).await {
            Ok(Released::Now) => {}
            Ok(Released::Lost) => {
                error!("the lease was lost before it was released: is the function's clock right?");
            }
            Err(failure) => {
                error!("the next tick waits until the lease expires: {failure}");
                ended.failure.get_or_insert(failure.into());
            }
        }
        ended
    }

    /// Reads what the tick rests on: the control item and the slots.
    async fn prepare(
        &self,
        invocation: &Invocation,
        lease: Lease,
    ) -> Result<(Arc<Shared>, Vec<Slot>), TickError> {
        let in_force = self.in_force(invocation.clock).await?;
        let shared = Arc::new(self.share(invocation, lease, &in_force));
        let slots = shared.count_slots().await?;
        Ok((shared, slots))
    }

    fn share(&self, invocation: &Invocation, lease: Lease, in_force: &InForce<'_>) -> Shared {
        let (pace, left, now) = (&in_force.pace, &lease.left, invocation.clock.now());
        let begun = Begun {
            tokens: left.tokens,
            budget: left.starts_left(invocation.tick.as_deref(), pace.starts_per_tick),
            starts_per_day: self.config.starts_per_day,
            day: left.day.as_ref(),
            tick_seconds: self.config.tick.as_secs_f64(),
        };
        let (gate, day) = Gate::begin(pace, &begun, now, invocation.deadline + LEASE_MARGIN);
        let owed = left.owed.iter().copied().chain(std::iter::repeat(0.0));
        let shares = self.config.lanes.iter().map(|lane| lane.min_share);
        let mut state = State {
            tick: Tick::new(left.suspect_since),
            shares: Shares::new(shares.zip(owed)),
            counts: Counts::default(),
            failures: Failures::default(),
            slot_put: Millis::MIN,
            control_read: now,
            window: None,
            overridden: Overridden::default(),
            locks: Locks::default(),
        };
        if state.put_in_force(in_force) {
            state.tick.pause();
        }
        Shared {
            shell: self.shell.at(invocation.clock),
            state_machine_arn: self.config.state_machine_arn.clone(),
            gate: SharedGate::new(gate),
            reservation: Reservation {
                lease,
                scheduled: invocation.tick.clone(),
                day,
                written: OnceCell::new(),
            },
            state: Mutex::new(state),
        }
    }

    fn times(&self, shared: &Shared, invocation: &Invocation, began: Millis) -> Times {
        let tick_ms = Millis::try_from(self.config.tick.as_millis()).unwrap_or(Millis::MAX);
        let last = invocation.deadline - DEADLINE_MARGIN;
        // A tick can be over for another reason: it waited longer for the lease than the schedule's period.
        if last <= began {
            let time = invocation.deadline - began;
            shared.state().fail(TickError::Deadline(time));
        }
        let stop_at = (began + tick_ms).min(last);
        Times {
            stop_at,
            sweep_until: began + (stop_at - began) / 2,
        }
    }

    /// Goes through the phases of a tick whose slots are counted. Returns the sweep's cursor.
    async fn phases(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        slots: Vec<Slot>,
        invocation: &Invocation,
        began: Millis,
    ) -> Option<String> {
        let times = self.times(shared, invocation, began);
        let taken = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        let (open, others) = shared.state().tick.open(slots, shared.now());
        let (mut open, mut cursor) = (Some(open), shared.reservation.lease.left.cursor.clone());
        loop {
            let phase = shared.state().tick.go_on();
            match phase {
                Phase::Restart => {
                    let open = open.take().unwrap_or_default();
                    self.restart(shared, open, taken, times.stop_at).await;
                }
                Phase::Sweep => {
                    cursor = self.sweep(shared, &others, cursor, times.sweep_until).await;
                }
                Phase::Drain => self.drain(shared, times.stop_at, invocation.deadline).await,
                Phase::Count | Phase::Release => return cursor,
            }
        }
    }
}

impl Shared {
    /// Reads every slot and tells the gate how many there are.
    async fn count_slots(&self) -> Result<Vec<Slot>, AwsError> {
        self.gate.lock().capacity.count_begins();
        let read = self.shell.ledger.slots().await?;
        let taken = u32::try_from(read.len()).unwrap_or(u32::MAX);
        self.gate.lock().capacity.count_ends(taken);
        let mut state = self.state();
        state.counts.slots_taken = Some(taken);
        let mut slots = Vec::with_capacity(read.len());
        for slot in read {
            match slot {
                Ok(slot) => slots.push(slot),
                Err(problem) => {
                    error!("{problem}");
                    state.counts.unreadable += 1;
                }
            }
        }
        Ok(slots)
    }

    fn ended(&self) -> Ended {
        let mut state = self.state();
        Ended {
            counts: state.counts.clone(),
            failure: state.failures.first.take(),
        }
    }

    /// Writes down what the lease is to say. `true`: it is left to expire instead.
    fn leaves(&self, left: &mut Left) -> bool {
        let now = self.now();
        let mut gate = self.gate.lock();
        let mut state = self.state();
        if let Some(day) = gate.day() {
            left.day = Some(day.carry(now));
            let starts = day.starts();
            state.counts.starts_today = Some(starts);
            if let Some(resumes) = day.resumes() {
                state.counts.day_limit_reached = 1;
                info!(
                    "the day's starts are used up ({starts}): starts go on at {resumes}T00:00:00Z"
                );
            }
        }
        left.suspect_since = state.tick.suspect_since();
        left.tokens = Some(gate.tokens.carry());
        left.tick_starts = left.tick_starts.saturating_add(gate.spent());
        left.owed = state.shares.owed().collect();
        state.tick.keeps_lease()
    }
}
