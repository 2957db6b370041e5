//! Lanes: the queues of a pipeline. Most have one; several share one capacity, by priority.

pub mod polling;
pub mod share;
pub mod source;

use std::collections::HashSet;

use serde::Deserialize;
use thiserror::Error;

use serde_json::Value;

use crate::pace::bound::Bound;
use crate::text::only_objects;

/// Lanes of one pipeline, at most: each is polled on its own.
pub const MAX_LANES: usize = 10;

/// The most that the lanes' guaranteed shares can add up to, so that the first lane keeps some of
/// its precedence.
pub const MAX_SHARES: f64 = 0.9;

/// One lane.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    pub name: String,
    pub queue_url: String,
    pub dead_letter_queue_url: String,
    /// The lowest comes first.
    pub priority: u32,
    /// Of all starts, while the lane has events waiting: 0 to [`MAX_SHARES`].
    #[serde(default)]
    pub min_share: f64,
    /// Executions of the lane that run at once, at most, beside the pipeline's own limit; 0 starts
    /// nothing of it. `None`: no bound of its own.
    #[serde(default)]
    pub max_concurrency: Option<u32>,
}

impl Lane {
    /// Returns whether its queues are FIFO queues: their names end in `.fifo`.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fifo-queues.html>
    pub fn is_fifo(&self) -> bool {
        self.queue_url.ends_with(".fifo")
    }
}

/// Returns the lanes' own bounds, as configured.
pub fn bounds(lanes: &[Lane]) -> Vec<Bound> {
    let bound = |lane: &Lane| Bound {
        lane: lane.name.clone(),
        max: lane.max_concurrency,
    };
    lanes.iter().map(bound).collect()
}

/// The fault of a list of lanes.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LaneError {
    #[error("it is not a JSON list of lanes: {0}")]
    Json(String),
    #[error("it has {0} lanes: give 1 to {MAX_LANES}")]
    Count(usize),
    #[error("the lane {lane:?} has an empty {field}: give one")]
    Empty { lane: String, field: &'static str },
    #[error("two lanes are named {0:?}: give each its own name")]
    Name(String),
    #[error("two lanes have the priority {0}: give each its own")]
    Priority(u32),
    #[error("the lane {lane:?} has a min_share of {share}: give 0 to {MAX_SHARES}")]
    Share { lane: String, share: f64 },
    #[error("the lanes' min_shares add up to {0}: give at most {MAX_SHARES} in all")]
    Shares(f64),
    #[error("some queues are FIFO and some are not: make all of one kind")]
    Mixed,
}

/// Reads the lanes, by priority.
pub fn parse(json: &str) -> Result<Vec<Lane>, LaneError> {
    let wrong = |error: serde_json::Error| LaneError::Json(error.to_string());
    let mut lanes = Vec::new();
    for lane in serde_json::from_str::<Vec<Value>>(json).map_err(wrong)? {
        only_objects(&lane, &[]).map_err(LaneError::Json)?;
        lanes.push(serde_json::from_value::<Lane>(lane).map_err(wrong)?);
    }
    if lanes.is_empty() || lanes.len() > MAX_LANES {
        return Err(LaneError::Count(lanes.len()));
    }
    let (mut names, mut priorities) = (HashSet::new(), HashSet::new());
    for lane in &lanes {
        for (field, text) in [
            ("name", &lane.name),
            ("queue_url", &lane.queue_url),
            ("dead_letter_queue_url", &lane.dead_letter_queue_url),
        ] {
            if text.is_empty() {
                let lane = lane.name.clone();
                return Err(LaneError::Empty { lane, field });
            }
        }
        if !names.insert(&lane.name) {
            return Err(LaneError::Name(lane.name.clone()));
        }
        if !priorities.insert(lane.priority) {
            return Err(LaneError::Priority(lane.priority));
        }
        if !(0.0..=MAX_SHARES).contains(&lane.min_share) {
            return Err(LaneError::Share {
                lane: lane.name.clone(),
                share: lane.min_share,
            });
        }
    }
    let shares: f64 = lanes.iter().map(|lane| lane.min_share).sum();
    // A sum of tenths is not exact.
    if shares > MAX_SHARES + 1e-9 {
        return Err(LaneError::Shares(shares));
    }
    let fifo = |url: &str| url.ends_with(".fifo");
    let queues = || {
        lanes
            .iter()
            .flat_map(|lane| [&lane.queue_url, &lane.dead_letter_queue_url])
    };
    if queues().any(|url| fifo(url)) && !queues().all(|url| fifo(url)) {
        return Err(LaneError::Mixed);
    }
    lanes.sort_by_key(|lane| lane.priority);
    Ok(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, priority: u32, min_share: f64, suffix: &str) -> String {
        format!(
            r#"{{"name": "{name}", "queue_url": "https://sqs/{name}{suffix}",
            "dead_letter_queue_url": "https://sqs/{name}-dlq{suffix}", "priority": {priority}, "min_share": {min_share}}}"#
        )
    }

    fn read(lanes: &[String]) -> Result<Vec<Lane>, LaneError> {
        parse(&format!("[{}]", lanes.join(",")))
    }

    #[test]
    fn lanes_come_by_priority() {
        let lanes = read(&[lane("bulk", 2, 0.1, ""), lane("urgent", 1, 0.0, "")]).unwrap();
        let names: Vec<_> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["urgent", "bulk"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let two = |one: String, other: String| read(&[one, other]).unwrap_err();
        let good = || lane("a", 1, 0.0, "");
        assert_eq!(read(&[]), Err(LaneError::Count(0)));
        assert_eq!(
            two(good(), lane("a", 2, 0.0, "")),
            LaneError::Name("a".into())
        );
        assert_eq!(two(good(), lane("b", 1, 0.0, "")), LaneError::Priority(1));
        assert_eq!(two(good(), lane("b", 2, 0.0, ".fifo")), LaneError::Mixed);
        let share = LaneError::Share {
            lane: "b".into(),
            share: 1.5,
        };
        assert_eq!(two(good(), lane("b", 2, 1.5, "")), share);
        assert_eq!(
            two(lane("a", 1, 0.5, ""), lane("b", 2, 0.5, "")),
            LaneError::Shares(1.0)
        );
        assert_eq!(
            two(good(), lane("", 2, 0.0, "")),
            LaneError::Empty {
                lane: String::new(),
                field: "name"
            }
        );
        assert!(matches!(parse("{}"), Err(LaneError::Json(_))));
        for json in [r#"[{"nam": 1}]"#, r#"[["a", "url", "url", 1]]"#] {
            assert!(matches!(parse(json), Err(LaneError::Json(_))), "{json}");
        }
    }
}
