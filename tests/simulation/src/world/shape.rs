//! The kind of pipeline that a seed is about, and its settings.

use std::time::Duration;

use fake_aws::Rng;
use spillway::event::tenant::By;
use spillway::pace::adapt::Adapt;
use spillway::pace::adapt::errors::Errors;
use spillway::pace::layout::Layout;
use spillway::pace::tenants::TenantBound;
use spillway::pace::window;
use spillway::protocol::holding::Idle;
use spillway::rules::order::Order;

use crate::pipeline::Settings;
use crate::target::Takes;

/// The way S3's events come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// S3 sends to the events queue.
    Sqs,
    /// S3 invokes `ingest`.
    Lambda,
}

/// The kind of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Ordered(Order),
    Batches,
    Lanes,
    Fifo(Order),
}

const KINDS: [Kind; 8] = [
    Kind::Plain,
    Kind::Ordered(Order::Latest),
    Kind::Ordered(Order::Each),
    Kind::Batches,
    Kind::Lanes,
    Kind::Fifo(Order::None),
    Kind::Fifo(Order::Latest),
    Kind::Fifo(Order::Each),
];

/// The pipeline of a seed.
#[derive(Debug, Clone)]
pub struct Shape {
    pub kind: Kind,
    pub way: Way,
    pub settings: Settings,
    /// Ticks until nothing goes wrong any more.
    pub ticks: u32,
    /// The capacity of the target until nothing goes wrong any more.
    pub takes: Takes,
    /// Whether reconcile runs. Then some things go wrong that nothing else would put right.
    pub reconciled: bool,
}

fn adapt(uncounted_max: u32) -> Adapt {
    Adapt {
        errors: Errors::new(vec!["*Throttl*".into()]).expect("errors"),
        tolerated_share: 0.05,
        slowest: 0.1,
        uncounted_max,
    }
}

/// Lets a few pipelines adapt to their targets, of which some take less than the pace allows.
/// Returns the target's capacity.
fn target(seed: u64, settings: &mut Settings) -> Takes {
    let mut rng = Rng::new(seed).fork("target");
    if !rng.chance(0.08) {
        return Takes::Everything;
    }
    settings.adapt = Some(adapt(5 + rng.below(20) as u32));
    match rng.below(7) {
        0 | 1 => Takes::Everything,
        2 => Takes::PerSecond(0.5),
        3 => Takes::AtOnce(1 + rng.below(3) as usize),
        4 => Takes::OutageBetween(0, 10_000 + rng.below(40_000) as i64),
        5 => Takes::Slower(0.5),
        _ => Takes::Flaps(2_000 + rng.below(10_000) as i64),
    }
}

impl Shape {
    /// Returns the same, of a pipeline that adapts to a target that takes everything.
    pub fn with_a_target_that_is_well(mut self) -> Self {
        self.settings.adapt = Some(adapt(20));
        self.takes = Takes::Everything;
        self
    }

    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed).fork("shape");
        let kind = KINDS[(seed % KINDS.len() as u64) as usize];
        let way = if rng.chance(0.4) {
            Way::Lambda
        } else {
            Way::Sqs
        };
        let seconds = Duration::from_secs;
        let tick = match rng.below(10) {
            0 => seconds(15 + rng.below(10)),
            _ => seconds(4 + rng.below(8)),
        };
        let mut settings = Settings {
            seed,
            tick,
            // A tick that is slow is overtaken by the next one.
            schedule: tick + seconds(rng.below(6)),
            visibility: tick + seconds(35),
            sweep_after: seconds(15 + rng.below(30)),
            ..Settings::default()
        };
        if rng.chance(0.25) {
            settings.listed_above = rng.below(3) as usize;
        }
        if rng.chance(0.15) {
            // Messages come again while they are processed.
            settings.visibility = seconds(1 + rng.below(4));
        }
        if rng.chance(0.2) {
            settings.handler_timeout = seconds(2 + rng.below(6));
        }
        if rng.chance(0.25) {
            settings.read_lag = Duration::from_millis(100 + rng.below(5_000));
        }
        if rng.chance(0.25) {
            settings.page_items = Some(1 + rng.below(3) as usize);
        }
        if rng.chance(0.25) {
            settings.clock_skew = Duration::from_millis(rng.below(1_500));
        }
        let pace = &mut settings.pace;
        pace.max_concurrency = 1 + rng.below(5) as u32;
        pace.starts_per_second = [0.5, 2.0, 10.0, 50.0][rng.below(4) as usize];
        pace.burst = 1 + rng.below(10) as u32;
        pace.starts_per_tick = rng.chance(0.2).then(|| 1 + rng.below(4) as u32);
        settings.retry.max_attempts = 1 + rng.below(3) as u32;
        settings.retry.backoff_seconds = vec![rng.below(3) as u32, 3];
        if rng.chance(0.1) {
            settings.starts_per_day = Some(2 + rng.below(8) as u32);
        }
        if rng.chance(0.1) {
            // Closed from the third tick on, for a while.
            let json = r#"[{"name": "closed", "priority": 1, "from": "00:01", "to": "00:02", "pause": true}]"#;
            settings.windows = window::parse(json).expect("a window");
        }
        if Rng::new(seed).fork("idle").chance(0.2) {
            let comes_again = settings.visibility < settings.tick;
            settings.idle = Idle::Wait;
            settings.tick = 2 * settings.schedule;
            if !comes_again {
                settings.visibility = settings.tick + seconds(35);
            }
        }
        if Rng::new(seed).fork("layout").chance(0.25) {
            settings.pace.layout = Layout::Sixteen;
        }
        match kind {
            Kind::Plain => {}
            Kind::Ordered(order) => settings.order = order,
            Kind::Batches => settings.events_per_execution = 2 + rng.below(4) as u32,
            Kind::Lanes => settings.lanes = vec![("events", 0.0), ("bulk", 0.2)],
            Kind::Fifo(order) => {
                settings.order = order;
                settings.lanes = vec![("events.fifo", 0.0)];
                settings.retry.backoff_seconds = vec![0];
            }
        }
        let mut rng = Rng::new(seed).fork("bounds of lanes");
        if kind == Kind::Lanes && rng.chance(0.6) {
            let bound = |rng: &mut Rng| Some(1 + rng.below(3) as u32);
            let first = if rng.chance(0.3) {
                bound(&mut rng)
            } else {
                None
            };
            settings.lane_bounds = vec![first, bound(&mut rng)];
        }
        let mut rng = Rng::new(seed).fork("tenants");
        if matches!(kind, Kind::Plain | Kind::Lanes) && rng.chance(0.4) {
            settings.tenants = Some(TenantBound {
                by: By::Segment(1),
                max_concurrency: 1 + rng.below(2) as u32,
            });
        }
        let takes = target(seed, &mut settings);
        Self {
            kind,
            way,
            settings,
            takes,
            ticks: 3 + rng.below(4) as u32,
            reconciled: Rng::new(seed).fork("reconciled").chance(0.4),
        }
    }

    /// Returns when the owner changes how slots are spread, as shares of the time in which
    /// everything goes wrong.
    pub fn layout_changes(seed: u64) -> Vec<f64> {
        let mut rng = Rng::new(seed).fork("layout changes");
        let changes = if rng.chance(0.2) { 1 + rng.below(3) } else { 0 };
        let mut times: Vec<f64> = (0..changes)
            .map(|_| rng.below(1_200) as f64 / 1_000.0)
            .collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// Returns whether a lane has a bound of its own.
    pub fn is_bounded(&self) -> bool {
        self.settings.lane_bounds.iter().any(Option::is_some)
    }

    /// Its name in the coverage.
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Plain if self.settings.tenants.is_some() => "tenants",
            Kind::Lanes if self.settings.tenants.is_some() => "two lanes, tenants",
            Kind::Plain => "plain",
            Kind::Ordered(Order::Latest) => "order latest",
            Kind::Ordered(_) => "order each",
            Kind::Batches => "batches",
            Kind::Lanes if self.is_bounded() => "two lanes, bounded",
            Kind::Lanes => "two lanes",
            Kind::Fifo(Order::None) => "FIFO",
            Kind::Fifo(Order::Latest) => "FIFO, order latest",
            Kind::Fifo(_) => "FIFO, order each",
        }
    }
}
