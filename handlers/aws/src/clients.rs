//! The AWS clients, built once from the environment.
//!
//! `aws-config` is left out: a Lambda function finds region and credentials in its environment, and
//! the crate would add STS, SSO and half the start-up time.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use spillway::protocol::patience::CALL_WITHIN;

use super::conflict::RepeatConflicts;
use super::environment::{Environment, EnvironmentError};

/// The longest that a call can take, all its retries included. A tick must end well before its
/// deadline.
pub const CALL_TIMEOUT: Duration = Duration::from_millis(CALL_WITHIN.unsigned_abs());

/// The services a handler calls.
#[derive(Debug, Clone)]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sfn: aws_sdk_sfn::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// Clients for the region, credentials and endpoints that the environment names.
    pub fn from_environment(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        Connection::from_environment(lookup).map(|connection| connection.clients())
    }

    /// Clients over a given HTTP client; tests give an AWS of their own.
    pub fn with_http_client(http: SharedHttpClient) -> Self {
        Connection::with_http_client(http).clients()
    }
}

/// A service, by the name that variables have for it.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    DynamoDb,
    S3,
    Sfn,
    Sqs,
}

impl Service {
    const ALL: [Self; 4] = [Self::DynamoDb, Self::S3, Self::Sfn, Self::Sqs];

    fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DYNAMODB",
            Self::S3 => "S3",
            Self::Sfn => "SFN",
            Self::Sqs => "SQS",
        }
    }
}

/// The way to AWS: the settings that the clients of all services share, and their endpoints.
#[derive(Debug, Clone)]
pub struct Connection {
    config: SdkConfig,
    /// Those that are not AWS's own.
    endpoints: Vec<(Service, String)>,
}

impl Connection {
    /// Returns the region, credentials and endpoints that the environment names.
    ///
    /// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured, as in AWS's own SDKs.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub fn from_environment(
        lookup: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, EnvironmentError> {
        let lambda = "the one that Lambda provides, or your own when you run the handler elsewhere";
        let mut environment = Environment::new(lookup);
        let region = environment.text("AWS_REGION", lambda);
        let access_key = environment.text("AWS_ACCESS_KEY_ID", lambda);
        let secret_key = environment.text("AWS_SECRET_ACCESS_KEY", lambda);
        let session_token = environment.optional("AWS_SESSION_TOKEN", lambda);
        let use_fips: Option<bool> = environment.optional("AWS_USE_FIPS_ENDPOINT", "true or false");
        let use_dual_stack: Option<bool> =
            environment.optional("AWS_USE_DUALSTACK_ENDPOINT", "true or false");
        let mut endpoint = |service: Service| -> Option<(Service, String)> {
            let name = format!("AWS_ENDPOINT_URL_{}", service.name());
            let url: Option<String> = environment.optional(&name, "a URL");
            let url = url.or_else(|| environment.optional("AWS_ENDPOINT_URL", "a URL"));
            url.map(|url| (service, url))
        };
        let endpoints = Service::ALL.into_iter().filter_map(&mut endpoint).collect();
        environment.finish()?;

        let credentials =
            Credentials::new(access_key, secret_key, session_token, None, "environment");
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
            .build_https();
        let mut builder = config(http, &region, credentials).into_builder();
        builder
            .set_use_fips(use_fips)
            .set_use_dual_stack(use_dual_stack);
        Ok(Self {
            config: builder.build(),
            endpoints,
        })
    }

    /// Returns a connection over a given HTTP client; tests give an AWS of their own.
    pub fn with_http_client(http: SharedHttpClient) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "test");
        Self {
            config: config(http, "us-east-1", credentials),
            endpoints: Vec::new(),
        }
    }

    /// Returns the configuration for the client of a service.
    pub fn to(&self, service: Service) -> SdkConfig {
        let endpoint = self.endpoints.iter().find(|(of, _)| *of == service);
        let mut builder = self.config.clone().into_builder();
        builder.set_endpoint_url(endpoint.map(|(_, url)| url.clone()));
        builder.build()
    }

    pub fn clients(&self) -> Clients {
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&self.to(Service::DynamoDb))
            .retry_classifier(RepeatConflicts);
        // A poll is not cut off before its call is given up: SQS hands messages to it all the same,
        // and hides them.
        let mut sqs = self.to(Service::Sqs).into_builder();
        sqs.set_timeout_config(Some(
            TimeoutConfig::builder()
                .operation_timeout(CALL_TIMEOUT)
                .build(),
        ));
        Clients {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sfn: aws_sdk_sfn::Client::new(&self.to(Service::Sfn)),
            sqs: aws_sdk_sqs::Client::new(&sqs.build()),
        }
    }
}

/// Returns one HTTP client for all services: the root certificates are read once.
fn config(http: SharedHttpClient, region: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        // Pinned, so that an update of the SDK cannot change retries or timeouts unseen.
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(4)
                // The SDK's default of 1 s would idle a tick.
                .with_initial_backoff(Duration::from_millis(50))
                .with_max_backoff(Duration::from_secs(2)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(CALL_TIMEOUT)
                .operation_attempt_timeout(Duration::from_secs(5))
                .build(),
        )
        .build()
}
