//! The decisions of the checks of an installation.

use serde::Serialize;
use serde_json::Value;

use crate::pipeline::{of_another_release, release_of};

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Result {
    Fault,
    Warning,
    /// It could not be looked at.
    Unknown,
    Fine,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub check: &'static str,
    pub result: Result,
    pub what: String,
    pub remedy: Option<String>,
}

pub fn fine(check: &'static str, what: impl Into<String>) -> Check {
    Check {
        check,
        result: Result::Fine,
        what: what.into(),
        remedy: None,
    }
}

pub fn fault(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check {
        check,
        result: Result::Fault,
        what: what.into(),
        remedy: Some(remedy.into()),
    }
}

pub fn warning(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Check {
    Check {
        result: Result::Warning,
        ..fault(check, what, remedy)
    }
}

pub fn unknown(check: &'static str, why: impl ToString) -> Check {
    Check {
        check,
        result: Result::Unknown,
        what: format!("not looked at: {}", why.to_string()),
        remedy: None,
    }
}

/// Versions of the handlers, from their functions' descriptions such as `Spillway dispatch 0.1.0`.
pub fn versions(described: &[(String, Option<String>)], own: &str) -> Check {
    const CHECK: &str = "versions";
    let found: Vec<(&str, &str)> = described
        .iter()
        .filter_map(|(function, description)| {
            Some((function.as_str(), release_of(description.as_deref()?)?))
        })
        .collect();
    let Some((_, first)) = found.first().copied() else {
        return unknown(CHECK, "no function says of which release it is");
    };
    let list: Vec<String> = found
        .iter()
        .map(|(function, version)| format!("{function} {version}"))
        .collect();
    if found.iter().any(|(_, version)| *version != first) {
        let what = format!("the handlers are of several releases: {}", list.join(", "));
        return fault(CHECK, what, "terraform apply, which updates all of them");
    }
    if let Some(what) = of_another_release(first, own) {
        return warning(CHECK, what, format!("take `spillway` of release {first}"));
    }
    fine(
        CHECK,
        format!("all handlers and this program are of release {first}"),
    )
}

/// Returns the buckets that are allowed to send to a queue, by the queue's policy: S3's statements
/// name them.
pub fn buckets(policy: &str) -> Vec<String> {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let mut buckets = Vec::new();
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        one => one.into_iter().cloned().collect(),
    };
    for statement in &statements {
        let principal = statement
            .pointer("/Principal/Service")
            .map(Value::to_string)
            .unwrap_or_default();
        if !principal.contains("s3.amazonaws.com") {
            continue;
        }
        let conditions = statement
            .get("Condition")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (_, condition) in conditions {
            for (key, arns) in condition.as_object().into_iter().flatten() {
                if !key.eq_ignore_ascii_case("aws:SourceArn") {
                    continue;
                }
                let arns = match arns {
                    Value::Array(arns) => arns.clone(),
                    one => vec![one.clone()],
                };
                let names = arns
                    .iter()
                    .filter_map(|arn| arn.as_str()?.rsplit(':').next().map(str::to_owned));
                buckets.extend(names);
            }
        }
    }
    buckets.sort();
    buckets.dedup();
    buckets
}

/// One entry of a bucket's notification configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    /// The name of the queue, function or topic.
    pub to: String,
}

/// Checks that a bucket notifies the pipeline, and that nothing else claims its one notification
/// configuration.
pub fn notifications(
    pipeline: &str,
    bucket: &str,
    entries: &[Entry],
    eventbridge: bool,
) -> Vec<Check> {
    const CHECK: &str = "notifications";
    let ours = |entry: &&Entry| entry.to.starts_with(&format!("{pipeline}_"));
    let own = entries.iter().filter(ours).count();
    let mut checks = Vec::new();
    let mut others: Vec<&str> = entries
        .iter()
        .filter(|entry| !ours(entry))
        .filter_map(|entry| {
            entry
                .id
                .split_once("_on_")
                .map(|(name, _)| name)
                .filter(|name| *name != pipeline)
        })
        .collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        checks.push(warning(
            CHECK,
            format!("{bucket} also notifies {}: a bucket has one notification configuration, and an apply of either can take the other's away", others.join(", ")),
            "let one stack own it: notification = \"external\" in the others, and examples/shared-bucket",
        ));
    }
    if own > 0 {
        checks.push(fine(
            CHECK,
            format!(
                "{bucket}: {own} of {} entries are for {pipeline}",
                entries.len()
            ),
        ));
    } else if eventbridge {
        checks.push(fine(
            CHECK,
            format!("{bucket} tells EventBridge, whose rules do the rest"),
        ));
    } else {
        checks.push(fault(
            CHECK,
            format!("{bucket} may send to {pipeline}, and its notification configuration has no entry for it: no event comes"),
            "terraform apply; or, with notification = \"external\", let the bucket's owner add the entries of the output bucket_notifications",
        ));
    }
    checks
}

/// The limits of the account, beside the pace.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quotas {
    /// StartExecution calls a second.
    pub starts_per_second: Option<f64>,
    pub open_executions: Option<f64>,
    /// Invocations of all functions at once that nothing is reserved for.
    pub unreserved_concurrency: Option<i64>,
}

/// Returns whether the quotas allow the pace.
pub fn quotas(quotas: &Quotas, starts_per_second: f64, max_concurrency: u32) -> Vec<Check> {
    const CHECK: &str = "quotas";
    let mut checks = Vec::new();
    if let Some(quota) = quotas.starts_per_second {
        checks.push(if quota < starts_per_second {
            warning(
                CHECK,
                format!("the account starts {quota} executions a second, and the pace is {starts_per_second}: starts will be throttled"),
                "lower pace.starts_per_second, or ask AWS for more (Step Functions, StartExecution)",
            )
        } else {
            fine(CHECK, format!("StartExecution: {quota} a second, for a pace of {starts_per_second}"))
        });
    }
    if let Some(quota) = quotas.open_executions {
        checks.push(if quota < f64::from(max_concurrency) {
            warning(
                CHECK,
                format!(
                    "the account has {quota} open executions, and the limit is {max_concurrency}"
                ),
                "lower pace.max_concurrency, or ask AWS for more (Step Functions, open executions)",
            )
        } else {
            fine(
                CHECK,
                format!("open executions: {quota}, for a limit of {max_concurrency}"),
            )
        });
    }
    match quotas.unreserved_concurrency {
        Some(unreserved) if unreserved < 10 => checks.push(warning(
            CHECK,
            format!("Lambda has {unreserved} invocations at once that nothing is reserved for: dispatch and settle can be throttled"),
            "reserve for dispatch (handlers.dispatch.reserved_concurrency), or ask AWS for more (Lambda, concurrent executions)",
        )),
        Some(unreserved) => checks.push(fine(CHECK, format!("Lambda: {unreserved} invocations at once that nothing is reserved for"))),
        None => {}
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(versions: &[&str]) -> Vec<(String, Option<String>)> {
        let named = ["dispatch", "settle", "ingest"].iter().zip(versions);
        named
            .map(|(handler, version)| {
                (
                    format!("p_{handler}"),
                    Some(format!("Spillway {handler} {version}")),
                )
            })
            .collect()
    }

    #[test]
    fn versions_must_be_the_same() {
        assert_eq!(
            versions(&described(&["1.2.0", "1.2.0"]), "1.2.0").result,
            Result::Fine
        );
        assert_eq!(
            versions(&described(&["1.2.0", "1.2.0"]), "1.3.0").result,
            Result::Warning
        );
        let several = versions(&described(&["1.2.0", "1.1.0"]), "1.2.0");
        assert_eq!(
            (several.result, several.what.contains("p_settle 1.1.0")),
            (Result::Fault, true)
        );
        assert_eq!(versions(&[("x".into(), None)], "1").result, Result::Unknown);
    }

    #[test]
    fn buckets_are_read_from_the_queues_policy() {
        let policy = r#"{"Statement": [
            {"Principal": {"Service": "s3.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::uploads"},
             "StringEquals": {"aws:SourceAccount": "1"}}},
            {"Principal": {"Service": ["s3.amazonaws.com"]}, "Condition": {"ArnEquals": {"aws:SourceArn": ["arn:aws:s3:::a", "arn:aws:s3:::uploads"]}}},
            {"Principal": {"Service": "events.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:r:1:rule/x"}}},
            {"Principal": "*", "Effect": "Deny"}]}"#;
        assert_eq!(buckets(policy), ["a", "uploads"]);
        assert!(buckets("").is_empty());
    }

    fn entry(id: &str, to: &str) -> Entry {
        Entry {
            id: id.into(),
            to: to.into(),
        }
    }

    #[test]
    fn another_pipeline_on_the_bucket_is_told() {
        let own = entry("p_on_uploads_status", "p_events_default");
        let checks = notifications(
            "p",
            "b",
            &[
                own.clone(),
                entry("other_on_uploads_x", "other_events_default"),
            ],
            false,
        );
        assert_eq!(checks[0].result, Result::Warning);
        assert!(
            checks[0].what.contains("also notifies other"),
            "{}",
            checks[0].what
        );
        assert_eq!(checks[1].what, "b: 1 of 2 entries are for p");
        // An entry of a person's own is nobody's pipeline.
        assert_eq!(
            notifications("p", "b", &[own, entry("mine", "my-queue")], false).len(),
            1
        );
    }

    #[test]
    fn a_bucket_without_an_entry_is_a_fault_unless_eventbridge_is_told() {
        assert_eq!(notifications("p", "b", &[], false)[0].result, Result::Fault);
        assert_eq!(notifications("p", "b", &[], true)[0].result, Result::Fine);
    }

    #[test]
    fn the_pace_is_compared_with_the_quotas() {
        let low = Quotas {
            starts_per_second: Some(10.0),
            open_executions: Some(50.0),
            unreserved_concurrency: Some(5),
        };
        let results = |quotas_: &Quotas| {
            quotas(quotas_, 25.0, 100)
                .iter()
                .map(|check| check.result)
                .collect::<Vec<_>>()
        };
        assert_eq!(results(&low), [Result::Warning; 3]);
        let high = Quotas {
            starts_per_second: Some(300.0),
            open_executions: Some(1e6),
            unreserved_concurrency: Some(900),
        };
        assert_eq!(results(&high), [Result::Fine; 3]);
        assert!(quotas(&Quotas::default(), 25.0, 100).is_empty());
    }
}
