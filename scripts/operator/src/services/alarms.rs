//! CloudWatch: alarms.

use serde_json::{Value, json};

use super::api::{Api, ApiError, CLOUDWATCH, Request};

impl Api {
    /// How many alarms have names that begin so, and how many of them tell anybody.
    pub async fn alarms(&self, prefix: &str) -> Result<(usize, usize), ApiError> {
        let target = "GraniteServiceVersion20100801.DescribeAlarms";
        let body = json!({"AlarmNamePrefix": prefix, "MaxRecords": 100});
        let answer = self
            .call(Request::target(
                CLOUDWATCH,
                "1.0",
                target,
                "looking at the alarms",
                &body,
            ))
            .await?
            .json();
        let alarms = answer
            .get("MetricAlarms")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let tells = |alarm: &&Value| {
            let enabled = alarm
                .get("ActionsEnabled")
                .and_then(Value::as_bool)
                .unwrap_or(true);
            enabled
                && alarm
                    .get("AlarmActions")
                    .and_then(Value::as_array)
                    .is_some_and(|actions| !actions.is_empty())
        };
        Ok((alarms.len(), alarms.iter().filter(tells).count()))
    }
}
