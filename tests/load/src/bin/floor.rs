//! The floor: a program that no correct system can beat.
//!
//! A bare loop on Lambda's runtime API that takes the messages of the pipeline's first lane, by 10.
//! It calls StartExecution for each, with the message's id for a name and its body, unread, for
//! input. Runtime, SDK, HTTP client and its settings are those of Spillway's handlers: it is built
//! from the same code. As in `dispatch`, up to 80 are under way at once.
//!
//! It is not correct. It deletes no message, so each comes again after its visibility timeout. It
//! keeps no ledger: it starts an event twice if its message comes twice. It has no limit of running
//! executions, and never learns the end of one. It does not read a message, and does not repeat a
//! start that fails. It does not pace itself, wait for a first message, or stop before a deadline.

use std::process::ExitCode;
use std::sync::Arc;

use aws::clients::Clients;
use aws::environment::{Environment, EnvironmentError};
use aws::error::AwsError;
use aws::invocation;
use aws_sdk_sqs::types::Message;
use aws_smithy_types::retry::RetryConfig;
use futures_util::future::join_all;
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde_json::Value;

/// Batches under way at once: of the messages that `dispatch` receives together, 4 times 20.
const BATCHES: usize = 8;
/// Messages of one receive: as many as SQS gives.
const MESSAGES: i32 = 10;

struct Floor {
    sqs: aws_sdk_sqs::Client,
    /// Repeats nothing, like the one of Spillway's handlers.
    sfn: aws_sdk_sfn::Client,
    queue_url: String,
    state_machine_arn: String,
}

#[derive(Default, Serialize)]
struct Counts {
    started: u32,
    failed: u32,
}

fn main() -> ExitCode {
    invocation::run(build, handle)
}

fn build(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Floor, EnvironmentError> {
    let clients = Clients::from_environment(lookup)?;
    let mut environment = Environment::new(lookup);
    let lanes = environment.lanes();
    let state_machine_arn =
        environment.text("SPILLWAY_STATE_MACHINE_ARN", "the state machine's ARN");
    environment.finish()?;
    let once = clients.sfn.config().to_builder();
    let once = once.retry_config(RetryConfig::disabled()).build();
    Ok(Floor {
        sqs: clients.sqs,
        sfn: aws_sdk_sfn::Client::from_conf(once),
        queue_url: lanes
            .into_iter()
            .map(|lane| lane.queue_url)
            .next()
            .unwrap_or_default(),
        state_machine_arn,
    })
}

async fn handle(floor: Arc<Floor>, _event: LambdaEvent<Value>) -> Result<Counts, AwsError> {
    let batches = (0..BATCHES).map(|_| floor.drain());
    let mut all = Counts::default();
    for counts in join_all(batches).await {
        let counts = counts?;
        all.started += counts.started;
        all.failed += counts.failed;
    }
    Ok(all)
}

impl Floor {
    /// Processes batch after batch, until nothing is there.
    async fn drain(&self) -> Result<Counts, AwsError> {
        let mut counts = Counts::default();
        loop {
            let receive = self.sqs.receive_message().queue_url(&self.queue_url);
            let received = receive.max_number_of_messages(MESSAGES).send().await;
            let received =
                received.map_err(|error| AwsError::call("receiving messages", &error))?;
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(counts);
            }
            for started in join_all(messages.into_iter().map(|message| self.start(message))).await {
                if started {
                    counts.started += 1;
                } else {
                    counts.failed += 1;
                }
            }
        }
    }

    async fn start(&self, message: Message) -> bool {
        let start = self
            .sfn
            .start_execution()
            .state_machine_arn(&self.state_machine_arn);
        let start = start.set_name(message.message_id).set_input(message.body);
        start.send().await.is_ok()
    }
}
