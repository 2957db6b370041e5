//! A pipeline of one lane in a fake AWS, as Terraform sets it up, and the environment of its
//! functions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws::clients::Clients;
use aws::clock::Clock;
use dispatch::{Dispatch, Invocation};
use fake_aws::{Ending, FakeAws, Queue, QueueConfig, Redrive};
use serde_json::Value;
use spillway::SCHEMA_VERSION;
use spillway::pace::layout::{Layout, Shard};

use crate::Failure;
use crate::objects;
use crate::scenario::Scenario;
use crate::tally::Tally;

/// The function's name.
pub const FUNCTION: &str = "load-function";
/// The ledger's table.
pub const LEDGER: &str = "ledger";
/// A table of another kind, with one key: Cumulus counts executions in it.
const SEMAPHORES: &str = "semaphores";
const LEDGER_ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger";

/// How long a received event stays hidden: Terraform's value for executions of one event.
const VISIBILITY: Duration = Duration::from_secs(45);
const RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);
/// The most time of the preparing tick; its lease is replaced afterwards.
const PREPARING: Duration = Duration::from_secs(600);

/// The pipeline.
pub struct Pipeline {
    pub aws: FakeAws,
    pub events: Queue,
    pub outcomes: Queue,
    pub tally: Tally,
    machine: String,
}

impl Pipeline {
    /// Returns an empty pipeline. Executions run until they are ended by hand.
    pub fn new(scenario: &Scenario) -> Self {
        let pipeline = Self::recorded(scenario);
        pipeline.aws.count_calls_only();
        pipeline
    }

    /// Returns a pipeline that keeps every call with all that was sent.
    pub fn recorded(scenario: &Scenario) -> Self {
        // Step Functions tells when an execution began, and the program compares that with its own
        // clock.
        let aws = FakeAws::beginning_at(scenario.seed, Clock::system().now());
        let queue = |name: &str, visibility: Duration, dead_letters: Option<(&str, u32)>| {
            aws.sqs().create_queue(QueueConfig {
                visibility_timeout: visibility,
                retention: RETENTION,
                redrive: dead_letters.map(|(name, max_receives)| Redrive {
                    dead_letter_queue: name.to_owned(),
                    max_receives,
                }),
                // Any order will do, and this one costs the server least.
                unordered: false,
                ..QueueConfig::named(name)
            })
        };
        let half_a_minute = Duration::from_secs(30);
        queue("events-dlq", half_a_minute, None);
        queue("outcomes-dlq", half_a_minute, None);
        let events = queue("events", VISIBILITY, Some(("events-dlq", 20)));
        let outcomes = queue("outcomes", 6 * half_a_minute, Some(("outcomes-dlq", 5)));
        aws.dynamodb().create_table(LEDGER, "pk", Some("sk"));
        aws.dynamodb().create_table(SEMAPHORES, "key", None);
        let tally = Tally::of(scenario.events);
        let counting = tally.clone();
        let machine = aws
            .sfn()
            .create_state_machine("workflow", move |execution| {
                counting.began(execution);
                Ending::never()
            });
        let pipeline = Self {
            aws,
            events,
            outcomes,
            tally,
            machine,
        };
        pipeline.put_lease(scenario.layout());
        pipeline
    }

    /// Returns the environment of a function, beside Lambda's own variables, with AWS at this
    /// endpoint.
    pub fn environment(&self, scenario: &Scenario, endpoint: &str) -> BTreeMap<String, String> {
        let url = |queue: &str| queue_url(endpoint, queue);
        let lanes = serde_json::json!([{
            "name": "default", "queue_url": url("events"), "dead_letter_queue_url": url("events-dlq"),
            "priority": 1, "min_share": 0
        }]);
        let sources = serde_json::json!([{"bucket": "uploads", "prefix": "", "suffix": "", "lane": "default"}]);
        let layout = scenario.layout();
        let fastest = layout.max_starts_per_second();
        let (rate, burst) = match scenario.start_quota {
            Some(quota) => (quota.per_second.min(fastest), quota.burst),
            // So that the pipeline's own pace never counts.
            None => (fastest, 100_000.0),
        };
        [
            ("PIPELINE", "load".to_owned()),
            ("LEDGER_TABLE", LEDGER.to_owned()),
            ("LEDGER_ARN", LEDGER_ARN.to_owned()),
            ("LANES", lanes.to_string()),
            ("SOURCES", sources.to_string()),
            ("OUTCOMES_QUEUE_URL", url("outcomes")),
            ("OUTCOMES_DEAD_LETTER_QUEUE_URL", url("outcomes-dlq")),
            ("STATE_MACHINE_ARN", self.machine.clone()),
            ("ORDER", "none".to_owned()),
            ("EVENTS_PER_EXECUTION", scenario.per_execution.to_string()),
            ("INPUT_FORMAT", "objects".to_owned()),
            ("RETENTION_DAYS", "90".to_owned()),
            ("MAX_CONCURRENCY", layout.max_slots().to_string()),
            ("SLOT_PARTITIONS", layout.partitions().to_string()),
            ("STARTS_PER_SECOND", rate.to_string()),
            ("BURST", burst.to_string()),
            ("TICK_SECONDS", "56".to_owned()),
            ("SWEEP_AFTER_SECONDS", "300".to_owned()),
            ("SWEEP_PER_TICK", "50".to_owned()),
            ("EXECUTION_TIMEOUT_SECONDS", "0".to_owned()),
            ("MAX_ATTEMPTS", "3".to_owned()),
            ("BACKOFF_SECONDS", "30,300".to_owned()),
            ("STALE_AFTER_SECONDS", "86400".to_owned()),
            ("RECONCILE_MIN_AGE_SECONDS", "86400".to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (format!("SPILLWAY_{name}"), value))
        .collect()
    }

    /// Replaces the names in braces of a scenario's texts.
    pub fn fill_in(&self, text: &str, endpoint: &str) -> String {
        text.replace("{queue_url}", &queue_url(endpoint, self.events.name()))
            .replace("{queue_arn}", &self.events.arn())
            .replace("{table}", LEDGER)
            .replace("{semaphores}", SEMAPHORES)
            .replace("{machine_arn}", &self.machine)
            .replace("{outcomes_url}", &queue_url(endpoint, self.outcomes.name()))
    }

    /// Returns the ledger's rows in the API's JSON, by the number of the object.
    pub fn rows(&self) -> BTreeMap<u32, Value> {
        let items = self.aws.dynamodb().items(LEDGER).into_iter();
        let rows = items.filter(|item| !item["state"].is_null());
        rows.filter_map(|row| {
            let numbers = objects::named(row["pk"]["S"].as_str()?);
            Some((*numbers.first()?, row))
        })
        .collect()
    }

    /// Returns the executions that hold a slot.
    pub fn slots(&self) -> BTreeSet<String> {
        let items = self.aws.dynamodb().items(LEDGER).into_iter();
        let slots = items.filter(|item| {
            item["pk"]["S"]
                .as_str()
                .is_some_and(|pk| Shard::parse(pk).is_some())
        });
        slots
            .filter_map(|slot| slot["sk"]["S"].as_str().map(str::to_owned))
            .collect()
    }

    /// Notifies the queue of these objects as S3 does, each in a message of its own.
    pub fn upload(&self, numbers: impl Iterator<Item = u32>) {
        for number in numbers {
            self.events
                .inject(&objects::notification([number]).to_string());
        }
    }

    /// Notifies the queue of these objects in the words of `template`.
    pub fn upload_as(&self, template: &str, endpoint: &str, numbers: impl Iterator<Item = u32>) {
        let template = self.fill_in(template, endpoint);
        for number in numbers {
            self.events.inject(&objects::in_words_of(&template, number));
        }
    }

    /// Lets `dispatch` itself, in this process, start the objects of `numbers`, so that rows, slots
    /// and executions are as it leaves them.
    pub async fn start_in_process(
        &self,
        scenario: &Scenario,
        numbers: std::ops::Range<u32>,
    ) -> Result<(), Failure> {
        let executions = (numbers.end - numbers.start).div_ceil(scenario.per_execution);
        if executions == 0 {
            return Ok(());
        }
        self.upload(numbers);
        let before = self.aws.sfn().running().len();
        self.tick_in_process(scenario, executions).await?;
        let running = self.aws.sfn().running().len() - before;
        if running != executions as usize {
            return Err(unprepared(format!(
                "{running} executions run instead of {executions}"
            )));
        }
        // Reads all slots once more: DynamoDB's time for a page is in the latency, and the
        // engine's own time for it is not DynamoDB's.
        self.tick_in_process(scenario, 1).await
    }

    /// Runs a tick of `dispatch` in this process, which starts so many executions at most.
    async fn tick_in_process(&self, scenario: &Scenario, starts: u32) -> Result<(), Failure> {
        let mut environment = self.environment(scenario, "https://sqs.us-east-1.amazonaws.com");
        // A tick ends at once when it has made all its starts, instead of waiting for more
        // messages.
        for (name, value) in [
            (
                "SPILLWAY_STARTS_PER_SECOND",
                scenario.layout().max_starts_per_second().to_string(),
            ),
            ("SPILLWAY_BURST", "100000".to_owned()),
            ("SPILLWAY_STARTS_PER_TICK", starts.to_string()),
            ("SPILLWAY_TICK_SECONDS", PREPARING.as_secs().to_string()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        let config = dispatch::Config::from_environment(&|name| environment.get(name).cloned());
        let config = config.map_err(|error| unprepared(error.to_string()))?;
        let caller = self.aws.caller("preparing");
        let dispatch = Dispatch::new(config, Clients::with_http_client(caller.http_client()));
        let clock = Clock::system();
        let invocation = Invocation {
            token: "preparing".into(),
            clock,
            deadline: clock.now() + 2 * PREPARING.as_millis() as i64,
            tick: None,
        };
        let ended = Arc::new(dispatch).tick(invocation).await;
        if let Some(failure) = ended.failure {
            return Err(unprepared(failure.to_string()));
        }
        self.put_lease(scenario.layout());
        Ok(())
    }

    /// Writes the lease as ticks of long ago left it. Its bucket is full by now, and slots lie in
    /// the partitions that the scenario asks for. A ledger without a lease is a new pipeline's,
    /// whose first tick alone looks for slots in every layout.
    fn put_lease(&self, layout: Layout) {
        self.aws.dynamodb().put(
            LEDGER,
            serde_json::json!({
                "pk": {"S": "lease"}, "sk": {"S": "dispatch"}, "v": {"N": SCHEMA_VERSION.to_string()},
                "tokens": {"N": "0"}, "tokens_at": {"N": "0"},
                "slot_partitions": {"N": layout.partitions().to_string()}, "slot_partitions_at": {"N": "0"},
            }),
        );
    }
}

fn unprepared(problem: String) -> Failure {
    Failure::Scenario(format!("preparing it: {problem}"))
}

/// Returns a queue's URL: some SDKs take it for the endpoint itself.
fn queue_url(endpoint: &str, queue: &str) -> String {
    format!("{endpoint}/{}/{queue}", fake_aws::ACCOUNT)
}
