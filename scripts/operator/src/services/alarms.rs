//! CloudWatch: alarms.

use serde_json::{Value, json};

use super::api::{Api, ApiError, CLOUDWATCH, Request};

impl Api {
    /// Returns how many alarms have names that begin so, and how many of them tell anybody,
    /// themselves or by a composite alarm.
    pub async fn alarms(&self, prefix: &str) -> Result<(usize, usize), ApiError> {
        let target = "GraniteServiceVersion20100801.DescribeAlarms";
        let body = json!({
            "AlarmNamePrefix": prefix, "MaxRecords": 100, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
        });
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
        let of = |kind: &str| answer.get(kind).and_then(Value::as_array).cloned();
        Ok(counted(
            &of("MetricAlarms").unwrap_or_default(),
            &of("CompositeAlarms").unwrap_or_default(),
        ))
    }
}

fn counted(alarms: &[Value], composites: &[Value]) -> (usize, usize) {
    let rules: Vec<&str> = composites
        .iter()
        .filter(|composite| acts(composite))
        .filter_map(|composite| composite.get("AlarmRule")?.as_str())
        .collect();
    let tells = |alarm: &&Value| {
        let name = alarm.get("AlarmName").and_then(Value::as_str);
        let named = |rule: &&str| name.is_some_and(|name| rule.contains(&format!("\"{name}\"")));
        acts(alarm) || rules.iter().any(named)
    };
    (alarms.len(), alarms.iter().filter(tells).count())
}

/// Returns whether it does anything when it begins.
fn acts(alarm: &Value) -> bool {
    let enabled = alarm
        .get("ActionsEnabled")
        .and_then(Value::as_bool)
        .unwrap_or(true);
    enabled
        && alarm
            .get("AlarmActions")
            .and_then(Value::as_array)
            .is_some_and(|actions| !actions.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_tells_by_its_own_action_or_by_a_composite_one() {
        let alarm =
            |name: &str, actions: &[&str]| json!({"AlarmName": name, "AlarmActions": actions});
        let alarms = [alarm("a", &[]), alarm("b", &["topic"]), alarm("c", &[])];
        assert_eq!(counted(&alarms, &[]), (3, 1));
        let rule = r#"ALARM("a") OR ALARM("b")"#;
        let composite = json!({"AlarmRule": rule, "AlarmActions": ["topic"]});
        assert_eq!(counted(&alarms, &[composite]), (3, 2));
        let silent = json!({"AlarmRule": rule, "AlarmActions": []});
        assert_eq!(counted(&alarms, &[silent]), (3, 1));
        let off = json!({"AlarmName": "d", "AlarmActions": ["topic"], "ActionsEnabled": false});
        assert_eq!(counted(&[off], &[]), (1, 0));
    }
}
