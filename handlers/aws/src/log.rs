//! Logging: JSON lines on standard output, which Lambda sends to CloudWatch Logs.

use tracing::level_filters::LevelFilter;

/// Sets up logging at the level in `AWS_LAMBDA_LOG_LEVEL`, else `INFO`. Call once, before anything
/// logs.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse::<LevelFilter>().ok())
        .unwrap_or(LevelFilter::INFO);
    // CloudWatch stamps each line; a second time would only cost bytes.
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .with_current_span(true)
        .with_span_list(false)
        .init();
}
