//! EventBridge: rules and their targets.

use serde_json::{Value, json};

use super::api::{Api, ApiError, EVENTS, Request};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub enabled: bool,
    pub schedule: Option<String>,
    pub pattern: Option<String>,
}

impl Rule {
    fn of(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: text("Name").unwrap_or_default(),
            enabled: text("State").is_some_and(|state| state.starts_with("ENABLED")),
            schedule: text("ScheduleExpression"),
            pattern: text("EventPattern"),
        }
    }
}

impl Api {
    async fn events(&self, action: &str, call: String, body: &Value) -> Result<Value, ApiError> {
        let target = format!("AWSEvents.{action}");
        Ok(self
            .call(Request::target(EVENTS, "1.1", &target, call, body))
            .await?
            .json())
    }

    /// Returns a rule; `None`: there is no such rule.
    pub async fn rule(&self, name: &str) -> Result<Option<Rule>, ApiError> {
        match self
            .events(
                "DescribeRule",
                format!("looking at the rule {name}"),
                &json!({"Name": name}),
            )
            .await
        {
            Ok(answer) => Ok(Some(Rule::of(&answer))),
            Err(error) if error.code == "ResourceNotFoundException" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Enables or disables a rule.
    pub async fn switch_rule(&self, name: &str, on: bool) -> Result<(), ApiError> {
        let (action, verb) = match on {
            true => ("EnableRule", "enabling"),
            false => ("DisableRule", "disabling"),
        };
        let call = format!("{verb} the rule {name}");
        self.events(action, call, &json!({"Name": name})).await?;
        Ok(())
    }

    /// Returns the rules whose names begin with this prefix.
    pub async fn rules(&self, prefix: &str) -> Result<Vec<Rule>, ApiError> {
        let (mut rules, mut next) = (Vec::new(), None::<String>);
        loop {
            let mut body = json!({"NamePrefix": prefix});
            if let Some(next) = &next {
                body = json!({"NamePrefix": prefix, "NextToken": next});
            }
            let answer = self
                .events("ListRules", format!("listing the rules {prefix}*"), &body)
                .await?;
            rules.extend(
                answer
                    .get("Rules")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .map(Rule::of),
            );
            next = answer
                .get("NextToken")
                .and_then(Value::as_str)
                .map(str::to_owned);
            if next.is_none() {
                return Ok(rules);
            }
        }
    }

    /// Returns the ARNs of a rule's targets.
    pub async fn targets(&self, rule: &str) -> Result<Vec<String>, ApiError> {
        let call = format!("looking at the targets of {rule}");
        let answer = self
            .events("ListTargetsByRule", call, &json!({"Rule": rule}))
            .await?;
        let targets = answer
            .get("Targets")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        Ok(targets
            .filter_map(|target| target.get("Arn").and_then(Value::as_str).map(str::to_owned))
            .collect())
    }
}
