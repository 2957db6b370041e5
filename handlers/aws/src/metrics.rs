//! Metrics in CloudWatch's embedded metric format: one line on standard output per invocation.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde::Serialize;
use serde_json::{Map, Value, json};

use spillway::Millis;

/// The metrics' namespace.
pub const NAMESPACE: &str = "Spillway";

/// The line for one invocation, with the pipeline as the only dimension of its metrics.
///
/// A number of `counts` is a metric when it is not 0 or is one of `levels`. The others are only in the line: CloudWatch
/// charges for every metric that is reported within an hour, and sums need no zeros.
/// <https://aws.amazon.com/cloudwatch/pricing/>
pub fn line<T: Serialize>(pipeline: &str, counts: &T, levels: &[&str], now: Millis) -> String {
    let fields = match serde_json::to_value(counts) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let metrics: Vec<Value> = fields
        .iter()
        .filter(|(name, value)| match value.as_f64() {
            Some(number) => number != 0.0 || levels.contains(&name.as_str()),
            None => false,
        })
        .map(|(name, _)| json!({"Name": name, "Unit": unit(name)}))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".into(),
        json!({
            "Timestamp": now,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE, "Dimensions": [["Pipeline"]], "Metrics": metrics,
            }],
        }),
    );
    line.insert("Pipeline".into(), pipeline.into());
    line.extend(fields);
    Value::Object(line).to_string()
}

fn unit(name: &str) -> &'static str {
    if name.ends_with("Milliseconds") {
        "Milliseconds"
    } else {
        "Count"
    }
}

/// Prints the line; Lambda takes it from standard output.
pub fn emit<T: Serialize>(pipeline: &str, counts: &T, levels: &[&str], now: Millis) {
    println!("{}", line(pipeline, counts, levels, now));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Counts {
        started: u32,
        throttled: u32,
        duration_milliseconds: u64,
        free: Option<u32>,
        taken: Option<u32>,
    }

    #[test]
    fn the_line_is_an_embedded_metric() {
        let counts = Counts {
            started: 3,
            throttled: 0,
            duration_milliseconds: 12,
            free: None,
            taken: Some(0),
        };
        let levels = ["Free", "Taken"];
        let line = line("device-status", &counts, &levels, 1_000);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {"Timestamp": 1000, "CloudWatchMetrics": [{
                    "Namespace": "Spillway",
                    "Dimensions": [["Pipeline"]],
                    "Metrics": [
                        {"Name": "DurationMilliseconds", "Unit": "Milliseconds"},
                        {"Name": "Started", "Unit": "Count"},
                        {"Name": "Taken", "Unit": "Count"},
                    ],
                }]},
                "Pipeline": "device-status", "Started": 3, "Throttled": 0, "DurationMilliseconds": 12, "Free": null, "Taken": 0,
            })
        );
    }
}
