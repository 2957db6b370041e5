//! One tick: take the lease, look after old slots, start events, give the lease back.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws::clock::Clock;
use aws::error::AwsError;
use aws::ledger::{Found, Lease, LeaseRequest, Released, Taken};
use aws::shell::patiently;
use futures_util::future::join;
use spillway::Millis;
use spillway::lane::share::Shares;
use spillway::pace::adapt::circuit::{Allowed, Circuit};
use spillway::pace::gate::{Counted, Standing};
use spillway::pace::in_force::InForce;
use spillway::pace::overridden::Overridden;
use spillway::pace::permit::SharedGate;
use spillway::pace::tenants::ByTenant;
use spillway::protocol::holding::Holding;
use spillway::protocol::kept::KeptStarts;
use spillway::protocol::locks::Locks;
use spillway::protocol::outstanding::Outstanding;
use spillway::protocol::tick::{Phase, Tick, Times};
use spillway::protocol::unclaimed::Unclaimed;
use spillway::record::layouts::{Layouts, Said};
use spillway::record::lease::{Begins, Lap, Left, Successor};
use spillway::record::row::key_of;
use spillway::record::slot::Slot;
use tokio::sync::OnceCell;
use tracing::{error, info, warn};

use crate::Dispatch;
use crate::config::Config;
use crate::counts::{Counts, Values};
use crate::error::{Failures, TickError};
use crate::shared::{Reservation, Shared, State};

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
    pub values: Values,
    /// How the lanes stood by their own bounds when it ended, by priority.
    pub lanes: Vec<Standing>,
    /// The first error; all work before it stands.
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

impl Dispatch {
    /// Runs one tick.
    pub async fn tick(self: &Arc<Self>, invocation: Invocation) -> Ended {
        let began = invocation.clock.now();
        let Config { tick, idle, .. } = self.config;
        let times = Times::new(began, invocation.deadline, tick, idle);
        let mut ended = match self.take_lease(&invocation, &times).await {
            Ok(Some((lease, holding))) => {
                let times = times.with_lease(invocation.clock.now());
                self.under_lease(&invocation, lease, holding, &times).await
            }
            Ok(None) => {
                info!("another tick holds the lease");
                let mut busy = Ended::default();
                busy.counts.lease_busy = 1;
                busy
            }
            Err(failure) => Ended::failed(failure),
        };
        self.look_around(&mut ended, &invocation, began).await;
        let duration = invocation.clock.now() - began;
        ended.counts.duration_milliseconds = u64::try_from(duration).unwrap_or_default();
        ended
    }

    async fn take_lease(
        &self,
        invocation: &Invocation,
        times: &Times,
    ) -> Result<Option<(Lease, Holding)>, AwsError> {
        let idle = self.config.idle;
        let mut announced = None;
        loop {
            let now = invocation.clock.now();
            let holding = Holding::new(now, invocation.deadline);
            let request = LeaseRequest {
                holder: invocation.token.clone(),
                now,
                expires_at: holding.until(),
            };
            match self.shell.ledger.take_lease(request).await {
                Ok(Taken::Mine(lease)) => return Ok(Some((*lease, holding))),
                Ok(Taken::Busy) if now >= times.lease_by => return Ok(None),
                Err(problem) if !problem.passes() || now >= times.lease_by => return Err(problem),
                Ok(Taken::Busy) if idle.announces(announced, now) => {
                    let successor = Successor {
                        holder: invocation.token.clone(),
                        announced_at: now,
                    };
                    match self.shell.ledger.announce(&successor).await {
                        Ok(()) => announced = Some(now),
                        Err(problem) => warn!("{problem}"),
                    }
                }
                Ok(Taken::Busy) | Err(_) => {}
            }
            let pause = idle.ask_again_after().unsigned_abs();
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Works, and gives the lease back with the true numbers.
    async fn under_lease(
        self: &Arc<Self>,
        invocation: &Invocation,
        lease: Lease,
        holding: Holding,
        times: &Times,
    ) -> Ended {
        let mut left = lease.left.clone();
        left.tick_starts = left.starts_before(invocation.tick.as_deref());
        // The record of layouts in the lease stays.
        left.layouts = Said::Nothing;
        let (shared, slots) = match self
            .prepare(invocation, lease.clone(), holding, times)
            .await
        {
            Ok(prepared) => prepared,
            // Nothing was started: the lease goes back as it was found.
            Err(failure) => {
                let ended = Ended::failed(failure);
                return self
                    .release(invocation.clock, times, &lease, &left, ended)
                    .await;
            }
        };
        let renewing = shared.renewing();
        left.lap = self.phases(&shared, slots).await;
        drop(renewing);
        match shared.leaves(&mut left) {
            (ended, true) => ended,
            (ended, false) => {
                self.release(shared.shell.clock, times, &lease, &left, ended)
                    .await
            }
        }
    }

    async fn release(
        &self,
        clock: Clock,
        times: &Times,
        lease: &Lease,
        left: &Left,
        mut ended: Ended,
    ) -> Ended {
        let release = || self.shell.ledger.release_lease(lease, left);
        match patiently(clock, times.deadline, release).await {
            Ok(Released::Now) => {}
            Ok(Released::Lost) => {
                error!(
                    "another tick took the lease before it was released: run spillway status, which names its holder"
                );
            }
            Err(failure) => {
                error!(
                    "the lease could not be released, and the next tick waits until it expires: {failure}"
                );
                ended.failure.get_or_insert(failure.into());
            }
        }
        ended
    }

    /// Reads the basis of the tick: the control item and the slots.
    async fn prepare(
        &self,
        invocation: &Invocation,
        lease: Lease,
        holding: Holding,
        times: &Times,
    ) -> Result<(Arc<Shared>, Vec<Slot>), TickError> {
        let end_by = holding.calls_until();
        let (in_force, told) = self.in_force(invocation.clock, end_by).await?;
        let shared = Arc::new(self.share(invocation, lease, holding, &in_force, times));
        self.look_at_health(&shared, &in_force.pace, &told.health)
            .await;
        if !times.are_enough() {
            let time = times.deadline - times.began;
            shared.state().fail(TickError::Deadline(time));
        }
        shared.change_layouts().await?;
        shared.read_tenant_queues().await?;
        let slots = shared.count_slots().await?;
        self.tell_overdue(&shared, &slots);
        Ok((shared, slots))
    }

    fn share(
        &self,
        invocation: &Invocation,
        lease: Lease,
        holding: Holding,
        in_force: &InForce<'_>,
        times: &Times,
    ) -> Shared {
        let (left, now) = (&lease.left, invocation.clock.now());
        let layouts = Layouts::begin(left.layouts, self.config.pace.layout, now);
        let adapt = self.config.adapt.as_ref();
        let circuit = adapt.map(|_| left.circuit.unwrap_or_else(|| Circuit::new(now)));
        let allowed = circuit.map_or(Allowed::Everything, |it| it.allowed(in_force.circuit));
        let mut gate = left.begin(&Begins {
            now,
            until: holding.until(),
            scheduled: invocation.tick.as_deref(),
            pace: &layouts.slowed(&in_force.pace, layouts.have_landed(now)),
            starts_per_day: self.config.starts_per_day,
            allowed,
        });
        gate.set_bounds(&in_force.lanes);
        if let Some(tenants) = &self.config.tenants {
            gate.bound_tenants(tenants.max_concurrency);
        }
        gate.grant_until(holding.grants_until());
        let owed = left.owed.iter().copied().chain(std::iter::repeat(0.0));
        let shares = self.config.pipeline.lanes.iter().map(|lane| lane.min_share);
        let mut state = State {
            layouts,
            tick: Tick::new(left.suspect_since, now),
            holding,
            shares: Shares::new(shares.zip(owed)),
            counts: Counts::default(),
            values: Values::default(),
            failures: Failures::default(),
            outstanding: Outstanding::new(now),
            ledger_took_at: None,
            control_read: now,
            window: None,
            overridden: Overridden::default(),
            circuit,
            hold: None,
            locks: Locks::new(left.listed),
            kept: KeptStarts::new(times.join_by),
            unclaimed: Unclaimed::default(),
            tenants: None,
        };
        if state.put_in_force(in_force, now) {
            state.tick.pause();
        }
        Shared {
            shell: self.shell.at(invocation.clock),
            state_machine_arn: self.config.state_machine_arn.clone(),
            gate: SharedGate::new(gate),
            reservation: Reservation {
                lease,
                scheduled: invocation.tick.clone(),
                written: OnceCell::new(),
            },
            times: *times,
            old_slots: OnceLock::new(),
            state: Mutex::new(state),
        }
    }

    /// Goes through the phases of a tick whose slots are counted. Returns the lap as the next tick
    /// goes on with it.
    async fn phases(self: &Arc<Self>, shared: &Arc<Shared>, slots: Vec<Slot>) -> Lap {
        let (open, others) = shared.state().tick.open(slots, shared.now());
        let (mut open, mut others) = (Some(open), Some(others));
        let mut lap = shared.reservation.lease.left.lap.clone();
        loop {
            let phase = shared.state().tick.go_on();
            match phase {
                Phase::Open => {
                    let open = open.take().unwrap_or_default();
                    let until = shared.times.open_until;
                    self.open(shared, open, until).await;
                }
                Phase::Sweep => {
                    let others = others.take().unwrap_or_default();
                    lap = self.sweep(shared, others, &lap).await;
                }
                Phase::Drain => {
                    let others = others.take().unwrap_or_default();
                    let sweep = self.sweep(shared, others, &lap);
                    (lap, ()) = join(sweep, self.drain(shared)).await;
                    // The sweep can have come upon starts when the events were done.
                    if shared.has_kept() {
                        self.drain(shared).await;
                    }
                }
                Phase::Count | Phase::Release => {
                    self.leave_kept(shared).await;
                    return lap;
                }
            }
        }
    }
}

fn execution(slot: &Found) -> String {
    match slot {
        Ok(slot) => slot.execution.clone(),
        Err(unreadable) => unreadable.execution.clone(),
    }
}

fn lane(slot: &Found) -> Option<&str> {
    match slot {
        Ok(slot) => slot.lane.as_deref(),
        Err(unreadable) => unreadable.lane.as_deref(),
    }
}

impl Shared {
    /// Returns the tenant of a slot's object, if tenants are bounded.
    fn tenant(&self, slot: &Found) -> Option<String> {
        let bound = self.shell.pipeline.tenants.as_ref()?;
        let pk = match slot {
            Ok(slot) => slot.row().map(|row| row.pk.as_str()),
            Err(unreadable) => unreadable.row_pk.as_deref(),
        };
        bound.by.tenant_of(key_of(pk?)?)
    }

    /// Writes the layout in which slots are put now into the lease, if it has changed. Reconcile
    /// puts slots by it from then on. A minute later nothing lands in the layout before it.
    async fn change_layouts(&self) -> Result<(), AwsError> {
        let (lease, wanted) = (&self.reservation.lease, self.state().layouts.current);
        let said = lease.left.layouts;
        if !self.state().layouts.change(said) {
            return Ok(());
        }
        let write = || {
            // The minute begins with the write that is made, not with one that failed.
            let layouts = Layouts::begin(said, wanted, self.now());
            self.state().layouts = layouts;
            self.shell.ledger.change_layouts(lease, layouts)
        };
        patiently(self.shell.clock, self.end_by(), write).await?;
        let partitions = wanted.partitions();
        info!(
            partitions,
            "slots are put into this number of partitions from now on"
        );
        Ok(())
    }

    /// Reads every slot and tells the gate how many there are. Nothing is put meanwhile: no count
    /// has to begin before that.
    async fn count_slots(&self) -> Result<Vec<Slot>, AwsError> {
        let (layouts, began) = (self.state().layouts, self.now());
        let shards = layouts.shards();
        let slots = || self.shell.ledger.slots(&shards);
        let read = patiently(self.shell.clock, self.end_by(), slots).await?;
        let taken = {
            let mut gate = self.gate.lock();
            for (shard, slots) in shards.iter().zip(&read) {
                let mut tenants = ByTenant::new();
                for tenant in slots.iter().filter_map(|slot| self.tenant(slot)) {
                    *tenants.entry(tenant).or_default() += 1;
                }
                let lanes = slots.iter().map(lane).collect();
                gate.count_ends(*shard, &Counted::Each { lanes, tenants });
            }
            gate.capacity.taken()
        };
        let mut state = self.state();
        state.counts.slots_taken = Some(taken);
        if let Some(old) = layouts.old() {
            let of_old: BTreeSet<String> = shards
                .iter()
                .zip(&read)
                .filter(|(shard, _)| shard.layout() == old)
                .flat_map(|(_, slots)| slots.iter().map(execution))
                .collect();
            state.layouts.counted_old(of_old.len(), began);
            if layouts.have_landed(began) {
                self.old_slots.get_or_init(|| of_old);
            }
        }
        let readable = |slot: Found| {
            let unreadable = slot.as_ref().err();
            unreadable.inspect(|it| error!("{}", it.problem));
            state.counts.unreadable += u32::from(unreadable.is_some());
            slot.ok()
        };
        Ok(read.into_iter().flatten().filter_map(readable).collect())
    }

    /// Writes the tick's numbers into the record for the lease. Returns how the tick went, and
    /// whether the lease is left to expire instead.
    fn leaves(&self, left: &mut Left) -> (Ended, bool) {
        // In this order, as everywhere.
        let mut state = self.state();
        let mut gate = self.gate.lock();
        let suspect_since = state.tick.suspect_since();
        left.end(&mut gate, &state.shares, suspect_since, self.now());
        left.layouts = Said::Layouts(state.layouts);
        left.circuit = state.circuit;
        state.count_tenants(self.now());
        let lanes = 0..self.shell.lanes.len();
        let lanes = lanes.map(|lane| gate.standing(lane)).collect();
        state.counts.rate = state.circuit.map(|_| gate.rate());
        if let Some(day) = gate.day() {
            let starts = day.starts();
            state.counts.starts_today = Some(starts);
            if let Some(resumes) = day.resumes() {
                state.counts.day_limit_reached = 1;
                info!(
                    "the day's starts are used up ({starts}): starts go on at {resumes}T00:00:00Z"
                );
            }
        }
        let ended = Ended {
            counts: state.counts.clone(),
            values: std::mem::take(&mut state.values),
            lanes,
            failure: state.failures.first.take(),
        };
        (ended, state.tick.keeps_lease())
    }
}
