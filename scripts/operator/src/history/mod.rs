//! `history`: the uploads of the past, as `plan --times` reads them.

pub mod stretches;
pub mod uploads;

use std::collections::BTreeMap;

use aws::metrics::NAMESPACE;
use serde_json::{Value, json};
use spillway::Millis;
use spillway::lane::Lane;

use self::stretches::{Stretch, stretches};
use self::uploads::{Row, Sent, uploads};
use crate::answer::Answer;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::History;
use crate::pipeline::Pipeline;
use crate::services::metrics::{Points, Query};
use crate::time::{self, moment};

/// Metrics of messages that a handler sends into an events queue once more.
const SENT_AGAIN: [&str; 4] = ["Retried", "SentAgain", "Split", "Woken"];
/// The columns that `plan --times` knows by these names.
const HEADS: &str = "time,lane,count,seconds";

/// The uploads of a lane in a period of so many seconds.
struct Told<'a> {
    row: Row,
    lane: &'a str,
    seconds: Millis,
}

pub async fn history(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &History,
) -> Result<Answer, Fault> {
    let lanes = pipeline.lanes();
    check(pipeline, options.lane.as_deref())?;
    let now = time::now();
    let until = options.until.as_deref().map(|text| time::when(text, now));
    let until = until.transpose().map_err(Fault::usage)?.unwrap_or(now);
    let stretches = stretches(options.lasts, until, now).map_err(Fault::usage)?;
    let (mut told, mut again) = (Vec::new(), 0);
    for stretch in &stretches {
        let queries = queries(pipeline.name(), lanes, stretch.period);
        let points = connected
            .api
            .metrics(&queries, stretch.from, stretch.until)
            .await?;
        let found = uploads(&by_period(&points, lanes.len(), stretch));
        again += found.again;
        told.extend(found.rows.into_iter().filter_map(|row| {
            let lane = lanes.get(row.lane)?.name.as_str();
            let wanted = options.lane.as_deref().is_none_or(|wanted| wanted == lane);
            let seconds = stretch.period / 1_000;
            wanted.then_some(Told { row, lane, seconds })
        }));
    }
    let from = stretches.first().map_or(until, |first| first.from);
    let until = stretches.last().map_or(until, |last| last.until);
    if told.is_empty() {
        let name = pipeline.name();
        let of = options
            .lane
            .as_deref()
            .map(|lane| format!(" into the lane {lane}"));
        return Err(Fault::failed(format!(
            "CloudWatch knows of no upload of {name}{} from {} until {}: give a longer --for or another --until; `spillway -p {name} doctor` \
             checks whether its buckets notify it",
            of.unwrap_or_default(),
            moment(from),
            moment(until)
        )));
    }
    let json = json!({
        "pipeline": pipeline.name(),
        "from": moment(from),
        "until": moment(until),
        "uploads": told.iter().map(|it| u64::from(it.row.count)).sum::<u64>(),
        "sent_again": again,
        "rows": told.iter().map(row_json).collect::<Vec<_>>(),
    });
    Ok(Answer::new(table(&told), json))
}

/// Checks that the pipeline has the lane.
fn check(pipeline: &Pipeline, wanted: Option<&str>) -> Result<(), Fault> {
    let names: Vec<&str> = pipeline.lanes().iter().map(|it| it.name.as_str()).collect();
    match wanted {
        Some(wanted) if !names.contains(&wanted) => Err(Fault::usage(format!(
            "no lane is named '{wanted}': {} has {}",
            pipeline.name(),
            names.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// Returns the queries: messages by lane, and those that the handlers sent again.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
fn queries(pipeline: &str, lanes: &[Lane], period: Millis) -> Vec<Query> {
    let queue = |lane: &Lane| {
        let name = lane.queue_url.rsplit('/').next();
        name.unwrap_or_default().to_owned()
    };
    let of_lanes = lanes.iter().enumerate().map(|(index, lane)| Query {
        id: format!("lane{index}"),
        namespace: "AWS/SQS",
        name: "NumberOfMessagesSent",
        dimension: ("QueueName", queue(lane)),
        statistic: "Sum",
        period,
    });
    let again = SENT_AGAIN.iter().enumerate().map(|(index, name)| Query {
        id: format!("again{index}"),
        namespace: NAMESPACE,
        name,
        dimension: ("Pipeline", pipeline.to_owned()),
        statistic: "Sum",
        period,
    });
    of_lanes.chain(again).collect()
}

/// Returns the numbers of each period in a stretch.
fn by_period(points: &Points, lanes: usize, stretch: &Stretch) -> BTreeMap<Millis, Sent> {
    let mut periods: BTreeMap<Millis, Sent> = BTreeMap::new();
    for (id, values) in points {
        let lane = id.strip_prefix("lane").and_then(|it| it.parse().ok());
        for (at, value) in values {
            if !(stretch.from..stretch.until).contains(at) {
                continue;
            }
            let sent = periods.entry(*at).or_default();
            sent.lanes.resize(lanes, 0.0);
            match lane {
                None => sent.again += value,
                Some(lane) => {
                    let lane: Option<&mut f64> = sent.lanes.get_mut::<usize>(lane);
                    lane.into_iter().for_each(|it| *it += value);
                }
            }
        }
    }
    periods
}

/// Returns the rows as a table with commas.
fn table(told: &[Told<'_>]) -> String {
    let mut text = HEADS.to_owned();
    for Told { row, lane, seconds } in told {
        let at = moment(row.at);
        text.push_str(&format!("\n{at},{lane},{},{seconds}", row.count));
    }
    text
}

fn row_json(told: &Told<'_>) -> Value {
    let Told { row, lane, seconds } = told;
    json!({"time": moment(row.at), "lane": lane, "count": row.count, "seconds": seconds})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(queue_url: &str) -> Lane {
        Lane {
            name: "x".into(),
            queue_url: queue_url.into(),
            dead_letter_queue_url: String::new(),
            priority: 1,
            min_share: 0.0,
            max_concurrency: None,
        }
    }

    #[test]
    fn cloudwatch_is_asked_by_the_names_of_queues_and_of_the_pipeline() {
        let lanes = [lane("https://sqs/1/p_events_x.fifo")];
        let asked = queries("p", &lanes, 300_000);
        let told = asked.iter().map(|it| {
            assert_eq!((it.statistic, it.period), ("Sum", 300_000));
            format!(
                "{} {} {} {}={}",
                it.id, it.namespace, it.name, it.dimension.0, it.dimension.1
            )
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "lane0 AWS/SQS NumberOfMessagesSent QueueName=p_events_x.fifo",
                "again0 Spillway Retried Pipeline=p",
                "again1 Spillway SentAgain Pipeline=p",
                "again2 Spillway Split Pipeline=p",
                "again3 Spillway Woken Pipeline=p",
            ]
        );
    }

    #[test]
    fn the_metrics_of_messages_sent_again_are_in_the_list_of_all() {
        let documented = include_str!("../../../../docs/reference/metrics.md");
        for name in SENT_AGAIN {
            assert!(
                documented.contains(&format!("| `{name}` | Count |")),
                "{name}"
            );
        }
    }
}
