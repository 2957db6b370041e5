//! A world by its seed: a pipeline, its uploads, its faults, and the people who meddle.
//!
//! For a while everything goes wrong that can. Then faults stop, and everything must drain. The
//! promises are checked from the world's own knowledge: uploads, executions, queues.

mod bucket;
mod checks;
mod coverage;
mod decisions;
mod fault_kind;
mod faults;
mod history;
mod limits;
mod operator;
mod reconciler;
mod shape;
mod stalls;
mod workflow;
mod workload;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fake_aws::{Execution, Odds, Queue, Rng, StartQuota, Status};
use spillway::pace::layout::Layout;
use spillway::record::layouts::RETIRES_AFTER;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use coverage::Coverage;

use crate::invariants::Verdict;
use crate::pipeline::{LEDGER, Mapped, Pipeline, Ticked};
use crate::slots;
use crate::upload::Upload;
use bucket::Bucket;
use faults::Faults;
use history::{History, Phase};
use limits::Limits;
use operator::Operator;
use reconciler::Reconciler;
use shape::{Kind, Shape};
use stalls::Stalls;
use workload::Workload;

/// Ticks within which everything must have drained, not counting days off.
const DRAINED_WITHIN: u32 = 80;
/// Between two ticks once faults have stopped: longer than before, as there is less to do.
const CALM_SCHEDULE: Duration = Duration::from_secs(24);
/// Executions that run longer than this are waited for with everything switched off, day by day.
const LONG_MS: i64 = 25_000;
const DAYS_OFF: u32 = 30;
const A_DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A seed whose promises were not kept.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    pub problems: Vec<String>,
    pub history: String,
}

/// Everything of one seed. Cheap to clone.
#[derive(Clone)]
struct World {
    rng: Rng,
    shape: Shape,
    pipeline: Pipeline,
    bucket: Bucket,
    faults: Faults,
    history: History,
    limits: Limits,
    /// Of each lane.
    bounds: Vec<Limits>,
    coverage: Arc<Mutex<Coverage>>,
    kept: Arc<Mutex<Kept>>,
    starts: SlotsAtStarts,
    stalls: Stalls,
    odds: Odds,
    /// The target takes everything from now on.
    is_well: Arc<AtomicBool>,
}

/// Facts that are remembered for the end.
#[derive(Default)]
struct Kept {
    uploads: Vec<Upload>,
    /// Attempts that the operator asked for.
    replays: Vec<(Upload, u32)>,
    /// Events of invocations of `ingest` that Lambda gave up.
    failures: Vec<String>,
    problems: Vec<String>,
    /// Invocations of `dispatch` that died.
    dead: HashSet<String>,
    /// The lane that the slot of an execution named when that was started, by its name.
    lanes: HashMap<String, Option<String>>,
}

/// Runs one seed.
pub fn run(seed: u64) -> (Coverage, Result<(), Failure>) {
    judged(seed, Shape::of(seed))
}

/// Runs one seed, whose pipeline adapts to a target that takes everything: it is never slowed.
pub fn run_well(seed: u64) -> (Coverage, Result<(), Failure>) {
    judged(seed, Shape::of(seed).with_a_target_that_is_well())
}

fn judged(seed: u64, shape: Shape) -> (Coverage, Result<(), Failure>) {
    let (ran, coverage, problems) = Ran::of(seed, shape);
    let result = if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure {
            seed,
            problems,
            history: ran.history(),
        })
    };
    (coverage, result)
}

/// Returns the history of a seed, however it went.
pub fn told(seed: u64) -> String {
    Ran::of(seed, Shape::of(seed)).0.history()
}

/// A world at its end.
struct Ran {
    runtime: tokio::runtime::Runtime,
    world: World,
}

impl Ran {
    fn of(seed: u64, shape: Shape) -> (Self, Coverage, Vec<String>) {
        decisions::watch();
        // Of a world before, on this thread.
        decisions::take();
        fastrand::seed(seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let world = {
            let _entered = runtime.enter();
            World::new(seed, shape)
        };
        let ran = catch_unwind(AssertUnwindSafe(|| runtime.block_on(world.run())));
        let mut problems = match ran {
            Ok(problems) => problems,
            Err(_) => vec!["a handler or the simulation panicked: see above".to_owned()],
        };
        problems.append(&mut world.kept().problems);
        let mut coverage = world.coverage().clone();
        coverage.decisions();
        coverage.waits(world.stalls.longest());
        let receives = stalls::receives(&world);
        coverage.receives(receives.iter().map(|it| it.count));
        world.let_go();
        (Self { runtime, world }, coverage, problems)
    }

    fn history(&self) -> String {
        let _entered = self.runtime.enter();
        self.world.history.render(&self.world.pipeline)
    }
}

impl World {
    fn new(seed: u64, shape: Shape) -> Self {
        let rng = Rng::new(seed);
        let coverage = Arc::new(Mutex::new(Coverage::default()));
        let history = History::default();
        let batches = shape.kind == Kind::Batches;
        let is_well: Arc<AtomicBool> = Arc::default();
        let target = workflow::Calls::new(shape.takes, is_well.clone());
        let mut workflow = workflow::workflow(&rng, batches, target, coverage.clone());
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let slots = SlotsAtStarts {
            pipeline: Arc::default(),
            kept: kept.clone(),
        };
        let of_starts = slots.clone();
        let pipeline = Pipeline::new(shape.settings.clone(), move |execution| {
            of_starts.check(execution);
            workflow(execution)
        });
        *locked(&slots.pipeline) = Some(pipeline.clone());
        let world = Self {
            faults: Faults::new(&rng, coverage.clone(), history.clone()),
            limits: Limits::new(shape.settings.pace.max_concurrency),
            bounds: (0..shape.settings.lanes.len())
                .map(|lane| {
                    let bound = shape.settings.lane_bounds.get(lane).copied().flatten();
                    Limits::new(bound.unwrap_or(u32::MAX))
                })
                .collect(),
            odds: workload::odds(&rng).0,
            stalls: Stalls::new(&shape.settings.pace, pipeline.aws.clock().now_ms()),
            bucket: Bucket::new(&pipeline, rng.fork("bucket").chance(0.3)),
            rng,
            shape,
            pipeline,
            history,
            coverage,
            kept,
            starts: slots,
            is_well,
        };
        world.coverage().shape(&world.shape);
        world
    }

    /// Removes the callbacks of the fake that look at the fake: without this no world would ever be
    /// forgotten.
    fn let_go(&self) {
        self.pipeline.aws.faults().clear();
        *locked(&self.starts.pipeline) = None;
    }

    async fn run(&self) -> Vec<String> {
        self.set_odds();
        self.set_hooks();
        let settings = &self.shape.settings;
        let troubled = settings.schedule * self.shape.ticks;
        let mut people = JoinSet::new();
        people.spawn(Workload::new(self, troubled.mul_f64(0.8)).run());
        let acts = self.rng.fork("acts").below(9);
        people.spawn(Operator::new(self).act(acts));
        if self.shape.reconciled {
            let runs = 1 + self.rng.fork("runs").below(4);
            people.spawn(Reconciler::new(self).act(runs));
        }
        people.spawn(self.clone().change_layouts(troubled));
        let mapping = self.map_outcomes(2);
        self.tick_in_trouble().await;
        drop(mapping);
        self.calm();
        let mut problems = self.drain(&mut people).await;
        // Long after, somebody redrives and replays: the same rules.
        if problems.is_empty() && self.rng.fork("afterwards").chance(0.3) {
            people.spawn(Operator::new(self).act(4));
            problems = self.drain(&mut people).await;
        }
        Operator::undo_all(self);
        if problems.is_empty() && self.shape.reconciled {
            Reconciler::new(self).catch_up().await;
            problems = self.drain(&mut people).await;
        }
        if problems.is_empty() {
            // The lease of a tick that died last has expired by then.
            let longest = self.shape.settings.tick + CALM_SCHEDULE * 2;
            tokio::time::sleep(longest).await;
            if !Shape::layout_changes(self.shape.settings.seed).is_empty() {
                self.tick("before the last").await;
                // The clocks of two ticks can differ.
                let retired = Duration::from_millis(RETIRES_AFTER.unsigned_abs());
                let apart = 2 * self.shape.settings.clock_skew;
                tokio::time::sleep(retired + apart).await;
            }
            self.tick("last").await;
            problems.extend(checks::left_behind(self));
            problems.extend(checks::in_another_lane(self));
            problems.extend(checks::slowed_in_vain(self));
            problems.extend(self.judge().problems());
            problems.extend(stalls::received_too_often(self));
        }
        stalls::charge_slots_in_the_way(self);
        problems.extend(self.stalls.problems());
        problems.extend(checks::over_the_limit(self));
        problems.extend(checks::in_no_lane(self));
        problems
    }

    /// The owner has slots spread in another way, and perhaps back, while everything goes wrong and
    /// shortly after.
    async fn change_layouts(self, troubled: Duration) {
        let mut before = 0.0;
        for at in Shape::layout_changes(self.shape.settings.seed) {
            tokio::time::sleep(troubled.mul_f64(at - before)).await;
            before = at;
            let layout = self.pipeline.change_layout();
            let partitions = layout.partitions();
            let line = format!("owner        has slots put in partitions: {partitions}");
            self.history.act(self.now_ms(), line);
            self.happened(match layout {
                Layout::One => "owner: has slots put in one partition",
                Layout::Sixteen => "owner: has slots put in sixteen partitions",
            });
        }
    }

    fn judge(&self) -> Verdict {
        let kept = self.kept();
        Verdict::with_replays(&self.pipeline, &kept.uploads, &kept.replays)
    }

    /// Sets the odds of the rare behaviour of AWS.
    fn set_odds(&self) {
        let (odds, mut rng) = workload::odds(&self.rng);
        for queue in self.queues() {
            queue.reconfigure(|config| config.odds = odds);
        }
        let aws = &self.pipeline.aws;
        let mut likely = |chance: f64| if rng.chance(0.4) { chance } else { 0.0 };
        let (lost, repeated) = (likely(0.3), likely(0.3));
        let late = Duration::from_secs(likely(15.0) as u64);
        let (input, output) = (likely(1.0) > 0.0, likely(1.0) > 0.0);
        // Mostly a few seconds; now and then longer than the sweep waits.
        let lag = Duration::from_millis(likely(4_000.0) as u64)
            * [1, 1, 1, 8][self.rng.fork("lag").below(4) as usize];
        let quota = likely(1.0) > 0.0 && likely(1.0) > 0.0;
        aws.sfn().change_event_rules(|rule| {
            rule.lost = lost;
            rule.repeated = repeated;
            rule.delay = (Duration::ZERO, late);
            rule.without_input = input;
            rule.without_output = output;
        });
        aws.sfn().set_describe_lag(lag);
        if quota {
            let slow = StartQuota {
                bucket: 2.0,
                refill_per_second: 1.0,
            };
            aws.sfn().set_start_quota(Some(slow));
            // Half of it: throttled starts slow the pace down further.
            self.stalls.pace(0.5, 1);
        }
        let settings = &self.shape.settings;
        for (name, given) in [
            ("describe lags", !lag.is_zero()),
            (
                "messages come back after their delete",
                odds.back_after_delete > 0.0,
            ),
            ("messages delivered twice", odds.delivered_twice > 0.0),
            (
                "messages visible again while worked on",
                settings.visibility < settings.tick,
            ),
            ("other clocks", !settings.clock_skew.is_zero()),
            ("polls miss messages", odds.long_poll_misses > 0.0),
            ("quota of starts", quota),
            ("reads lag", !settings.read_lag.is_zero()),
            ("short pages", settings.page_items.is_some()),
            ("status events late", !late.is_zero()),
            ("status events lost", lost > 0.0),
            ("status events repeated", repeated > 0.0),
            ("status events without input", input),
            ("status events without output", output),
        ] {
            if given {
                self.happened(&format!("odds: {name}"));
            }
        }
    }

    fn set_hooks(&self) {
        let faults = self.pipeline.aws.faults();
        let (strikes, stalls) = (self.faults.clone(), self.stalls.clone());
        faults.before(move |call| {
            let fault = strikes.of(call, Phase::Before);
            if call.operation == "StartExecution" {
                stalls.called(call.sent_ms);
                if fault == fake_aws::Fault::Throttle {
                    stalls.throttled(call.sent_ms);
                }
            }
            fault
        });
        let world = self.clone();
        faults.after(move |call| {
            if call.operation == "DeleteItem" {
                world.check_freed(call);
            }
            let fault = world.faults.of(call, Phase::After);
            if call.operation == "ReceiveMessage" {
                let took = world.now_ms() - call.sent_ms;
                let answered = fault == fake_aws::Fault::None && took < stalls::GIVEN_UP_AFTER_MS;
                world.stalls.received(call, answered);
            }
            fault
        });
        let strikes = self.faults.clone();
        faults.fail_entries(move |call, _| strikes.fails_entry(call));
    }

    /// I3, I4: a slot is freed only after its execution closed.
    fn check_freed(&self, call: &fake_aws::Call) {
        let aws = &self.pipeline.aws;
        for key in call
            .facts
            .keys
            .iter()
            .filter(|key| slots::is_partition(&key.pk))
        {
            let execution = aws.sfn().execution(&key.sk);
            let runs = execution.is_some_and(|it| it.status == Status::Running);
            if runs && slots::of(&aws.dynamodb(), LEDGER, &key.sk).is_none() {
                let problem = format!("I3: the slot of {} is freed while it runs", key.sk);
                self.kept().problems.push(problem);
            }
        }
    }

    /// Lambda's pollers of the outcomes queue.
    fn map_outcomes(&self, pollers: u32) -> JoinSet<()> {
        let mut mapping = JoinSet::new();
        for _ in 0..pollers {
            let world = self.clone();
            mapping.spawn(async move {
                loop {
                    match world.pipeline.settle_once().await {
                        Mapped::Nothing => {}
                        Mapped::Settled => world.happened("settle: went well"),
                        Mapped::Crashed => world.happened("settle: crashed"),
                        Mapped::TimedOut => world.happened("settle: timed out"),
                    }
                }
            });
        }
        mapping
    }

    /// The schedule, while everything goes wrong.
    async fn tick_in_trouble(&self) {
        let mut rng = self.rng.fork("schedule");
        let mut ticks = JoinSet::new();
        let began = Instant::now();
        for number in 0..self.shape.ticks {
            tokio::time::sleep_until(began + self.shape.settings.schedule * number).await;
            while ticks.try_join_next().is_some() {}
            if !ticks.is_empty() {
                self.happened("tick: overtook one that still ran");
            }
            let fires = match rng.below(10) {
                0 => 0,
                1 | 2 => 2,
                _ => 1,
            };
            if fires == 2 {
                self.happened("tick: of a schedule that fired twice");
            }
            for fire in 0..fires {
                let late = rng.duration(Duration::ZERO, Duration::from_secs(4)) * fire;
                let (world, time) = (self.clone(), format!("schedule {number}"));
                ticks.spawn(async move {
                    tokio::time::sleep(late).await;
                    world.tick(&time).await;
                });
            }
        }
        while ticks.join_next().await.is_some() {}
    }

    async fn tick(&self, time: &str) {
        let caller = self.pipeline.caller("dispatch");
        let name = caller.name().to_string();
        // Whether it lived on, once it has ended.
        let ended: Arc<Mutex<Option<bool>>> = Arc::default();
        let (world, watched, ended_then) = (self.clone(), name.clone(), ended.clone());
        tokio::spawn(async move {
            stalls::watch(&world, &watched, || *locked(&ended_then)).await;
        });
        let ticked = self.pipeline.tick_of(caller, Some(time)).await;
        // One that left something under way keeps its lease, and the messages that it had in hand.
        let keeps = stalls::holder(self).as_deref() == Some(name.as_str());
        let lived = matches!(ticked, Ticked::Ended(_)) && !keeps;
        *locked(&ended) = Some(lived && !ticked.is_kept_by_operator());
        if !lived {
            self.kept().dead.insert(name);
        }
        match ticked {
            Ticked::Ended(ended) => {
                let counts = &ended.counts;
                for (name, happened) in [
                    (
                        "went well",
                        ended.failure.is_none() && counts.lease_busy == 0,
                    ),
                    ("failed", ended.failure.is_some()),
                    ("lease busy", counts.lease_busy > 0),
                    ("saturated", counts.saturated > 0),
                    ("day's limit reached", counts.day_limit_reached > 0),
                ] {
                    if happened {
                        self.happened(&format!("tick: {name}"));
                    }
                }
                if let Some(failure) = ended.failure {
                    let line = format!("dispatch     a tick failed: {failure}");
                    self.history.act(self.now_ms(), line);
                }
            }
            Ticked::Crashed => self.happened("tick: crashed"),
            Ticked::TimedOut => self.happened("tick: timed out"),
        }
    }

    /// Stops the faults. The messages in the dead-letter queues stay there.
    fn calm(&self) {
        self.faults.stop();
        self.is_well.store(true, Ordering::Relaxed);
        let line = "the world    faults stop";
        self.history.act(self.now_ms(), line);
        let aws = &self.pipeline.aws;
        aws.sfn().change_event_rules(|rule| rule.lost = 0.0);
        aws.sfn().set_start_quota(None);
        let pace = &self.shape.settings.pace;
        self.stalls.pace(pace.starts_per_second, pace.burst);
        for queue in self.queues() {
            queue.reconfigure(|config| config.odds = Odds::NEVER);
        }
    }

    /// Ticks until nothing is left to do.
    async fn drain(&self, people: &mut JoinSet<()>) -> Vec<String> {
        let mut mapping = self.map_outcomes(1);
        let mut days_off = 0;
        let mut ticks = 0;
        while ticks < DRAINED_WITHIN {
            let next = Instant::now() + CALM_SCHEDULE;
            self.tick(&format!("drain {days_off} {ticks}")).await;
            ticks += 1;
            tokio::time::sleep_until(next).await;
            while let Some(done) = people.try_join_next() {
                done.expect("nobody panics");
            }
            if people.is_empty() {
                Operator::undo_all(self);
                if !self.kept().failures.is_empty() {
                    workload::redrive_failures(self).await;
                    continue;
                }
                if self.pipeline.is_quiet() {
                    return Vec::new();
                }
                if ticks % 3 == 2
                    && days_off < DAYS_OFF
                    && let Some(until) = self.long_until()
                {
                    days_off += 1;
                    drop(mapping);
                    let line = "the world    schedule and mapping are off for a long time";
                    self.history.act(self.now_ms(), line);
                    let wait = (until - self.now_ms()).max(0) as u64;
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    mapping = self.map_outcomes(1);
                }
            }
        }
        let describe = self.pipeline.describe();
        vec![format!(
            "I1, I4: not drained after {ticks} ticks: {describe}"
        )]
    }

    /// Until when there is nothing to do but to wait: for an execution that runs for days, or for
    /// the next day's starts.
    fn long_until(&self) -> Option<i64> {
        let now = self.now_ms();
        if self.shape.settings.starts_per_day.is_some() {
            return Some((now / A_DAY_MS + 1) * A_DAY_MS + 1_000);
        }
        let running = self.pipeline.aws.sfn().running();
        let runs_long = running.iter().any(|it| now - it.started_ms > LONG_MS);
        runs_long.then_some(now + A_DAY_MS)
    }

    fn queues(&self) -> impl Iterator<Item = &Queue> {
        let lanes = self.pipeline.lanes.iter().map(|(events, _)| events);
        lanes.chain([&self.pipeline.outcomes])
    }

    /// S3's message in the events queue. Into a FIFO queue somebody else puts it, in its object's
    /// group.
    fn tell_queue(&self, body: &str, of: Option<&Upload>) {
        match of {
            Some(upload) => {
                let events = self.lane_of(upload);
                if events.name().ends_with(".fifo") {
                    let once = format!("{}-{}", upload.key, upload.sequencer);
                    events.send(&upload.key, &once, body);
                } else {
                    events.inject(body);
                }
            }
            None => {
                self.pipeline.events.inject(body);
            }
        }
    }

    /// The queue of an upload's lane.
    fn lane_of(&self, upload: &Upload) -> &Queue {
        let bulk = self.pipeline.lanes.get(1);
        match bulk.filter(|_| upload.key.starts_with("bulk/")) {
            Some((events, _)) => events,
            None => &self.pipeline.events,
        }
    }

    fn now_ms(&self) -> i64 {
        self.pipeline.aws.clock().now_ms()
    }

    fn happened(&self, what: &str) {
        self.coverage().count(what);
    }

    fn coverage(&self) -> MutexGuard<'_, Coverage> {
        locked(&self.coverage)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }

    fn uploaded(&self, uploads: Vec<Upload>) {
        self.kept().uploads = uploads;
    }

    fn uploads(&self) -> Vec<Upload> {
        self.kept().uploads.clone()
    }

    fn replayed(&self, upload: &Upload, attempt: u32) {
        self.kept().replays.push((upload.clone(), attempt));
    }

    fn failed(&self, payload: String) {
        self.kept().failures.push(payload);
    }

    fn take_failures(&self) -> Vec<String> {
        std::mem::take(&mut self.kept().failures)
    }
}

/// I1, I3: every start holds a slot.
#[derive(Clone)]
struct SlotsAtStarts {
    pipeline: Arc<Mutex<Option<Pipeline>>>,
    kept: Arc<Mutex<Kept>>,
}

impl SlotsAtStarts {
    fn check(&self, execution: &Execution) {
        let pipeline = locked(&self.pipeline).clone();
        let dynamodb = pipeline.map(|pipeline| pipeline.aws.dynamodb());
        let slot = dynamodb.and_then(|it| slots::of(&it, LEDGER, &execution.name));
        let mut kept = locked(&self.kept);
        let Some(slot) = slot else {
            let problem = format!("I3: {} starts without a slot", execution.name);
            kept.problems.push(problem);
            return;
        };
        let lane = slot["lane"]["S"].as_str().map(str::to_owned);
        kept.lanes.insert(execution.name.clone(), lane);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            seed,
            problems,
            history,
        } = self;
        write!(
            formatter,
            "{history}\nseed {seed} failed:\n  {}\nreplay it with: scripts/simulate --seed {seed}",
            problems.join("\n  ")
        )
    }
}
