//! The history of a world, for a person who reads a seed that failed: one line for each event.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fake_aws::{Answer, Call, FakeAws, Fault, Queue};
use serde_json::Value;

use crate::pipeline::Pipeline;

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Before,
    After,
}

/// The events that the calls do not tell. Cheap to clone: every clone is the same history.
#[derive(Clone, Default)]
pub struct History {
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// Time in milliseconds since the epoch, and somebody's act then.
    acts: Vec<(i64, String)>,
    /// By the call's sequence.
    faults: BTreeMap<(usize, Phase), String>,
}

impl History {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an act of somebody.
    pub fn act(&self, at_ms: i64, act: impl Into<String>) {
        self.notes().acts.push((at_ms, act.into()));
    }

    /// Records that a call failed by chance.
    pub fn fault(&self, call: &Call, phase: Phase, fault: &Fault) {
        let place = (call.sequence, phase);
        self.notes().faults.insert(place, format!("{fault:?}"));
    }

    /// Returns everything, in the order of time.
    pub fn render(&self, pipeline: &Pipeline) -> String {
        let notes = self.notes();
        let mut lines: Vec<(i64, String)> = notes.acts.clone();
        let calls = pipeline.aws.calls();
        lines.extend(calls.iter().map(|call| {
            let mut line = format!("{:<12} {}", call.caller, call.operation);
            let about = about(call);
            if !about.is_empty() {
                let _ = write!(line, " {about}");
            }
            for (phase, when) in [(Phase::Before, "before"), (Phase::After, "after")] {
                if let Some(fault) = notes.faults.get(&(call.sequence, phase)) {
                    let _ = write!(line, " !! {fault} {when} the effect");
                }
            }
            let _ = match &call.answer {
                Answer::Ok => write!(line, " -> ok"),
                Answer::Pending => write!(line, " -> never answered"),
                Answer::Error(code) => write!(line, " -> {code}"),
                Answer::Lost => write!(line, " -> lost"),
            };
            if let Some(applied) = call.applied_ms
                && applied - call.sent_ms > 1_000
            {
                let _ = write!(line, " (took effect {} ms later)", applied - call.sent_ms);
            }
            (call.sent_ms, line)
        }));
        lines.extend(arrivals(pipeline));
        lines.extend(executions(&pipeline.aws));
        lines.sort_by_key(|(at_ms, _)| *at_ms);
        let began = calls.first().map_or(0, |call| call.sent_ms);
        let mut text = String::new();
        for (at_ms, line) in lines {
            let _ = writeln!(text, "{:>9.3} {line}", (at_ms - began) as f64 / 1_000.0);
        }
        text
    }
}

/// Returns the subject of a call, in a few words.
fn about(call: &Call) -> String {
    let facts = &call.facts;
    let mut words = Vec::new();
    words.extend(facts.queue.clone());
    words.extend(facts.execution.clone());
    words.extend(
        facts
            .keys
            .iter()
            .map(|key| format!("({} {})", key.pk, key.sk)),
    );
    words.extend(facts.message_ids.iter().map(|id| short(id).to_owned()));
    if call.request["Select"] == "COUNT" {
        words.push("count".to_owned());
    }
    words.join(" ")
}

/// Enough of a message's id to tell it from others.
fn short(id: &str) -> &str {
    id.get(..6).unwrap_or(id)
}

/// Messages that came into a queue.
fn arrivals(pipeline: &Pipeline) -> Vec<(i64, String)> {
    let mut lines = Vec::new();
    let lanes = pipeline.lanes.iter().flat_map(|(one, other)| [one, other]);
    for queue in lanes.chain([&pipeline.outcomes, &pipeline.outcomes_dead_letters]) {
        lines.extend(arrivals_of(queue));
    }
    lines
}

fn arrivals_of(queue: &Queue) -> Vec<(i64, String)> {
    let here = queue.messages().into_iter().map(|view| view.message);
    let gone = queue.gone().into_iter().map(|gone| gone.message);
    here.chain(gone)
        .map(|message| {
            let attempt = message.attribute("attempt").unwrap_or("-").to_owned();
            let line = format!(
                "{:<12} has {}, attempt {attempt}: {}",
                queue.name(),
                short(&message.id),
                told(&message.body)
            );
            (message.enqueued_ms, line)
        })
        .collect()
}

/// A message's body, in a few words.
fn told(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return body.chars().take(40).collect();
    };
    let detail = &value["detail"];
    if let (Some(name), Some(status)) = (detail["name"].as_str(), detail["status"].as_str()) {
        return format!("{name} {status}");
    }
    let outcome = &value["outcome"];
    if let (Some(name), Some(status)) = (outcome["execution"].as_str(), outcome["status"].as_str())
    {
        return format!("{name} {status}, from the sweep or a refusal");
    }
    let object = |object: &Value| {
        let sequencer = object["sequencer"].as_str().unwrap_or("?");
        let key = object["key"].as_str().unwrap_or("?");
        format!("{key} {}", sequencer.trim_start_matches('0'))
    };
    match value["Records"].as_array() {
        Some(records) => {
            let records = records.iter().map(|record| object(&record["s3"]["object"]));
            records.collect::<Vec<_>>().join(", ")
        }
        None => object(&value["object"]),
    }
}

fn executions(aws: &FakeAws) -> Vec<(i64, String)> {
    let mut lines = Vec::new();
    for execution in aws.sfn().executions() {
        let name = &execution.name;
        lines.push((execution.started_ms, format!("{:<12} {name} runs", "")));
        if let Some(stopped) = execution.stopped_ms {
            let status = execution.status.as_str();
            lines.push((stopped, format!("{:<12} {name} {status}", "")));
        }
    }
    lines
}
