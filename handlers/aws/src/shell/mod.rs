//! The shell: it makes the calls that machines ask for. Alike calls that were submitted together
//! share requests; which call comes after which is not decided here.

mod drive;
mod ledger;
mod queues;

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::FutureExt;
use spillway::execution::answer::{Running, Start};
use spillway::execution::input::{self, InputFormat};
use spillway::protocol::CallId;
use spillway::protocol::call::{Answer, Call};
use spillway::protocol::terms::Pipeline;
use spillway::rules::order::Order;

use crate::clients::Clients;
use crate::clock::Clock;
use crate::environment::PipelineVariables;
use crate::error::AwsError;
use crate::ledger::Ledger;
use crate::queue::Queue;
use crate::workflow::{Describes, Lists, Starts};

pub use drive::{Guide, drive, patiently};

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Which machine's call, and which of its calls.
pub type Tag = (usize, CallId);

/// An answer, and why there is none.
#[derive(Debug)]
pub struct Answered {
    pub tag: Tag,
    pub answer: Answer,
    pub problem: Option<AwsError>,
}

/// A request under way, with the answers to all calls that share it.
pub type UnderWay<'a> = Pin<Box<dyn Future<Output = Vec<Answered>> + Send + 'a>>;

/// A pipeline's items, queues and executions, at the time of an invocation.
#[derive(Debug, Clone)]
pub struct Shell {
    parts: Arc<Parts>,
    pub clock: Clock,
}

impl Deref for Shell {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// The parts of a shell.
#[derive(Debug)]
pub struct Parts {
    pub pipeline: Pipeline,
    pub ledger: Ledger,
    /// By priority; at least one.
    pub lanes: Vec<LaneQueues>,
    pub outcomes: Option<Queue>,
    pub outcomes_dead_letters: Option<Queue>,
    /// The calls about executions that the function is allowed to make.
    pub starts: Option<Arc<dyn Starts>>,
    pub describes: Option<Arc<dyn Describes>>,
    pub lists: Option<Arc<dyn Lists>>,
    pub input_format: InputFormat,
    /// Days that finished rows are kept.
    pub retention_days: u32,
}

/// A lane's two queues.
#[derive(Debug, Clone)]
pub struct LaneQueues {
    pub events: Queue,
    pub dead_letters: Queue,
}

impl Parts {
    /// Returns the parts that every function has. The rest is as in a pipeline without an order
    /// whose function starts nothing.
    pub fn new(clients: &Clients, pipeline: &PipelineVariables) -> Self {
        let queue = |url: &str| Queue::new(clients.sqs.clone(), url.to_owned());
        let lanes = || pipeline.lanes.iter();
        Self {
            pipeline: Pipeline {
                arn: pipeline.ledger_arn.clone(),
                order: Order::None,
                lanes: lanes().map(|lane| lane.name.clone()).collect(),
                tenants: None,
            },
            ledger: Ledger::new(clients.dynamodb.clone(), pipeline.ledger_table.clone()),
            lanes: lanes()
                .map(|lane| LaneQueues {
                    events: queue(&lane.queue_url),
                    dead_letters: queue(&lane.dead_letter_queue_url),
                })
                .collect(),
            outcomes: None,
            outcomes_dead_letters: None,
            starts: None,
            describes: None,
            lists: None,
            input_format: InputFormat::default(),
            retention_days: 0,
        }
    }
}

impl Shell {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            clock: Clock::system(),
        }
    }

    /// Returns the same, with the clock of an invocation.
    pub fn at(&self, clock: Clock) -> Self {
        Self {
            parts: Arc::clone(&self.parts),
            clock,
        }
    }

    /// Makes calls that were submitted together. Each request is to be awaited.
    pub fn submit(&self, calls: Vec<(Tag, Call)>) -> Vec<UnderWay<'_>> {
        let mut requests: Vec<UnderWay<'_>> = Vec::new();
        let mut reads = ledger::Reads::default();
        let mut writes = ledger::Writes::default();
        let mut messages = queues::Messages::default();
        for (tag, call) in calls {
            match call {
                Call::Read { .. } | Call::ReadRows(_) | Call::ReadSlot(_) => reads.add(tag, call),
                Call::PutSlot {
                    unless_in: None, ..
                }
                | Call::Claim(_)
                | Call::Finish { .. }
                | Call::FreeSlot { .. }
                | Call::ForgetBatch(_) => writes.add(tag, call),
                Call::Send { .. } | Call::Delete { .. } | Call::Hide { .. } => {
                    messages.add(tag, call);
                }
                call => requests.push(self.one(tag, call).boxed()),
            }
        }
        reads.submit(self, &mut requests);
        writes.submit(self, &mut requests);
        messages.submit(self, &mut requests);
        requests
    }

    /// Makes a call that shares no request.
    async fn one(&self, tag: Tag, call: Call) -> Vec<Answered> {
        let result = match call {
            Call::Start {
                state_machine_arn,
                execution,
                load,
            } => {
                let arn = &self.pipeline.arn;
                let input = input::of(arn, self.input_format, &load.events, load.attempt);
                let now = self.clock.now();
                match &self.starts {
                    Some(starts) => {
                        let start = starts.start(&state_machine_arn, &execution, &input, now);
                        Ok(Answer::Start(start.await))
                    }
                    None => Ok(Answer::Start(Start::Unclear(
                        absent("StartExecution").to_string(),
                    ))),
                }
            }
            Call::Describe {
                state_machine_arn,
                execution,
            } => match &self.describes {
                Some(describes) => describes
                    .describe(&state_machine_arn, &execution)
                    .await
                    .map(Answer::Described),
                None => Err(absent("DescribeExecution")),
            },
            call => self.one_item(call).await,
        };
        vec![answered(tag, result)]
    }

    /// Lists a page of the executions of a state machine that run.
    pub async fn running(
        &self,
        state_machine_arn: &str,
        page: Option<String>,
    ) -> Result<Running, AwsError> {
        match &self.lists {
            Some(lists) => lists.running(state_machine_arn, page).await,
            None => Err(absent("ListExecutions")),
        }
    }

    /// Returns when a row that is finished now can be forgotten, in seconds since the Unix epoch.
    fn expires_at(&self) -> i64 {
        self.clock.now() / 1_000 + i64::from(self.retention_days) * SECONDS_PER_DAY
    }
}

/// Returns the error of a call that this function is not set up for.
fn absent(call: &'static str) -> AwsError {
    AwsError::Call {
        call,
        reason: "this function is not set up for it".into(),
    }
}

/// Returns the answer to a call.
fn answered(tag: Tag, result: Result<Answer, AwsError>) -> Answered {
    let (answer, problem) = match result {
        Ok(answer) => (answer, None),
        Err(problem @ AwsError::Ledger { .. }) => {
            (Answer::Unreadable(problem.to_string()), Some(problem))
        }
        Err(problem) => (Answer::Unclear, Some(problem)),
    };
    Answered {
        tag,
        answer,
        problem,
    }
}
