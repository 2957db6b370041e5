//! Looks at a pipeline: all calls side by side. Parts without permission are named.

use aws::error::AwsError;
use aws::metrics::NAMESPACE;
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::join_all;
use serde_json::Value;
use spillway::Millis;
use spillway::record::deferred::Named;

use super::seen::{LogLine, MINUTES, Metrics, QueueSeen, Schedule, Seen, Stage};
use crate::connect::Connected;
use crate::fault::{Fault, code};
use crate::pipeline::Pipeline;
use crate::services::metrics::Query;
use crate::time;

const MINUTE: Millis = 60_000;
/// Minutes of the log that are looked through.
const LOG_MINUTES: Millis = 10;

/// Looks at a pipeline once.
pub async fn gather(connected: &Connected, pipeline: &Pipeline) -> Result<Seen, Fault> {
    let now = time::now();
    let ledger = &pipeline.ledger;
    let (steering, lease, slots, queues, schedule, dispatch, settle, mapped, metrics, tenants) = tokio::join!(
        ledger.steering(),
        ledger.lease_seen(),
        ledger.slots_seen(),
        queues(connected, pipeline),
        schedule(connected, pipeline),
        reserved(connected, pipeline, "dispatch"),
        reserved(connected, pipeline, "settle"),
        mapped(connected, pipeline),
        metrics(connected, pipeline, now),
        tenants(pipeline),
    );
    let mut unknown = Vec::new();
    let mut known = |answer: Result<(), Fault>| {
        if let Err(fault) = answer {
            unknown.push(fault.to_string());
        }
    };
    let mut seen = Seen {
        now,
        lease: lease?,
        slots: slots?,
        queues: queues?,
        ..Seen::default()
    };
    match steering {
        Ok(steering) => seen.steering = Some(Ok(steering)),
        Err(problem @ AwsError::Ledger { .. }) => seen.steering = Some(Err(problem.to_string())),
        Err(problem) => return Err(problem.into()),
    }
    known(schedule.map(|schedule| seen.schedule = Some(schedule)));
    known(dispatch.map(|reserved| seen.reserved = reserved));
    known(settle.map(|reserved| seen.settle.reserved = reserved));
    known(mapped.map(|mapped| seen.settle.mapped = mapped));
    known(metrics.map(|metrics| seen.metrics = Some(metrics)));
    known(tenants.map(|tenants| seen.tenants = tenants));
    // Only if there can be something to read.
    let errors = seen
        .metrics
        .as_ref()
        .is_none_or(|metrics| metrics.errors > 0);
    if errors && seen.waiting() > 0
        || seen
            .metrics
            .as_ref()
            .is_some_and(|metrics| metrics.errors > 0)
    {
        known(
            last_problem(connected, pipeline, "dispatch", now)
                .await
                .map(|line| seen.last_problem = line),
        );
    }
    if seen
        .metrics
        .as_ref()
        .is_some_and(|metrics| metrics.settle_errors > 0)
    {
        known(
            last_problem(connected, pipeline, "settle", now)
                .await
                .map(|line| seen.settle.last_problem = line),
        );
    }
    seen.unknown = unknown;
    Ok(seen)
}

/// Returns which tenants wait; `None`: tenants are not bounded. Events that waited when the bound
/// was removed are started later.
async fn tenants(pipeline: &Pipeline) -> Result<Option<Vec<Named>>, Fault> {
    let waiting = pipeline.ledger.tenant_queues().await?;
    let are_bounded = pipeline.config.tenants.is_some();
    Ok(Some(waiting).filter(|waiting| are_bounded || !waiting.is_empty()))
}

/// Returns the queues that a pipeline can have, by stage and lane.
pub fn queue_names(pipeline: &Pipeline) -> Vec<(Stage, Option<String>, String)> {
    let names = &pipeline.names;
    let mut queues = Vec::new();
    for lane in pipeline.lanes() {
        let of = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
        let name = Some(lane.name.clone());
        queues.push((Stage::Events, name.clone(), of(&lane.queue_url)));
        queues.push((
            Stage::EventsDead,
            name.clone(),
            of(&lane.dead_letter_queue_url),
        ));
        queues.push((Stage::RulesDead, name, names.rules_dlq(&lane.name)));
    }
    queues.push((Stage::Outcomes, None, names.outcomes()));
    queues.push((Stage::OutcomesDead, None, names.outcomes_dlq()));
    queues.push((Stage::IngestFailures, None, names.ingest_failures()));
    queues.push((Stage::ReconcileFailures, None, names.reconcile_failures()));
    queues
}

/// Returns the queues that there are, with SQS's numbers.
pub async fn queues(connected: &Connected, pipeline: &Pipeline) -> Result<Vec<QueueSeen>, Fault> {
    let asked = queue_names(pipeline)
        .into_iter()
        .map(|(stage, lane, name)| async move {
            let url = pipeline.queue_url(&name);
            let answer = connected
                .sqs
                .get_queue_attributes()
                .queue_url(&url)
                .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
                .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
                .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if is_no_queue(code(&error)) => return Ok(None),
                Err(error) => {
                    return Err(Fault::call(
                        &format!("asking for the size of {name}"),
                        &error,
                    ));
                }
            };
            let attributes = answer.attributes.unwrap_or_default();
            let number = |of: &QueueAttributeName| {
                attributes
                    .get(of)
                    .and_then(|it| it.parse().ok())
                    .unwrap_or_default()
            };
            Ok(Some(QueueSeen {
                waiting: number(&QueueAttributeName::ApproximateNumberOfMessages),
                in_flight: number(&QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
                delayed: number(&QueueAttributeName::ApproximateNumberOfMessagesDelayed),
                stage,
                lane,
                name,
                url,
            }))
        });
    let found: Result<Vec<Option<QueueSeen>>, Fault> = join_all(asked).await.into_iter().collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Returns whether SQS's code says that there is no such queue: by either of its two protocols.
pub fn is_no_queue(code: &str) -> bool {
    code.ends_with("NonExistentQueue") || code.ends_with("QueueDoesNotExist")
}

async fn schedule(connected: &Connected, pipeline: &Pipeline) -> Result<Option<Schedule>, Fault> {
    let rule = connected.api.rule(&pipeline.names.tick_rule()).await?;
    Ok(rule.map(|rule| Schedule {
        enabled: rule.enabled,
        expression: rule.schedule.unwrap_or_default(),
    }))
}

async fn reserved(
    connected: &Connected,
    pipeline: &Pipeline,
    handler: &str,
) -> Result<Option<u32>, Fault> {
    Ok(connected
        .api
        .reserved_concurrency(&pipeline.names.function(handler))
        .await?)
}

/// Returns whether outcomes are handed to `settle`.
async fn mapped(connected: &Connected, pipeline: &Pipeline) -> Result<Option<bool>, Fault> {
    Ok(connected
        .api
        .mapped(&pipeline.names.function("settle"))
        .await?)
}

async fn metrics(
    connected: &Connected,
    pipeline: &Pipeline,
    now: Millis,
) -> Result<Metrics, Fault> {
    let dispatch = pipeline.names.function("dispatch");
    let settle = pipeline.names.function("settle");
    let outcomes = pipeline.names.outcomes();
    let began = now - now.rem_euclid(MINUTE) - (MINUTES as Millis - 1) * MINUTE;
    let lanes = pipeline.lanes().iter();
    let aged: Vec<&str> = lanes
        .filter_map(|lane| lane.queue_url.rsplit('/').next())
        .chain([outcomes.as_str()])
        .collect();
    let query = |id: &str, namespace, name, dimension, of: &str, statistic| Query {
        id: id.to_owned(),
        namespace,
        name,
        dimension: (dimension, of.to_owned()),
        statistic,
        period: MINUTE,
    };
    let mut queries = vec![
        query(
            "started",
            NAMESPACE,
            "Started",
            "Pipeline",
            pipeline.name(),
            "Sum",
        ),
        query(
            "backlog",
            NAMESPACE,
            "Backlog",
            "Pipeline",
            pipeline.name(),
            "Maximum",
        ),
        query(
            "errors",
            "AWS/Lambda",
            "Errors",
            "FunctionName",
            &dispatch,
            "Sum",
        ),
        query(
            "throttles",
            "AWS/Lambda",
            "Throttles",
            "FunctionName",
            &dispatch,
            "Sum",
        ),
        query(
            "settle_errors",
            "AWS/Lambda",
            "Errors",
            "FunctionName",
            &settle,
            "Sum",
        ),
        query(
            "settle_throttles",
            "AWS/Lambda",
            "Throttles",
            "FunctionName",
            &settle,
            "Sum",
        ),
    ];
    queries.extend(aged.iter().enumerate().map(|(index, queue)| {
        let id = format!("age{index}");
        query(
            &id,
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            "QueueName",
            queue,
            "Maximum",
        )
    }));
    let to = now - now.rem_euclid(MINUTE) + MINUTE;
    let values = connected.api.metrics(&queries, began, to).await?;
    let points = |id: &str| values.get(id).cloned().unwrap_or_default();
    let by_minute = |id: &str| {
        let mut minutes = vec![0; MINUTES];
        for (at, value) in points(id) {
            let minute = usize::try_from((at - began) / MINUTE).unwrap_or(MINUTES);
            if let Some(minute) = minutes.get_mut(minute) {
                *minute += value as u64;
            }
        }
        minutes
    };
    let started = by_minute("started").into_iter();
    let lately = |id: &str| {
        points(id)
            .iter()
            .filter(|(at, _)| now - at < 6 * MINUTE)
            .map(|(_, value)| value)
            .sum::<f64>() as u32
    };
    let newest = |id: String| {
        points(&id)
            .into_iter()
            .max_by_key(|(at, _)| *at)
            .map(|(_, value)| value as u64)
    };
    let oldest = aged
        .iter()
        .enumerate()
        .filter_map(|(index, queue)| Some(((*queue).to_owned(), newest(format!("age{index}"))?)));
    Ok(Metrics {
        started: started.map(|number| number as u32).collect(),
        backlog: by_minute("backlog"),
        errors: lately("errors"),
        throttles: lately("throttles"),
        settle_errors: lately("settle_errors"),
        settle_throttles: lately("settle_throttles"),
        oldest: oldest.collect(),
    })
}

/// A handler's lines are JSON.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
const PROBLEMS: &str = r#"{ ($.level = "WARN") || ($.level = "ERROR") }"#;

/// Returns the last warning or error in a handler's log.
async fn last_problem(
    connected: &Connected,
    pipeline: &Pipeline,
    handler: &str,
    now: Millis,
) -> Result<Option<LogLine>, Fault> {
    let group = pipeline.names.log_group(handler);
    let lines = connected
        .api
        .lines(&group, now - LOG_MINUTES * MINUTE, PROBLEMS)
        .await?;
    let problems = lines.iter().filter_map(|(at, line)| {
        Some(LogLine {
            at: *at,
            message: problem(line)?,
        })
    });
    Ok(problems.max_by_key(|line| line.at))
}

/// Returns the text of a line of a handler's log, if it is of a problem.
fn problem(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let level = line.get("level").and_then(Value::as_str)?;
    let message = line.get("message").and_then(Value::as_str)?;
    ["WARN", "ERROR"]
        .contains(&level)
        .then(|| returned(message))
}

/// Returns the message within the debug text as which Lambda's runtime prints a handler's error:
/// `Diagnostic { …, error_message: "…" }`.
fn returned(message: &str) -> String {
    let text = message.strip_prefix("Diagnostic { ");
    let text = text.and_then(|text| text.split_once("error_message: \""));
    match text.and_then(|(_, text)| text.rsplit_once('"')) {
        Some((text, _)) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_problems_are_read_from_a_log() {
        let line = |level: &str| {
            format!(r#"{{"level":"{level}","message":"no execution can be started: x"}}"#)
        };
        assert_eq!(
            problem(&line("WARN")).unwrap(),
            "no execution can be started: x"
        );
        assert_eq!(problem(&line("INFO")), None);
        assert_eq!(problem("START RequestId: ERROR"), None);
    }

    #[test]
    fn what_a_handler_returned_is_told_in_its_own_words() {
        let debug =
            r#"Diagnostic { error_type: "StartForbidden", error_message: "no \"start\": C:\\x" }"#;
        let line = json!({"level": "ERROR", "message": debug}).to_string();
        assert_eq!(problem(&line).unwrap(), r#"no "start": C:\x"#);
    }

    #[test]
    fn both_protocols_say_that_a_queue_is_not_there() {
        assert!(is_no_queue("AWS.SimpleQueueService.NonExistentQueue"));
        assert!(is_no_queue("QueueDoesNotExist"));
        assert!(!is_no_queue("AccessDenied"));
    }
}
