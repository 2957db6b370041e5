//! `doctor`: checks an installation. Each finding has its remedy.

pub mod checks;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use self::checks::{
    Check, Entry, Quotas, Result as Went, buckets, fault, fine, notifications, quotas, unknown,
    versions, warning,
};
use crate::answer::{Answer, count};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::pipeline::{OWN_RELEASE, Pipeline};
use crate::status::gather::gather;
use crate::status::seen::{Seen, Stage};
use crate::status::verdict::{Level, verdict};

/// A tick's times can be so far ahead of this machine's clock, in milliseconds.
const CLOCK_AHEAD: i64 = 5_000;

pub async fn doctor(connected: &Connected, pipeline: &Pipeline) -> Result<Answer, Fault> {
    let seen = gather(connected, pipeline).await?;
    let (functions, rules, buckets, allowed, alarms) = tokio::join!(
        functions(connected, pipeline),
        rules(connected, pipeline),
        bucket_checks(connected, pipeline, &seen),
        allowed(connected, pipeline),
        alarms(connected, pipeline),
    );
    let mut checks = [functions, rules, buckets, allowed, alarms].concat();
    checks.extend(of_status(pipeline, &seen));
    checks.extend(redrive_policies(connected, &seen).await);
    checks.push(clock(&seen));
    checks.sort_by_key(|check| check.result);
    let of = |result: Went| checks.iter().filter(|check| check.result == result).count() as u64;
    let (faults, warnings) = (of(Went::Fault), of(Went::Warning));
    let sentence = match (faults, warnings) {
        (0, 0) => format!("{}: nothing is wrong that shows here", pipeline.name()),
        _ => format!(
            "{}: {}, {}",
            pipeline.name(),
            count(faults, "fault"),
            count(warnings, "warning")
        ),
    };
    let mut text = format!("{sentence}.\n\n");
    for check in &checks {
        let mark = match check.result {
            Went::Fault => "✗",
            Went::Warning => "!",
            Went::Unknown => "?",
            Went::Fine => "✓",
        };
        text.push_str(&format!("{mark} {}: {}\n", check.check, check.what));
        if let Some(remedy) = &check.remedy {
            text.push_str(&format!("    remedy: {remedy}\n"));
        }
    }
    let mut answer = Answer::new(
        text,
        json!({"pipeline": pipeline.name(), "faults": faults, "warnings": warnings, "checks": checks}),
    );
    answer.status = u8::from(faults > 0);
    Ok(answer)
}

/// Adds the findings of the status.
fn of_status(pipeline: &Pipeline, seen: &Seen) -> Vec<Check> {
    let verdict = verdict(pipeline.name(), &pipeline.config, seen);
    let mut checks: Vec<Check> = verdict
        .findings
        .into_iter()
        .filter(|finding| finding.level != Level::Notice)
        .map(|finding| {
            let remedy = finding
                .next
                .unwrap_or_else(|| format!("spillway -p {} status", pipeline.name()));
            match finding.level {
                Level::Stopped => fault("status", finding.what, remedy),
                _ => warning("status", finding.what, remedy),
            }
        })
        .collect();
    if checks.is_empty() {
        checks.push(fine("status", verdict.sentence));
    }
    checks.extend(seen.unknown.iter().map(|why| unknown("status", why)));
    checks
}

async fn functions(connected: &Connected, pipeline: &Pipeline) -> Vec<Check> {
    const CHECK: &str = "functions";
    let (mut checks, mut described) = (Vec::new(), Vec::new());
    for (handler, needed) in [
        ("dispatch", true),
        ("settle", true),
        ("ingest", false),
        ("reconcile", false),
    ] {
        let function = pipeline.names.function(handler);
        match connected.api.function(&function).await {
            Ok(Some(found)) => {
                let state = found.state.unwrap_or_else(|| "Active".to_owned());
                if !["Active", "Inactive"].contains(&state.as_str()) {
                    checks.push(fault(
                        CHECK,
                        format!("{function} is {state}"),
                        "terraform apply",
                    ));
                }
                described.push((function, found.description));
            }
            Ok(None) if needed => checks.push(fault(
                CHECK,
                format!("there is no function {function}"),
                "terraform apply",
            )),
            Ok(None) => {}
            Err(error) => checks.push(unknown(CHECK, Fault::from(error))),
        }
    }
    if checks.is_empty() {
        let names: Vec<&str> = described
            .iter()
            .map(|(function, _)| function.as_str())
            .collect();
        checks.push(fine(CHECK, names.join(", ")));
    }
    checks.push(versions(&described, OWN_RELEASE));
    checks
}

async fn rules(connected: &Connected, pipeline: &Pipeline) -> Vec<Check> {
    const CHECK: &str = "rules";
    let names = &pipeline.names;
    let mut checks = Vec::new();
    for (rule, to) in [
        (names.tick_rule(), names.function("dispatch")),
        (names.outcomes_rule(), names.outcomes()),
    ] {
        let api = &connected.api;
        let (found, targets) = tokio::join!(api.rule(&rule), api.targets(&rule));
        let enabled = match found {
            Ok(Some(found)) => found.enabled,
            Ok(None) => {
                checks.push(fault(
                    CHECK,
                    format!("there is no rule {rule}"),
                    "terraform apply",
                ));
                continue;
            }
            Err(error) => {
                checks.push(unknown(CHECK, Fault::from(error)));
                continue;
            }
        };
        let points_here = match targets {
            Ok(targets) => targets
                .iter()
                .any(|arn| arn.rsplit(':').next() == Some(to.as_str())),
            Err(error) => {
                checks.push(unknown(CHECK, Fault::from(error)));
                continue;
            }
        };
        checks.push(match (enabled, points_here) {
            (false, _) => fault(
                CHECK,
                format!("{rule} is disabled"),
                if rule == names.tick_rule() {
                    format!("spillway -p {} schedule on", names.pipeline)
                } else {
                    format!("aws events enable-rule --name {rule}")
                },
            ),
            (true, false) => fault(
                CHECK,
                format!("{rule} has no target {to}"),
                "terraform apply",
            ),
            (true, true) => fine(CHECK, format!("{rule} is enabled and goes to {to}")),
        });
    }
    checks
}

/// Checks the buckets that are allowed to send events here, and their notifications.
async fn bucket_checks(connected: &Connected, pipeline: &Pipeline, seen: &Seen) -> Vec<Check> {
    const CHECK: &str = "notifications";
    let mut names = Vec::new();
    for queue in seen.of(Stage::Events) {
        let answer = connected
            .sqs
            .get_queue_attributes()
            .queue_url(&queue.url)
            .attribute_names(QueueAttributeName::Policy)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let attributes = answer.attributes.unwrap_or_default();
                names.extend(
                    attributes
                        .get(&QueueAttributeName::Policy)
                        .map(|policy| buckets(policy))
                        .unwrap_or_default(),
                );
            }
            Err(error) => {
                return vec![unknown(
                    CHECK,
                    Fault::call(&format!("reading the policy of {}", queue.name), &error),
                )];
            }
        }
    }
    names.sort();
    names.dedup();
    let mut checks = Vec::new();
    for bucket in names {
        match connected
            .s3()
            .get_bucket_notification_configuration()
            .bucket(&bucket)
            .send()
            .await
        {
            Ok(answer) => {
                let name = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
                let entry = |id: &Option<String>, arn: &str| Entry {
                    id: id.clone().unwrap_or_default(),
                    to: name(arn),
                };
                let queues = answer
                    .queue_configurations()
                    .iter()
                    .map(|it| entry(&it.id, &it.queue_arn));
                let functions = answer
                    .lambda_function_configurations()
                    .iter()
                    .map(|it| entry(&it.id, &it.lambda_function_arn));
                let topics = answer
                    .topic_configurations()
                    .iter()
                    .map(|it| entry(&it.id, &it.topic_arn));
                let entries: Vec<Entry> = queues.chain(functions).chain(topics).collect();
                checks.extend(notifications(
                    pipeline.name(),
                    &bucket,
                    &entries,
                    answer.event_bridge_configuration.is_some(),
                ));
            }
            Err(error) => checks.push(unknown(
                CHECK,
                Fault::call(&format!("reading the notifications of {bucket}"), &error),
            )),
        }
    }
    checks
}

/// Checks whether messages that are received too often go into the dead-letter queue.
async fn redrive_policies(connected: &Connected, seen: &Seen) -> Vec<Check> {
    const CHECK: &str = "dead-letter queues";
    let mut checks = Vec::new();
    for queue in seen
        .queues
        .iter()
        .filter(|queue| matches!(queue.stage, Stage::Events | Stage::Outcomes))
    {
        let answer = connected
            .sqs
            .get_queue_attributes()
            .queue_url(&queue.url)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await;
        checks.push(match answer {
            Ok(answer)
                if answer
                    .attributes()
                    .is_some_and(|it| it.contains_key(&QueueAttributeName::RedrivePolicy)) =>
            {
                fine(CHECK, format!("{} has one", queue.name))
            }
            Ok(_) => fault(
                CHECK,
                format!(
                    "{} has none: a message that always fails comes again and again",
                    queue.name
                ),
                "terraform apply",
            ),
            Err(error) => unknown(
                CHECK,
                Fault::call(&format!("looking at {}", queue.name), &error),
            ),
        });
    }
    checks
}

async fn allowed(connected: &Connected, pipeline: &Pipeline) -> Vec<Check> {
    const CHECK: &str = "quotas";
    let (mut found, mut checks) = (Quotas::default(), Vec::new());
    match connected.api.unreserved_concurrency().await {
        Ok(unreserved) => found.unreserved_concurrency = unreserved,
        Err(error) => checks.push(unknown(CHECK, Fault::from(error))),
    }
    match connected.api.quotas("states").await {
        Ok(quotas) => {
            for (name, value) in quotas {
                let name = name.to_lowercase();
                if name.contains("startexecution")
                    && (name.contains("refill") || name.contains("rate"))
                {
                    found.starts_per_second = Some(value);
                } else if name.contains("open execution") {
                    found.open_executions = Some(value);
                }
            }
        }
        Err(error) => checks.push(unknown(CHECK, Fault::from(error))),
    }
    let pace = &pipeline.config.pace;
    checks.extend(quotas(&found, pace.starts_per_second, pace.max_concurrency));
    checks
}

/// Checks whether anybody receives notifications.
async fn alarms(connected: &Connected, pipeline: &Pipeline) -> Vec<Check> {
    const CHECK: &str = "alarms";
    vec![
        match connected.api.alarms(&format!("{}_", pipeline.name())).await {
            Ok(found) => match found {
                (0, _) => warning(
                    CHECK,
                    format!(
                        "no alarm is called {}_…: nobody receives a notification when the pipeline stands still",
                        pipeline.name()
                    ),
                    "set alarms = { topics = [{ arn = … }] } in the module block; docs/operate/runbook.md has a section for each",
                ),
                (all, wired) if wired < all => warning(
                    CHECK,
                    format!("{wired} of {all} alarms tell anybody"),
                    "give the others an action",
                ),
                (all, _) => fine(CHECK, format!("{all} alarms, each with an action")),
            },
            Err(error) => unknown(CHECK, Fault::from(error)),
        },
    ]
}

fn clock(seen: &Seen) -> Check {
    const CHECK: &str = "clocks";
    match seen.last_tick() {
        Some(last) if last > seen.now + CLOCK_AHEAD => fault(
            CHECK,
            format!(
                "the last tick is {} s in the future: the clock of this machine is behind",
                (last - seen.now) / 1_000
            ),
            "set this machine's clock",
        ),
        Some(_) => fine(CHECK, "the last tick is not in this machine's future"),
        None => unknown(CHECK, "no tick has run yet"),
    }
}
