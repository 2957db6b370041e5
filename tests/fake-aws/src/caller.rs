//! The caller: a handler's invocation, or the test itself.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use tokio::sync::watch;

use crate::{REGION, World};

/// One process, as AWS sees it. Cheap to clone; clones crash together.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) world: Arc<World>,
    name: Arc<str>,
    crashed: watch::Sender<bool>,
}

/// One client of each service is built the same way.
macro_rules! client {
    ($self:ident, $sdk:ident) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version_latest()
                .region($sdk::config::Region::new(REGION))
                .credentials_provider(Credentials::from_keys("AKIAFAKE", "secret", None))
                .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
                .retry_config(RetryConfig::disabled())
                // A long poll during which other things happen is not a connection that stalls.
                .stalled_stream_protection($sdk::config::StalledStreamProtectionConfig::disabled())
                .http_client($self.http_client())
                .build(),
        )
    };
}

impl Caller {
    pub(crate) fn new(world: Arc<World>, name: &str) -> Self {
        Self {
            world,
            name: name.into(),
            crashed: watch::Sender::new(false),
        }
    }

    /// Returns the name its calls are recorded under.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Resolves when this caller has crashed: race the handler's future against it, and drop the
    /// loser.
    pub async fn crashed(&self) {
        let mut crashed = self.crashed.subscribe();
        // It cannot fail: self holds a sender.
        let _ = crashed.wait_for(|crashed| *crashed).await;
    }

    /// Returns whether this caller has crashed.
    pub fn is_crashed(&self) -> bool {
        *self.crashed.borrow()
    }

    /// Kills the caller: no call of it is answered from now on.
    pub fn crash(&self) {
        self.crashed.send_replace(true);
    }

    /// Returns an SQS client without retries, for the test's own messages and looks.
    pub fn sqs_client(&self) -> aws_sdk_sqs::Client {
        client!(self, aws_sdk_sqs)
    }

    /// Returns a Step Functions client without retries.
    pub fn sfn_client(&self) -> aws_sdk_sfn::Client {
        client!(self, aws_sdk_sfn)
    }

    /// Returns an S3 client without retries.
    pub fn s3_client(&self) -> aws_sdk_s3::Client {
        client!(self, aws_sdk_s3)
    }

    /// Returns a DynamoDB client without retries.
    pub fn dynamodb_client(&self) -> aws_sdk_dynamodb::Client {
        client!(self, aws_sdk_dynamodb)
    }
}
