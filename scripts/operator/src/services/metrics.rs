//! CloudWatch: numbers by minute, or by a longer period.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spillway::Millis;

use super::api::{Api, ApiError, CLOUDWATCH, Request};

/// A metric with one dimension, and how its values of a period become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub id: String,
    pub namespace: &'static str,
    pub name: &'static str,
    pub dimension: (&'static str, String),
    pub statistic: &'static str,
    pub period: Millis,
}

impl Query {
    fn body(&self) -> Value {
        let (dimension, value) = &self.dimension;
        json!({"Id": self.id, "MetricStat": {
            "Metric": {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": [{"Name": dimension, "Value": value}]},
            "Period": self.period / 1_000, "Stat": self.statistic,
        }})
    }
}

/// Values by the query's id: when their period began, and the value.
pub type Points = BTreeMap<String, Vec<(Millis, f64)>>;

impl Api {
    /// Returns CloudWatch's values of these between two times.
    pub async fn metrics(
        &self,
        queries: &[Query],
        from: Millis,
        to: Millis,
    ) -> Result<Points, ApiError> {
        let queries: Vec<Value> = queries.iter().map(Query::body).collect();
        let mut page =
            json!({"MetricDataQueries": queries, "StartTime": from / 1_000, "EndTime": to / 1_000});
        let mut points = Points::new();
        // A page has 100,800 values.
        loop {
            let answer = self.metrics_page(&page, &mut points).await?;
            let Some(token) = answer.get("NextToken").and_then(Value::as_str) else {
                return Ok(points);
            };
            if let Some(page) = page.as_object_mut() {
                page.insert("NextToken".to_owned(), json!(token));
            }
        }
    }

    /// Adds a page of values. Returns CloudWatch's answer.
    async fn metrics_page(&self, body: &Value, points: &mut Points) -> Result<Value, ApiError> {
        let target = "GraniteServiceVersion20100801.GetMetricData";
        let call = "asking CloudWatch for the metrics";
        let answer = self
            .call(Request::target(CLOUDWATCH, "1.0", target, call, body))
            .await?
            .json();
        for result in answer
            .get("MetricDataResults")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let id = result
                .get("Id")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let code = result.get("StatusCode").and_then(Value::as_str);
            let goes_on = answer.get("NextToken").is_some();
            match code {
                None | Some("Complete") => {}
                Some("PartialData") if goes_on => {}
                Some(code) => {
                    return Err(ApiError {
                        call: call.to_owned(),
                        code: code.to_owned(),
                        reason: format!("{code}: CloudWatch could not read all of them: try again"),
                    });
                }
            }
            let times = result
                .get("Timestamps")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(time);
            let values = result
                .get("Values")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_f64);
            points.entry(id).or_default().extend(times.zip(values));
        }
        Ok(answer)
    }
}

/// Returns a time as a number of seconds, or as a text.
fn time(value: &Value) -> Option<Millis> {
    match value.as_f64() {
        Some(seconds) => Some((seconds * 1_000.0) as Millis),
        None => spillway::event::time::millis(value.as_str()?),
    }
}
