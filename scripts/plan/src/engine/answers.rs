//! The result of a plan.

use spillway::Millis;
use spillway::pace::adapt::circuit::State;

use super::series::Series;
use super::setup::Arrival;

/// The result of a plan.
#[derive(Debug, Clone)]
pub struct Answers {
    /// The first and the last start.
    pub first_start: Option<Millis>,
    pub last_start: Option<Millis>,
    /// When the last execution had ended.
    pub drained: Option<Millis>,
    pub uploads: usize,
    /// Object events that were processed.
    pub succeeded: usize,
    /// Object events whose attempts were used up.
    pub dead: usize,
    /// Of these, by the errors with which executions fail.
    pub dead_by_failure: Vec<usize>,
    /// Versions that a newer one came before.
    pub superseded: usize,
    /// Uploads that were not done when the plan ended.
    pub left: usize,
    pub starts: u64,
    /// Starts that Step Functions refused, the SDK's own repetitions included.
    pub throttled: u64,
    /// The most executions that ran at once, and when.
    pub most_running: (usize, Millis),
    /// The most messages that waited at once, and when.
    pub most_waiting: (usize, Millis),
    /// From upload to the first start, in milliseconds, sorted, by lane.
    pub waits: Vec<Vec<u32>>,
    /// Object events that waited for their tenants, each as often as it did.
    pub deferred: u64,
    pub by_tenant: ByTenant,
    /// Executions that the target refused.
    pub refused: u64,
    /// Attempts that do not count, since the target took no more.
    pub uncounted: u64,
    pub circuit: Changes,
    pub waves: Vec<Wave>,
    pub series: Series,
    pub counted: Counted,
}

/// The changes of the circuit.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Starts in outages, to see whether the target takes some again.
    pub probes: u64,
    /// All changes.
    pub count: u64,
    /// The first of them: when, the state from then on, and its starts a second.
    pub first: Vec<(Millis, State, f64)>,
}

impl Changes {
    /// So many changes are kept.
    const MOST: usize = 1_000;

    /// Takes in a change.
    pub fn changed(&mut self, now: Millis, state: State, rate: f64) {
        self.count += 1;
        if self.first.len() < Self::MOST {
            self.first.push((now, state, rate));
        }
    }
}

/// The run by tenant.
#[derive(Debug, Clone, Default)]
pub struct ByTenant {
    /// The tenant of the most uploads, as [`Arrival::tenant`] has it; `None`: no upload names one.
    pub heaviest: Option<u32>,
    /// Tenants in all.
    pub tenants: usize,
    pub of_heaviest: OfTenants,
    pub of_others: OfTenants,
    /// Of uploads without a tenant.
    pub of_none: OfTenants,
}

/// The run of some tenants.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OfTenants {
    pub last_upload: Option<Millis>,
    /// When the last upload that is done was done.
    pub done: Option<Millis>,
    /// From upload to the first start, in milliseconds, sorted.
    pub waits: Vec<u32>,
}

impl OfTenants {
    /// Returns how long it took from the last upload until the last one was done, in milliseconds.
    pub fn drained_after(&self) -> Option<Millis> {
        Some((self.done? - self.last_upload?).max(0))
    }
}

impl ByTenant {
    /// Begins before any upload has started.
    pub fn of(arrivals: &[Arrival]) -> Self {
        let mut uploads: Vec<u32> = Vec::new();
        for arrival in arrivals {
            let tenant = arrival.tenant as usize;
            if uploads.len() <= tenant {
                uploads.resize(tenant + 1, 0);
            }
            if let Some(of_tenant) = uploads.get_mut(tenant) {
                *of_tenant += 1;
            }
        }
        let tenants = uploads.iter().enumerate().skip(1);
        let tenants = tenants.filter(|(_, uploads)| **uploads > 0);
        // Of two with as many the first.
        let heaviest = tenants.clone().rev().max_by_key(|(_, uploads)| **uploads);
        let mut by_tenant = Self {
            heaviest: heaviest.and_then(|(tenant, _)| u32::try_from(tenant).ok()),
            tenants: tenants.count(),
            ..Self::default()
        };
        for arrival in arrivals {
            let of = by_tenant.of_mut(arrival.tenant);
            of.last_upload = of.last_upload.max(Some(arrival.at));
        }
        by_tenant
    }

    fn of_mut(&mut self, tenant: u32) -> &mut OfTenants {
        match tenant {
            0 => &mut self.of_none,
            tenant if self.heaviest == Some(tenant) => &mut self.of_heaviest,
            _ => &mut self.of_others,
        }
    }

    /// Takes in the wait of an upload, if uploads name tenants.
    pub fn waited(&mut self, tenant: u32, wait: u32) {
        if self.heaviest.is_some() {
            self.of_mut(tenant).waits.push(wait);
        }
    }

    /// Takes in that an upload is done.
    pub fn done(&mut self, tenant: u32, now: Millis) {
        let of = self.of_mut(tenant);
        of.done = of.done.max(Some(now));
    }

    /// Sorts the waits: nothing more starts.
    pub fn ended(&mut self) {
        let all = [
            &mut self.of_heaviest,
            &mut self.of_others,
            &mut self.of_none,
        ];
        all.into_iter().for_each(|of| of.waits.sort_unstable());
    }
}

/// Uploads that belong together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wave {
    pub uploads: u32,
    pub first_upload: Millis,
    pub last_upload: Millis,
    /// Those that are not done.
    pub left: u32,
    /// When the last of them was done.
    pub done: Option<Millis>,
}

impl Wave {
    /// Returns how long it took from its last upload until all of it was done, in milliseconds.
    pub fn drained_after(&self) -> Option<Millis> {
        let done = self.done.filter(|_| self.left == 0)?;
        Some((done - self.last_upload).max(0))
    }
}

/// Calls, units and time that cost money.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counted {
    pub ticks: u64,
    /// Milliseconds that ticks took, those in which they waited for the lease included.
    pub tick_millis: u64,
    pub receives: u64,
    pub deletes: u64,
    /// Counts of slots, beside those with which ticks begin and end.
    pub counts: u64,
    /// Requests that ask how much waits.
    pub sizes: u64,
    /// Messages sent by `settle` and `dispatch`, by their requests.
    pub sends: u64,
    pub executions: u64,
    /// Invocations of `settle`, and the milliseconds that they took.
    pub settles: u64,
    pub settle_millis: u64,
    pub write_units: f64,
    pub read_units: f64,
}

impl Answers {
    /// Begins with nothing done.
    pub fn new(from: Millis, lanes: usize, failures: usize, waves: Vec<Wave>) -> Self {
        let uploads = waves.iter().map(|wave| wave.uploads as usize).sum();
        Self {
            first_start: None,
            last_start: None,
            drained: None,
            uploads,
            succeeded: 0,
            dead: 0,
            dead_by_failure: vec![0; failures],
            superseded: 0,
            left: uploads,
            starts: 0,
            throttled: 0,
            most_running: (0, from),
            most_waiting: (0, from),
            waits: vec![Vec::new(); lanes],
            deferred: 0,
            by_tenant: ByTenant::default(),
            refused: 0,
            uncounted: 0,
            circuit: Changes::default(),
            waves,
            series: Series::new(from),
            counted: Counted::default(),
        }
    }

    /// Sorts the waits: nothing more starts.
    pub fn ended(&mut self) {
        let all = self.waits.iter_mut();
        all.for_each(|waits| waits.sort_unstable());
        self.by_tenant.ended();
    }

    /// Returns the wait that so many of 100 uploads of a lane have at most, in milliseconds.
    pub fn percentile(&self, lane: usize, percent: f64) -> Option<u32> {
        percentile(self.waits.get(lane)?, percent)
    }

    /// Returns the longest time from a wave's last upload until all of it was done, in
    /// milliseconds. `None`: one never was.
    pub fn drained_after(&self) -> Option<Millis> {
        let waves = self.waves.iter().filter(|wave| wave.uploads > 0);
        let each: Option<Vec<Millis>> = waves.map(Wave::drained_after).collect();
        each.map(|each| each.into_iter().max().unwrap_or_default())
    }
}

/// Returns the value that so many of 100 sorted ones have at most.
pub fn percentile(sorted: &[u32], percent: f64) -> Option<u32> {
    let place = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(place.max(1) - 1).copied()
}
