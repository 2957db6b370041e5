//! Metrics in CloudWatch's embedded metric format: one line on standard output per invocation.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde::Serialize;
use serde_json::{Map, Value, json};

use spillway::Millis;

/// The metrics' namespace.
pub const NAMESPACE: &str = "Spillway";
/// Numbers of one metric in one line, at most.
const VALUES: usize = 100;

/// Returns the line for one invocation, with the pipeline as the only dimension of its metrics.
///
/// A number of `counts` is a metric when it is not 0 or is one of `levels`. The others are only in
/// the line: CloudWatch charges for every metric that is reported within an hour, and sums need no
/// zeros.
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
        .map(|(name, _)| metric(name))
        .collect();
    embedded(pipeline, metrics, fields, now)
}

/// Returns the lines for values of an invocation, each a metric's list of numbers: as many lines as
/// the longest list needs.
pub fn value_lines<T: Serialize>(pipeline: &str, values: &T, now: Millis) -> Vec<String> {
    let lists = match serde_json::to_value(values) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let lists: Vec<(&String, &Vec<Value>)> = (lists.iter())
        .filter_map(|(name, values)| Some((name, values.as_array()?)))
        .collect();
    let longest = lists.iter().map(|(_, values)| values.len()).max();
    let lines = longest.unwrap_or_default().div_ceil(VALUES);
    let line = |number: usize| {
        let parts = lists.iter().filter_map(|(name, values)| {
            let part = values.chunks(VALUES).nth(number)?;
            Some(((*name).clone(), Value::from(part)))
        });
        let fields: Map<String, Value> = parts.collect();
        let metrics = fields.keys().map(|name| metric(name)).collect();
        embedded(pipeline, metrics, fields, now)
    };
    (0..lines).map(line).collect()
}

fn embedded(
    pipeline: &str,
    metrics: Vec<Value>,
    fields: Map<String, Value>,
    now: Millis,
) -> String {
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

fn metric(name: &str) -> Value {
    json!({"Name": name, "Unit": unit(name)})
}

fn unit(name: &str) -> &'static str {
    if name.ends_with("Milliseconds") {
        "Milliseconds"
    } else if name.ends_with("Seconds") {
        "Seconds"
    } else {
        "Count"
    }
}

/// Prints the line; Lambda takes it from standard output.
pub fn emit<T: Serialize>(pipeline: &str, counts: &T, levels: &[&str], now: Millis) {
    println!("{}", line(pipeline, counts, levels, now));
}

/// Prints the lines of values.
pub fn emit_values<T: Serialize>(pipeline: &str, values: &T, now: Millis) {
    for line in value_lines(pipeline, values, now) {
        println!("{line}");
    }
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

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Values {
        waited_seconds: Vec<u64>,
        failures: Vec<u64>,
    }

    #[test]
    fn values_come_a_hundred_in_a_line() {
        let values = Values {
            waited_seconds: (0..250).collect(),
            failures: vec![0, 1],
        };
        let lines = value_lines("device-status", &values, 1_000);
        let lines: Vec<Value> = (lines.iter())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let lengths = lines
            .iter()
            .map(|line| line["WaitedSeconds"].as_array().unwrap().len());
        assert_eq!(lengths.collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(lines[2]["WaitedSeconds"][49], 249);
        let metrics = |line: &Value| line["_aws"]["CloudWatchMetrics"][0]["Metrics"].clone();
        let waited = json!({"Name": "WaitedSeconds", "Unit": "Seconds"});
        let failures = json!({"Name": "Failures", "Unit": "Count"});
        assert_eq!(metrics(&lines[0]), json!([failures, waited]));
        assert_eq!(metrics(&lines[1]), json!([waited]));
        assert_eq!(lines[0]["Failures"], json!([0, 1]));
    }

    #[test]
    fn no_values_are_no_line() {
        let values = Values {
            waited_seconds: Vec::new(),
            failures: Vec::new(),
        };
        assert_eq!(value_lines("device-status", &values, 1_000), [""; 0]);
    }
}
