//! An AWS in the test's own process: SQS, Step Functions, DynamoDB and a little of S3 behind the
//! AWS SDK's HTTP seam.
//!
//! The real `aws-sdk-*` clients run against it: their serializing, signing, retrying and parsing
//! are real, only the socket is not there. Time is tokio's, so under `#[tokio::test(start_paused =
//! true)]` it is virtual, and everything the fake decides by chance follows one seed. It is meant
//! for a current-thread runtime.
//!
//! Every modelled behaviour is a row of `README.md`, with AWS's own words and the test that pins it
//! down.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use std::time::Duration;
//! use fake_aws::{Ending, EventRule, FakeAws, Fault, QueueConfig};
//!
//! let aws = FakeAws::new(7);
//! let outcomes = aws.sqs().create_queue(QueueConfig::named("outcomes"));
//! let machine = aws.sfn().create_state_machine("jobs", |_|
//! Ending::succeed(Duration::from_secs(30), "{}"));
//! aws.sfn().add_event_rule(EventRule::to(&outcomes));
//!
//! // One caller per invocation of a handler: its calls carry the name, and it can be made to
//! crash. let dispatch = aws.caller("dispatch-1"); aws.faults().after(|call| {
//!     if call.operation == "StartExecution" { Fault::LoseAnswer } else { Fault::None }
//! });
//! let start =
//! dispatch.sfn_client().start_execution().state_machine_arn(&machine).name("a").input("{}");
//! assert!(start.send().await.is_err(), "the answer was lost,");
//! tokio::time::sleep(Duration::from_secs(31)).await; assert_eq!(outcomes.messages().len(), 1, "the
//! execution was not"); assert_eq!(aws.calls_of("StartExecution").len(), 1); # }
//! ```

mod agenda;
mod caller;
mod calls;
mod clock;
mod dynamodb;
mod error;
mod faults;
mod http;
mod rng;
mod s3;
mod sfn;
mod sqs;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use caller::Caller;
pub use calls::{Answer, Call, CallCount, Capacity, Facts, Key, Service};
pub use clock::Clock;
pub use dynamodb::{DynamoDb, PartitionLimits};
pub use faults::{Fault, Faults};
pub use rng::Rng;
pub use s3::{ListedObject, S3};
pub use sfn::{Ending, EventRule, Execution, ExecutionResult, Refusal, Sfn, StartQuota, Status};
pub use sqs::{Gone, GoneHow, MessageView, Odds, Queue, QueueConfig, Redrive, Sqs, StoredMessage};

/// A sixth of a simulation's time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The account, and with it part of every ARN and queue URL.
pub const ACCOUNT: &str = "123456789012";
/// The Region of every ARN and queue URL.
pub const REGION: &str = "us-east-1";

/// The whole fake. Cheap to clone: every clone is the same AWS.
#[derive(Clone)]
pub struct FakeAws {
    world: Arc<World>,
}

/// The state that all parts share. No lock is ever held while another is taken, nor across an
/// await.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) agenda: Mutex<agenda::Agenda>,
    pub(crate) latency: Mutex<Latency>,
    pub(crate) calls: Mutex<calls::CallLog>,
    pub(crate) hooks: Mutex<faults::Hooks>,
    pub(crate) sqs: Mutex<sqs::SqsWorld>,
    pub(crate) sfn: Mutex<sfn::SfnWorld>,
    pub(crate) dynamodb: Mutex<dynamodb::DynamoWorld>,
    pub(crate) s3: Mutex<s3::S3World>,
}

/// How long a call is under way, without any fault: half before its effect, half after.
pub(crate) struct Latency {
    from: Duration,
    to: Duration,
    rng: Rng,
}

impl Latency {
    pub(crate) fn draw(&mut self) -> Duration {
        self.rng.duration(self.from, self.to)
    }
}

impl FakeAws {
    /// Returns an empty AWS. Must be made inside a tokio runtime, as its clock starts there.
    pub fn new(seed: u64) -> Self {
        Self::with_clock(seed, Clock::start())
    }

    /// Returns an empty AWS at this time, in milliseconds since the epoch: for callers that go by
    /// the machine's clock.
    pub fn beginning_at(seed: u64, now_ms: i64) -> Self {
        Self::with_clock(seed, Clock::start_at(now_ms))
    }

    fn with_clock(seed: u64, clock: Clock) -> Self {
        let rng = Rng::new(seed);
        Self {
            world: Arc::new(World {
                agenda: Mutex::default(),
                latency: Mutex::new(Latency {
                    from: Duration::ZERO,
                    to: Duration::ZERO,
                    rng: rng.fork("latency"),
                }),
                calls: Mutex::default(),
                hooks: Mutex::default(),
                sqs: Mutex::new(sqs::SqsWorld::new(rng.fork("sqs"))),
                sfn: Mutex::new(sfn::SfnWorld::new(rng.fork("sfn"))),
                dynamodb: Mutex::new(dynamodb::DynamoWorld::new(clock)),
                s3: Mutex::default(),
                clock,
            }),
        }
    }

    /// Returns virtual wall-clock time, for handlers and for assertions.
    pub fn clock(&self) -> Clock {
        self.world.clock
    }

    /// Lets every call take a time between `from` and `to`, drawn from the seed. Zero at first.
    pub fn set_latency(&self, from: Duration, to: Duration) {
        let mut latency = lock(&self.world.latency);
        latency.from = from;
        latency.to = to;
    }

    /// Returns SQS, from the operator's side.
    pub fn sqs(&self) -> Sqs {
        Sqs::new(self.world.clone())
    }

    /// Returns Step Functions, from the operator's side.
    pub fn sfn(&self) -> Sfn {
        Sfn::new(self.world.clone())
    }

    /// Returns DynamoDB, from the operator's side.
    pub fn dynamodb(&self) -> DynamoDb {
        DynamoDb::new(self.world.clone())
    }

    /// Returns S3, from the uploader's side.
    pub fn s3(&self) -> S3 {
        S3::new(self.world.clone())
    }

    /// Returns the fault seam: hooks around every call.
    pub fn faults(&self) -> Faults {
        Faults::new(self.world.clone())
    }

    /// Returns a caller: one per handler invocation, so that each can crash on its own.
    pub fn caller(&self, name: &str) -> Caller {
        Caller::new(self.world.clone(), name)
    }

    /// Returns the HTTP client of a caller named "test", for a handler that never crashes.
    pub fn http_client(&self) -> aws_smithy_runtime_api::client::http::SharedHttpClient {
        self.caller("test").http_client()
    }

    /// Returns a copy of all calls so far, in the order they were sent.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.world.calls).all().to_vec()
    }

    /// Returns a copy of the calls of one operation, such as "StartExecution".
    pub fn calls_of(&self, operation: &str) -> Vec<Call> {
        let log = lock(&self.world.calls);
        let of = log.all().iter().filter(|call| call.operation == operation);
        of.cloned().collect()
    }

    /// Returns how often each operation was called, also after [`FakeAws::forget_calls`].
    pub fn call_counts(&self) -> BTreeMap<String, CallCount> {
        lock(&self.world.calls).counts().clone()
    }

    /// Returns the DynamoDB capacity units consumed so far, also after [`FakeAws::forget_calls`].
    pub fn consumed_capacity(&self) -> Capacity {
        lock(&self.world.calls).capacity()
    }

    /// Counts calls from here on, but records none, for runs of many thousands.
    pub fn count_calls_only(&self) {
        lock(&self.world.calls).count_only();
    }

    /// Drops the recorded calls, to keep long simulations small. Counters stay.
    pub fn forget_calls(&self) {
        lock(&self.world.calls).forget();
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl std::fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeAws")
    }
}

/// Locks, also after a panic: an assertion that fails in one task must not hide behind the next
/// one's poisoned lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
