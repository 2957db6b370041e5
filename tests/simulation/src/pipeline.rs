//! The pipeline under test, and what AWS does around the handlers: the schedule, the event source mapping, timeouts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws::clients::Clients;
use aws::clock::Clock;
use aws::environment::PipelineVariables;
use aws::metrics;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use dispatch::config::FailureQueues;
use dispatch::{Dispatch, Ended, Invocation, LEVELS, TickError};
use fake_aws::{Caller, Ending, EventRule, Execution, FakeAws, Queue, QueueConfig, Redrive, Rng};
use serde::Serialize;
use settle::{Settle, SqsRecord};
use spillway::execution::input::InputFormat;
use spillway::lane::Lane;
use spillway::pace::Pace;
use spillway::pace::adapt::Adapt;
use spillway::pace::layout::Layout;
use spillway::pace::window::Windows;
use spillway::protocol::holding::Idle;
use spillway::rules::order::Order;
use spillway::rules::retry::RetryPolicy;

use crate::slots;
use crate::upload::{Upload, notification};

/// The pipeline's name.
pub const PIPELINE: &str = "pipeline";
/// The ledger's table.
pub const LEDGER: &str = "ledger";
pub(crate) const LEDGER_ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger";

/// Lambda's timeout of `dispatch` is this much longer than a tick, as in Terraform.
const BEYOND_TICK: Duration = Duration::from_secs(20);
/// After so many receives an outcome is a dead letter; the sweep finds it again.
const OUTCOME_RECEIVES: u32 = 5;

/// How the pipeline is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    pub seed: u64,
    /// When it begins, in milliseconds since the epoch; `None`: when a fake AWS does.
    pub begins_ms: Option<i64>,
    pub pace: Pace,
    pub adapt: Option<Adapt>,
    pub windows: Windows,
    pub starts_per_day: Option<u32>,
    pub retry: RetryPolicy,
    pub order: Order,
    pub events_per_execution: u32,
    /// Name and guaranteed share of each lane, by priority.
    /// A name that ends in `.fifo` makes FIFO queues.
    pub lanes: Vec<(&'static str, f64)>,
    /// How many executions of each lane run at once; those that are missing have no bound of their own.
    pub lane_bounds: Vec<Option<u32>>,
    pub sweep_after: Duration,
    /// With more slots than this the running executions are listed.
    pub listed_above: usize,
    /// The workflow's own timeout, as Terraform tells it.
    pub execution_timeout: Option<Duration>,
    /// How long a tick drains.
    pub tick: Duration,
    /// What a tick does when no event waits.
    pub idle: Idle,
    /// Whether ticks read the sizes of all queues, as Terraform has it.
    pub looks_around: bool,
    /// Lambda's timeout of `ingest` and `settle`.
    pub handler_timeout: Duration,
    /// From one tick to the next.
    pub schedule: Duration,
    /// How long a received message stays hidden: as long as a lease lasts, so that one that a dead tick had in hand comes back
    /// when the next one can take over. Terraform has it longer for batches.
    pub visibility: Duration,
    /// From an execution's end to its event in the outcomes queue.
    pub event_delay: Duration,
    /// How far reads of the ledger lag that do not ask for strong consistency.
    pub read_lag: Duration,
    /// Items of a page of a query; `None`: as many as fit.
    pub page_items: Option<usize>,
    /// By how much each invocation's clock can be wrong, either way.
    pub clock_skew: Duration,
    /// Every API call takes a time between these.
    pub latency: (Duration, Duration),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            begins_ms: None,
            pace: Pace {
                max_concurrency: 20,
                starts_per_second: 100.0,
                burst: 100,
                starts_per_tick: None,
                layout: Layout::One,
            },
            adapt: None,
            windows: Windows::default(),
            starts_per_day: None,
            retry: RetryPolicy {
                max_attempts: 3,
                backoff_seconds: vec![5, 10],
            },
            order: Order::None,
            events_per_execution: 1,
            lanes: vec![("events", 0.0)],
            lane_bounds: Vec::new(),
            sweep_after: Duration::from_secs(120),
            listed_above: 1_000,
            execution_timeout: None,
            tick: Duration::from_secs(56),
            idle: Idle::Stop,
            looks_around: false,
            handler_timeout: Duration::from_secs(30),
            schedule: Duration::from_secs(60),
            visibility: Duration::from_secs(45),
            event_delay: Duration::ZERO,
            read_lag: Duration::ZERO,
            page_items: None,
            clock_skew: Duration::ZERO,
            latency: (Duration::from_millis(2), Duration::from_millis(20)),
        }
    }
}

/// How an invocation of `dispatch` went.
#[derive(Debug)]
pub enum Ticked {
    Ended(Box<Ended>),
    /// The process died.
    Crashed,
    TimedOut,
}

impl Ticked {
    /// The counts of a tick that went well.
    #[track_caller]
    pub fn well(self) -> dispatch::Counts {
        match self {
            Self::Ended(ended) if ended.failure.is_none() => ended.counts,
            other => panic!("the tick did not go well: {other:?}"),
        }
    }
}

impl Ticked {
    /// Whether it ended because of what only an operator can mend.
    pub(crate) fn is_kept_by_operator(&self) -> bool {
        let Self::Ended(ended) = self else {
            return false;
        };
        matches!(
            ended.failure,
            Some(TickError::StartForbidden(_) | TickError::Control(_) | TickError::Pace(_))
        )
    }
}

/// What came of asking once for outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped {
    /// There was nothing to receive.
    Nothing,
    Settled,
    /// The process died.
    Crashed,
    TimedOut,
}

/// A task that ends when this is dropped.
pub struct Background(tokio::task::JoinHandle<()>);

impl Background {
    pub(crate) fn run(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    pub aws: FakeAws,
    pub settings: Settings,
    /// The first lane's queues.
    pub events: Queue,
    pub dead_letters: Queue,
    /// Every lane's two queues, by priority.
    pub lanes: Vec<(Queue, Queue)>,
    pub outcomes: Queue,
    pub outcomes_dead_letters: Queue,
    pub machine: String,
    /// In which slots are to lie: `settings` say so at first.
    layout: Arc<Mutex<Layout>>,
    invocations: Arc<AtomicU32>,
    /// What the handlers printed for CloudWatch, if ticks look around.
    lines: Arc<Mutex<Vec<String>>>,
}

impl Pipeline {
    /// A pipeline whose executions end as `workflow` says.
    pub fn new(
        settings: Settings,
        workflow: impl FnMut(&Execution) -> Ending + Send + 'static,
    ) -> Self {
        let aws = match settings.begins_ms {
            Some(now_ms) => FakeAws::beginning_at(settings.seed, now_ms),
            None => FakeAws::new(settings.seed),
        };
        let queue = |name: &str, visibility: Duration, dead_letter_queue: Option<(&str, u32)>| {
            aws.sqs().create_queue(QueueConfig {
                visibility_timeout: visibility,
                retention: Duration::from_secs(14 * 24 * 3600),
                redrive: dead_letter_queue.map(|(name, max_receives)| Redrive {
                    dead_letter_queue: name.to_owned(),
                    max_receives,
                }),
                ..QueueConfig::named(name)
            })
        };
        let half_a_minute = Duration::from_secs(30);
        let outcomes_dead_letters = queue("outcomes-dlq", half_a_minute, None);
        let lanes: Vec<(Queue, Queue)> = settings
            .lanes
            .iter()
            .map(|(lane, _)| {
                // A FIFO queue's dead-letter queue is one too.
                let dead = match lane.strip_suffix(".fifo") {
                    Some(lane) => format!("{lane}-dlq.fifo"),
                    None => format!("{lane}-dlq"),
                };
                let dead_letters = queue(&dead, half_a_minute, None);
                (
                    queue(lane, settings.visibility, Some((&dead, 20))),
                    dead_letters,
                )
            })
            .collect();
        let (events, dead_letters) = lanes.first().expect("a lane").clone();
        let outcomes = queue(
            "outcomes",
            6 * settings.handler_timeout,
            Some(("outcomes-dlq", OUTCOME_RECEIVES)),
        );
        if !settings.read_lag.is_zero() {
            aws.dynamodb().set_read_lag(settings.read_lag);
        }
        aws.dynamodb().set_page_items(settings.page_items);
        aws.dynamodb().create_table(LEDGER, "pk", Some("sk"));
        let machine = aws.sfn().create_state_machine("workflow", workflow);
        aws.sfn().add_event_rule(EventRule {
            delay: (settings.event_delay, settings.event_delay),
            ..EventRule::to(&outcomes)
        });
        aws.set_latency(settings.latency.0, settings.latency.1);
        let invocations = Arc::new(AtomicU32::new(0));
        Self {
            aws,
            layout: Arc::new(Mutex::new(settings.pace.layout)),
            settings,
            events,
            dead_letters,
            lanes,
            outcomes,
            outcomes_dead_letters,
            machine,
            invocations,
            lines: Arc::default(),
        }
    }

    /// A pipeline whose executions all succeed after `seconds`.
    pub fn succeeding(settings: Settings, seconds: u64) -> Self {
        Self::new(settings, move |_| {
            Ending::succeed(Duration::from_secs(seconds), "{}")
        })
    }

    fn locked_layout(&self) -> MutexGuard<'_, Layout> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has slots put in the other layout, from the next tick on. Returns which.
    pub fn change_layout(&self) -> Layout {
        let mut layout = self.locked_layout();
        *layout = layout.other();
        *layout
    }

    /// S3's notification of one upload, in the events queue.
    /// Into a FIFO queue somebody else puts it, in its object's group.
    pub fn upload(&self, upload: &Upload) {
        let body = notification(std::slice::from_ref(upload));
        if self.events.url().ends_with(".fifo") {
            let once = format!("{}-{}", upload.key, upload.sequencer);
            self.events.send(&upload.key, &once, &body);
        } else {
            self.events.inject(&body);
        }
    }

    /// Uploads `count` objects with keys of their own.
    pub fn upload_many(&self, count: u32) -> Vec<Upload> {
        let uploads: Vec<_> = (0..count)
            .map(|number| Upload::new(&format!("status/{number}.json"), number + 1))
            .collect();
        uploads.iter().for_each(|upload| self.upload(upload));
        uploads
    }

    pub(crate) fn caller(&self, function: &str) -> Caller {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        self.aws.caller(&format!("{function}-{number}"))
    }

    /// The clock of one invocation.
    pub(crate) fn clock(&self) -> Clock {
        let skew = self.settings.clock_skew.as_millis() as u64;
        let number = self.invocations.load(Ordering::Relaxed);
        let mut rng = Rng::new(self.settings.seed).fork(&format!("clock {number}"));
        let wrong = rng.below(2 * skew + 1) as i64 - skew as i64;
        Clock::starting_at(self.aws.clock().now_ms() + wrong)
    }

    /// Lambda's timeout of `dispatch`.
    fn dispatch_timeout(&self) -> Duration {
        self.settings.tick + BEYOND_TICK
    }

    pub(crate) fn lanes(&self) -> Vec<Lane> {
        let queues = self.settings.lanes.iter().zip(&self.lanes).enumerate();
        queues
            .map(
                |(place, ((name, min_share), (events, dead_letters)))| Lane {
                    name: (*name).to_owned(),
                    queue_url: events.url(),
                    dead_letter_queue_url: dead_letters.url(),
                    priority: place as u32,
                    min_share: *min_share,
                    max_concurrency: self.settings.lane_bounds.get(place).copied().flatten(),
                },
            )
            .collect()
    }

    /// What Terraform tells every handler.
    pub fn variables(&self) -> PipelineVariables {
        PipelineVariables {
            name: PIPELINE.into(),
            ledger_table: LEDGER.into(),
            ledger_arn: LEDGER_ARN.into(),
            lanes: self.lanes(),
        }
    }

    /// `dispatch` as Terraform configures it, calling as `caller`.
    pub fn dispatch(&self, caller: &Caller) -> Arc<Dispatch> {
        let config = dispatch::Config {
            pipeline: self.variables(),
            folder_markers: Vec::new(),
            order: self.settings.order,
            events_per_execution: self.settings.events_per_execution,
            input_format: InputFormat::Objects,
            retention_days: 90,
            outcomes_queue_url: self.outcomes.url(),
            failure_queues: self.settings.looks_around.then(|| FailureQueues {
                outcomes: vec![self.outcomes_dead_letters.url()],
                ..FailureQueues::default()
            }),
            state_machine_arn: self.machine.clone(),
            pace: Pace {
                layout: *self.locked_layout(),
                ..self.settings.pace.clone()
            },
            adapt: self.settings.adapt.clone(),
            windows: self.settings.windows.clone(),
            starts_per_day: self.settings.starts_per_day,
            tick: self.settings.tick,
            idle: self.settings.idle,
            sweep_after: self.settings.sweep_after,
            sweep_per_tick: 50,
            listed_above: self.settings.listed_above,
            execution_timeout: self.settings.execution_timeout,
        };
        Arc::new(Dispatch::new(
            config,
            Clients::with_http_client(caller.http_client()),
        ))
    }

    fn settle_handler(&self, caller: &Caller) -> Settle {
        let config = settle::Config {
            pipeline: self.variables(),
            order: self.settings.order,
            events_per_execution: self.settings.events_per_execution,
            outcomes_dead_letter_queue_url: self.outcomes_dead_letters.url(),
            retry: self.settings.retry.clone(),
            adapt: self.settings.adapt.clone(),
            retention_days: 90,
        };
        Settle::new(config, Clients::with_http_client(caller.http_client()))
    }

    /// Invokes `dispatch` once, by hand.
    pub async fn tick(&self) -> Ticked {
        self.tick_for(None).await
    }

    /// Invokes `dispatch` for a scheduled time.
    pub async fn tick_for(&self, time: Option<&str>) -> Ticked {
        self.tick_of(self.caller("dispatch"), time).await
    }

    /// Invokes `dispatch` once, calling as `caller`.
    pub(crate) async fn tick_of(&self, caller: Caller, time: Option<&str>) -> Ticked {
        let dispatch = self.dispatch(&caller);
        let clock = self.clock();
        let invocation = Invocation {
            token: caller.name().to_string(),
            clock,
            deadline: clock.now() + self.dispatch_timeout().as_millis() as i64,
            tick: time.map(str::to_owned),
        };
        // A task of its own, so that everything of it ends when the process does.
        let mut tick = tokio::spawn(async move { dispatch.tick(invocation).await });
        let ticked = tokio::select! {
            biased;
            () = caller.crashed() => Ticked::Crashed,
            ended = &mut tick => Ticked::Ended(Box::new(ended.expect("a tick does not panic"))),
            () = tokio::time::sleep(self.dispatch_timeout()) => Ticked::TimedOut,
        };
        tick.abort();
        match &ticked {
            Ticked::Ended(ended) => {
                self.told(&ended.counts, LEVELS, &ended.values, clock);
            }
            _ => caller.crash(),
        }
        ticked
    }

    fn told(
        &self,
        counts: &impl Serialize,
        levels: &[&str],
        values: &impl Serialize,
        clock: Clock,
    ) {
        if self.settings.looks_around {
            let now = clock.now();
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(metrics::line(PIPELINE, counts, levels, now));
            lines.extend(metrics::value_lines(PIPELINE, values, now));
        }
    }

    /// What the handlers printed for CloudWatch, if ticks look around.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// What Lambda's event source mapping does once: receive outcomes, invoke `settle`, delete what it settled.
    pub async fn settle_once(&self) -> Mapped {
        let mapping = self.aws.caller("mapping");
        let sqs = mapping.sqs_client();
        let received = sqs
            .receive_message()
            .queue_url(self.outcomes.url())
            .max_number_of_messages(10)
            .wait_time_seconds(20)
            .send()
            .await;
        let messages = received
            .ok()
            .and_then(|received| received.messages)
            .unwrap_or_default();
        if messages.is_empty() {
            return Mapped::Nothing;
        }
        let caller = self.caller("settle");
        let settle = self.settle_handler(&caller);
        let records: Vec<SqsRecord> = messages
            .iter()
            .map(|message| SqsRecord {
                message_id: message.message_id().unwrap_or_default().to_owned(),
                body: message.body().unwrap_or_default().to_owned(),
            })
            .collect();
        let clock = self.clock();
        let deadline = clock.now() + self.settings.handler_timeout.as_millis() as i64;
        let settled = tokio::select! {
            biased;
            () = caller.crashed() => Err(Mapped::Crashed),
            settled = settle.settle(&records, clock, deadline) => Ok(settled),
            () = tokio::time::sleep(self.settings.handler_timeout) => Err(Mapped::TimedOut),
        };
        let settled = match settled {
            Ok(settled) => settled,
            // The whole batch comes again.
            Err(ended) => {
                caller.crash();
                return ended;
            }
        };
        self.told(&settled.counts, &[], &settled.values, clock);
        let done = messages.iter().enumerate().filter(|(_, message)| {
            let mut failed = settled.failed.iter();
            !failed.any(|failed| Some(failed.as_str()) == message.message_id())
        });
        let entries: Vec<DeleteMessageBatchRequestEntry> = done
            .map(|(place, message)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .receipt_handle(message.receipt_handle().unwrap_or_default())
                    .build()
                    .expect("id and receipt are there")
            })
            .collect();
        if !entries.is_empty() {
            let delete = sqs.delete_message_batch().queue_url(self.outcomes.url());
            // One that is lost comes again.
            let _ = delete.set_entries(Some(entries)).send().await;
        }
        Mapped::Settled
    }

    /// Settles outcomes as they come, until the answer is dropped.
    pub fn settle_in_background(&self) -> Background {
        let pipeline = self.clone();
        Background::run(async move {
            loop {
                pipeline.settle_once().await;
            }
        })
    }

    /// Runs schedule and mapping for `ticks` ticks. A tick that fails is the next one's to mend.
    pub async fn run(&self, ticks: u32) {
        let _settling = self.settle_in_background();
        for _ in 0..ticks {
            self.scheduled_tick().await;
        }
    }

    /// Invokes `dispatch`, and waits for the schedule's next time.
    pub async fn scheduled_tick(&self) {
        let next = tokio::time::Instant::now() + self.settings.schedule;
        self.tick().await;
        tokio::time::sleep_until(next).await;
    }

    /// Runs until nothing is left to do: no message waits, no slot is taken, nothing runs. Panics after `ticks`.
    pub async fn drain(&self, ticks: u32) {
        let _settling = self.settle_in_background();
        for _ in 0..ticks {
            self.scheduled_tick().await;
            if self.is_quiet() {
                return;
            }
        }
        panic!("not quiet after {ticks} ticks: {}", self.describe());
    }

    /// Whether nothing is left to do.
    pub fn is_quiet(&self) -> bool {
        let waiting = |(events, _): &(Queue, Queue)| !events.messages().is_empty();
        !self.lanes.iter().any(waiting)
            && self.outcomes.messages().is_empty()
            && self.slots().is_empty()
            && self.aws.sfn().running().is_empty()
    }

    /// The executions that hold a slot.
    pub fn slots(&self) -> Vec<String> {
        slots::all(&self.aws.dynamodb(), LEDGER)
            .iter()
            .map(|item| item["sk"]["S"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Where things are, for a failed test.
    pub fn describe(&self) -> String {
        format!(
            "{} events, {} dead, {} outcomes, slots {:?}, running {:?}, lease {:?}",
            self.events.messages().len(),
            self.dead_letters.messages().len(),
            self.outcomes.messages().len(),
            self.slots(),
            self.aws
                .sfn()
                .running()
                .iter()
                .map(|execution| &execution.name)
                .collect::<Vec<_>>(),
            self.aws.dynamodb().item(LEDGER, "lease", "dispatch"),
        )
    }
}
