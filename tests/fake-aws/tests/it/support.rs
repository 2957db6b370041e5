//! Helpers that all tests share.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::Message;
use fake_aws::{FakeAws, Queue, QueueConfig};

/// A fake with one queue, "work".
pub struct OneQueue {
    pub aws: FakeAws,
    pub queue: Queue,
    pub sqs: Client,
}

pub fn one_queue(change: impl FnOnce(&mut QueueConfig)) -> OneQueue {
    let aws = FakeAws::new(1);
    let mut config = QueueConfig::named("work");
    change(&mut config);
    let queue = aws.sqs().create_queue(config);
    let sqs = aws.caller("test").sqs_client();
    OneQueue { aws, queue, sqs }
}

impl OneQueue {
    /// Makes one short poll for up to ten messages, and returns them.
    pub async fn receive(&self) -> Vec<Message> {
        let request = self.sqs.receive_message().queue_url(self.queue.url());
        let answer = request.max_number_of_messages(10).send().await;
        answer.expect("a receive").messages.unwrap_or_default()
    }

    pub async fn receive_one(&self) -> Message {
        self.receive().await.remove(0)
    }

    pub async fn delete(&self, message: &Message) {
        let request = self.sqs.delete_message().queue_url(self.queue.url());
        let handle = handle(message);
        request
            .receipt_handle(handle)
            .send()
            .await
            .expect("a delete");
    }

    /// Returns the bodies of the messages now in the queue, hidden ones too.
    pub fn bodies(&self) -> Vec<String> {
        let messages = self.queue.messages().into_iter();
        messages.map(|view| view.message.body).collect()
    }
}

pub fn handle(message: &Message) -> &str {
    message
        .receipt_handle()
        .expect("received messages have a handle")
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub async fn sleep(seconds: u64) {
    tokio::time::sleep(secs(seconds)).await;
}

/// Returns the error code of a call that must fail.
pub fn code<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> String {
    let error = result.err().expect("an error");
    error.code().expect("the error has a code").to_owned()
}
