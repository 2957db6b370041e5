//! An object that the ledger does not know: whether it exists, whether its event comes here, and
//! how to settle it.

use aws_sdk_s3::types::NotificationConfigurationFilter;
use serde_json::json;

use super::sources::{SourceSeen, notifies, rule_matches};
use crate::answer::Answer;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::object::modified;
use crate::pipeline::Pipeline;
use crate::reconcile;
use crate::reconcile::plan::{off, settling, settling_by};
use crate::status::seen::{QueueSeen, Stage};
use crate::time::{moment, now};

/// Returns the answer about an object that the ledger does not know.
pub(super) async fn unknown(
    connected: &Connected,
    pipeline: &Pipeline,
    object: &str,
    queues: &[QueueSeen],
) -> Result<Answer, Fault> {
    let (bucket, object_key) = object.split_once('/').unwrap_or_default();
    let (exists, sources, configured) = tokio::join!(
        modified(connected, bucket, object_key),
        sources(connected, pipeline, bucket, object_key),
        reconcile::configured(connected, pipeline)
    );
    let events = queues.iter().filter(|queue| queue.stage == Stage::Events);
    let waiting: u64 = events.map(|queue| queue.waiting + queue.in_flight).sum();
    let name = pipeline.name();
    let known = exists.as_ref().ok().copied().flatten();
    // Without its configuration: the form that works if any does.
    let settles = match &configured {
        Ok(Some(configured)) => settling(name, configured, object, known, now()),
        Ok(None) => Err(off(name)),
        Err(_) => Ok(settling_by(name, object, true)),
    };
    let there = match &exists {
        Ok(Some(since)) => format!("The object exists since {}", moment(*since)),
        Ok(None) => format!("There is no object s3://{object}"),
        Err(fault) => format!("Whether the object exists is not known ({fault})"),
    };
    // Somebody can have removed or replaced the bucket's notifications: reconcile knows its sources
    // by itself.
    let taken_in = matches!(&configured, Ok(Some(_))) && settles.is_ok();
    let of = match &sources {
        Ok(of) if of.matching.is_empty() && of.topics.is_empty() && taken_in => format!(
            "a source takes it in, but its bucket does not notify this pipeline of it: `spillway -p {name} doctor` names the missing entry"
        ),
        Ok(of) if of.matching.is_empty() && of.topics.is_empty() => {
            "it matches no source of the pipeline, so no event of it comes here".to_owned()
        }
        // A topic's subscribers are not listed: that takes a permission on a topic that can be
        // another account's.
        Ok(of) if of.matching.is_empty() => format!(
            "whether an event of it comes here is not known: the bucket notifies the topic {}, and its subscriptions were not looked at",
            of.topics.join(", ")
        ),
        Ok(of) => format!("it matches the source {}", of.matching.join(", ")),
        Err(fault) => format!("its source is not known ({fault})"),
    };
    let takes =
        taken_in || !matches!(&sources, Ok(of) if of.matching.is_empty() && of.topics.is_empty());
    let rest = match (&exists, takes) {
        (Ok(None), _) | (_, false) => String::new(),
        _ => {
            let settle = match (&settles, &configured) {
                (Ok(command), Ok(_)) => format!("; to settle it: `{command}`"),
                (Ok(command), Err(fault)) => {
                    format!(
                        ". Whether reconcile can settle it is not known ({fault}); to try: `{command}`"
                    )
                }
                (Err(why), _) => format!(". Reconcile cannot settle it: {why}"),
            };
            format!(
                " Either its message is among about {waiting} that wait, or its event never came{settle}. A message that was not understood \
                 lies in the dead-letter queue: `spillway -p {name} failed`."
            )
        }
    };
    let settle = settles.ok().filter(|_| !rest.is_empty());
    let json = json!({
        "pipeline": pipeline.name(),
        "object": format!("s3://{object}"),
        "known": false,
        "exists_since": known.map(moment),
        "exists": exists.as_ref().ok().map(Option::is_some),
        "sources": sources.as_ref().ok().map(|of| &of.matching),
        "topics": sources.as_ref().ok().map(|of| &of.topics),
        "waiting": waiting,
        "command": settle,
    });
    Ok(Answer::new(
        format!("Not in the ledger. {there}, and {of}.{rest}"),
        json,
    ))
}

/// The facts about an object in the bucket's notifications.
#[derive(Debug, Clone, Default)]
struct Notified {
    /// The sources of this pipeline that it matches.
    matching: Vec<String>,
    /// Topics that receive its events. The pipeline's queue can subscribe to one.
    topics: Vec<String>,
    eventbridge: bool,
}

async fn sources(
    connected: &Connected,
    pipeline: &Pipeline,
    bucket: &str,
    object_key: &str,
) -> Result<Notified, Fault> {
    let mut told = notified(connected, pipeline, bucket, object_key).await?;
    if told.eventbridge {
        let prefix = format!("{}_on_", pipeline.name());
        let rules = connected.api.rules(&prefix).await?;
        let matches = |pattern: &str| rule_matches(pattern, bucket, object_key);
        let rules = rules
            .into_iter()
            .filter(|rule| rule.pattern.as_deref().is_some_and(matches));
        told.matching.extend(rules.map(|rule| rule.name));
    }
    Ok(told)
}

/// Returns the notifications of the bucket to this pipeline that are for the object, and whether
/// EventBridge receives its events.
async fn notified(
    connected: &Connected,
    pipeline: &Pipeline,
    bucket: &str,
    object_key: &str,
) -> Result<Notified, Fault> {
    let configured = connected
        .s3()
        .get_bucket_notification_configuration()
        .bucket(bucket)
        .send()
        .await;
    let configured = configured.map_err(|error| {
        Fault::call(
            &format!("reading the notifications of the bucket {bucket} (s3:GetBucketNotification)"),
            &error,
        )
    })?;
    let prefix = format!("{}_", pipeline.name());
    let ours = |arn: &str| {
        arn.rsplit(':')
            .next()
            .is_some_and(|name| name.starts_with(&prefix))
    };
    let filtered = |name: Option<&str>, filter: Option<&NotificationConfigurationFilter>| {
        let rules = filter.and_then(|filter| filter.key.as_ref());
        let rules = rules.map_or(&[][..], |key| key.filter_rules());
        let part = |name: &str| {
            let rule = rules.iter().find(|rule| {
                rule.name
                    .as_ref()
                    .is_some_and(|it| it.as_str().eq_ignore_ascii_case(name))
            });
            rule.and_then(|rule| rule.value.clone()).unwrap_or_default()
        };
        let source = SourceSeen {
            name: name.unwrap_or_default().to_owned(),
            prefix: part("prefix"),
            suffix: part("suffix"),
        };
        notifies(&source, object_key).then_some(source.name)
    };
    let queues = configured.queue_configurations().iter();
    let queues = queues
        .filter(|it| ours(&it.queue_arn))
        .filter_map(|it| filtered(it.id(), it.filter()));
    let functions = configured.lambda_function_configurations().iter();
    let functions = functions
        .filter(|it| ours(&it.lambda_function_arn))
        .filter_map(|it| filtered(it.id(), it.filter()));
    let topics = configured.topic_configurations().iter();
    let topics = topics.filter_map(|it| filtered(Some(&it.topic_arn), it.filter()));
    Ok(Notified {
        matching: queues.chain(functions).collect(),
        topics: topics.collect(),
        eventbridge: configured.event_bridge_configuration.is_some(),
    })
}
