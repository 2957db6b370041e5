//! The environment of the program.

use std::collections::BTreeMap;

use crate::pipeline::{FUNCTION, Pipeline};
use crate::scenario::Scenario;
use crate::scratch::Scratch;

/// The variables of the machine that programs need to find each other and their files.
const KEPT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// Returns Lambda's variables, the pipeline's, and over them the scenario's.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
pub fn of(
    scenario: &Scenario,
    pipeline: &Pipeline,
    endpoint: &str,
    runtime_api: &str,
    scratch: &Scratch,
) -> BTreeMap<String, String> {
    let kept = KEPT
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let mut environment: BTreeMap<String, String> = kept.collect();
    let log_stream = "2026/11/23/[$LATEST]00000000000000000000000000000001";
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", fake_aws::REGION),
        ("AWS_DEFAULT_REGION", fake_aws::REGION),
        ("AWS_ACCESS_KEY_ID", "ASIALOADLOADLOADLOAD"),
        ("AWS_SECRET_ACCESS_KEY", "nothing checks it"),
        ("AWS_SESSION_TOKEN", "nothing checks it"),
        ("AWS_LAMBDA_FUNCTION_NAME", FUNCTION),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/load-function"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("TZ", ":UTC"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    if scenario.tls {
        let file = scratch.certificate().display().to_string();
        for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            environment.insert(name.to_owned(), file.clone());
        }
    }
    environment.extend(pipeline.environment(scenario, endpoint));
    let own = scenario.environment.iter();
    environment.extend(own.map(|(name, value)| (name.clone(), pipeline.fill_in(value, endpoint))));
    environment
}
