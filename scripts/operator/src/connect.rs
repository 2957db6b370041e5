//! How AWS is reached: credentials and Region as the AWS CLI finds them, and a client for each
//! service.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::fault::Fault;
use crate::options::Access;
use crate::services::api::Api;

/// The longest that a call can take, its retries included.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The services that a person's questions go to.
#[derive(Debug, Clone)]
pub struct Connected {
    pub region: String,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sfn: aws_sdk_sfn::Client,
    pub sqs: aws_sdk_sqs::Client,
    /// Every other service.
    pub api: Api,
}

impl Connected {
    /// Finds credentials and Region: environment, profile, SSO, container, instance.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
    pub async fn new(access: &Access) -> Result<Self, Fault> {
        let connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
            .build();
        let connector = SharedHttpConnector::new(connector);
        let shared = connector.clone();
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
            .http_client(http_client_fn(move |_, _| shared.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            );
        if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
        }
        // As the AWS CLI's first version knows it; the SDK reads the other names by itself.
        let region = access.region.clone().or_else(|| {
            let unset = std::env::var_os("AWS_REGION").is_none();
            std::env::var("AWS_DEFAULT_REGION").ok().filter(|_| unset)
        });
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        if let Some(url) = &access.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self::with(loader.load().await, connector)
    }

    /// Clients of a configuration; tests give an AWS of their own.
    pub fn with(config: SdkConfig, http: SharedHttpConnector) -> Result<Self, Fault> {
        let region = config.region().ok_or_else(|| {
            Fault::usage(
                "no Region is given: use --region, AWS_REGION, or a profile with a Region (--profile)",
            )
        })?;
        Ok(Self {
            region: region.to_string(),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            api: Api { config, http },
        })
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = &self.api.config;
        let mut builder = aws_sdk_s3::config::Builder::from(config);
        // Another address than AWS's own knows no bucket by its host name.
        builder.set_force_path_style(config.endpoint_url().map(|_| true));
        aws_sdk_s3::Client::from_conf(builder.build())
    }

    /// Returns the caller's name, for the record.
    pub async fn who(&self) -> String {
        self.api.who().await
    }
}
