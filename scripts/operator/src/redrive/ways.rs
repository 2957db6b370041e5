//! The source and the destination of a redrive: by the pipeline's name, or by Terraform's outputs.

use std::collections::HashMap;
use std::path::Path;

use aws::environment::Environment;
use serde_json::Value;
use spillway::lane::Lane;
use spillway::rules::order::Order;

use super::queue;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Stage;
use crate::permission::is_denied;
use crate::pipeline::names::Names;
use crate::pipeline::terraform;

/// From a dead-letter queue into a queue, or into a function: names, URLs or ARNs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub source: String,
    pub into: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Queue(String),
    Function(String),
}

/// The place of a pipeline's rows, and the queues for messages that ask for their next attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    pub table: String,
    /// The part of the ledger's ARN that the pipeline's ids are made with.
    pub arn: String,
    pub order: Order,
    /// URLs of the events queues by lane, the first lane first.
    pub lanes: Vec<(String, String)>,
}

impl Stage {
    pub fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Outcomes => "outcomes",
            Self::Ingest => "ingest",
            Self::Rules => "rules",
            Self::Reconcile => "reconcile",
        }
    }

    /// Returns why a pipeline can be without the stage.
    fn why_without(self) -> Option<&'static str> {
        match self {
            Self::Ingest => Some("none of its sources comes via lambda"),
            Self::Rules => Some("nothing comes there via eventbridge or topics"),
            Self::Reconcile => Some("reconcile is off"),
            Self::Events | Self::Outcomes => None,
        }
    }
}

/// Returns the variables of the pipeline's `dispatch`; none if it is not there.
async fn variables(
    connected: &Connected,
    names: &Names,
) -> Result<Option<HashMap<String, String>>, Fault> {
    let function = names.function("dispatch");
    Ok(connected
        .api
        .function(&function)
        .await?
        .map(|found| found.variables))
}

/// Returns the lanes that the variables name, by priority, as `dispatch` reads them.
fn lanes(function: &str, variables: &HashMap<String, String>) -> Result<Vec<Lane>, Fault> {
    let lookup = |name: &str| variables.get(name).cloned();
    let mut environment = Environment::new(&lookup);
    let lanes = environment.lanes();
    let read = environment.finish().map(|()| lanes);
    read.map_err(|error| {
        Fault::failed(format!(
            "{function} is configured in a way that this release cannot read: use the spillway of its release. {error}"
        ))
    })
}

/// Returns the ways of the pipeline of that name. Its queues are named after it; dispatch's
/// configuration names its lanes.
pub async fn by_name(
    connected: &Connected,
    pipeline: &str,
    stage: Stage,
    lane: Option<&str>,
) -> Result<Vec<Way>, Fault> {
    let names = Names::of(pipeline);
    let mut known = Vec::new();
    if [Stage::Events, Stage::Rules].contains(&stage) {
        match variables(connected, &names).await {
            Ok(Some(variables)) => known = lanes(&names.function("dispatch"), &variables)?,
            Ok(None) => {}
            Err(fault) if is_denied(&fault.to_string()) => {
                eprintln!(
                    "{pipeline}_dispatch does not show its lanes to you (lambda:GetFunctionConfiguration): name each by --lane"
                );
            }
            Err(fault) => return Err(fault),
        }
    }
    if let Some(lane) = lane
        && !known.is_empty()
        && !known.iter().any(|it| it.name == lane)
    {
        let names: Vec<&str> = known.iter().map(|lane| lane.name.as_str()).collect();
        return Err(Fault::failed(format!(
            "pipeline {pipeline} has no lane {lane}: its lanes are {}",
            names.join(", ")
        )));
    }
    known.retain(|it| lane.is_none_or(|lane| it.name == lane));
    if !known.is_empty() && stage == Stage::Events {
        let way = |lane: Lane| Way {
            source: lane.dead_letter_queue_url,
            into: Target::Queue(lane.queue_url),
        };
        return Ok(known.into_iter().map(way).collect());
    }
    let chosen: Vec<String> = match known.is_empty() {
        true => vec![lane.unwrap_or("default").to_owned()],
        false => known.iter().map(|lane| lane.name.clone()).collect(),
    };
    let possible: Vec<Way> = chosen
        .iter()
        .flat_map(|lane| named(&names, lane, stage))
        .collect();
    let mut found = Vec::new();
    for way in &possible {
        if queue::find(connected, &way.source).await?.is_some() {
            found.push(way.clone());
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let first = possible.first().map_or("", |way| way.source.as_str());
    let region = &connected.region;
    if !known.is_empty() || queue::find(connected, &names.outcomes()).await?.is_some() {
        let of_lane = lane
            .map(|lane| format!(" in lane {lane}"))
            .unwrap_or_default();
        let why = stage
            .why_without()
            .map_or_else(|| format!("there is no queue {first}"), str::to_owned);
        return Err(Fault::failed(format!(
            "pipeline {pipeline} ({region}) has no stage {}{of_lane}: {why}",
            stage.word()
        )));
    }
    Err(Fault::failed(format!(
        "there is no queue {first} in this account and region ({region}), and no pipeline {pipeline}: look at its name, --region and \
         --profile"
    )))
}

/// Returns the ways of a stage, as terraform/modules/names has them.
fn named(names: &Names, lane: &str, stage: Stage) -> Vec<Way> {
    let queue = |source: String, queue: String| Way {
        source,
        into: Target::Queue(queue),
    };
    match stage {
        Stage::Outcomes => vec![queue(names.outcomes_dlq(), names.outcomes())],
        Stage::Ingest => vec![Way {
            source: names.ingest_failures(),
            into: Target::Function(names.function("ingest")),
        }],
        Stage::Rules => vec![queue(names.rules_dlq(lane), names.events(lane))],
        Stage::Reconcile => vec![Way {
            source: names.reconcile_failures(),
            into: Target::Function(names.function("reconcile")),
        }],
        Stage::Events => ["", ".fifo"]
            .map(|end| queue(names.events_dlq(lane) + end, names.events(lane) + end))
            .to_vec(),
    }
}

/// Returns the ledger and the lanes, as dispatch is configured.
pub async fn rows_by_name(connected: &Connected, pipeline: &str) -> Result<Rows, Fault> {
    let names = Names::of(pipeline);
    let function = names.function("dispatch");
    let Some(variables) = variables(connected, &names).await? else {
        return Err(Fault::failed(format!(
            "there is no function {function} in this account and region, so no pipeline {pipeline}: look at its name, --region and --profile"
        )));
    };
    let variable = |name: &str| {
        let missing = || {
            Fault::failed(format!(
                "{function} has no environment variable {name}: use the spillway of its release, or apply"
            ))
        };
        variables.get(name).cloned().ok_or_else(missing)
    };
    Ok(Rows {
        table: variable("SPILLWAY_LEDGER_TABLE")?,
        arn: variable("SPILLWAY_LEDGER_ARN")?,
        order: order(&variable("SPILLWAY_ORDER")?)?,
        lanes: lanes(&function, &variables)?
            .into_iter()
            .map(|lane| (lane.name, lane.queue_url))
            .collect(),
    })
}

fn order(text: &str) -> Result<Order, Fault> {
    text.parse().map_err(|_| {
        Fault::failed(format!(
            "the pipeline's order is {text:?}, which this release does not know: use the spillway of its release"
        ))
    })
}

/// Returns the ways that the module's output `redrive` shows.
pub fn by_terraform(
    directory: &Path,
    pipeline: Option<&str>,
    stage: Stage,
    lane: Option<&str>,
) -> Result<Vec<Way>, Fault> {
    ways_of(&shown(directory, pipeline)?, stage, lane).map_err(Fault::Failed)
}

fn ways_of(redrive: &Value, stage: Stage, lane: Option<&str>) -> Result<Vec<Way>, String> {
    let of_stage = redrive.get(stage.word()).unwrap_or(&Value::Null);
    let single = |way: &Value| vec![(stage.word().to_owned(), way.clone())];
    let several = |ways: &Value| {
        ways.as_object()
            .into_iter()
            .flatten()
            .map(|(name, way)| (name.clone(), way.clone()))
            .collect()
    };
    let mut ways: Vec<(String, Value)> = match (
        stage,
        redrive.get("lanes").filter(|lanes| lanes.is_object()),
    ) {
        (Stage::Events, Some(lanes)) => several(lanes),
        (Stage::Events, None) => vec![("default".to_owned(), of_stage.clone())],
        _ if of_stage.get("source_arn").is_some() => single(of_stage),
        _ => several(of_stage),
    };
    ways.retain(|(name, way)| {
        lane.is_none_or(|lane| name == lane) && way.get("source_arn").is_some()
    });
    if ways.is_empty() {
        let which = lane
            .map(|lane| format!(" of lane {lane}"))
            .unwrap_or_default();
        return Err(format!(
            "the pipeline has no dead-letter queue for {}{which}: its output redrive shows none",
            stage.word()
        ));
    }
    let text = |way: &Value, name: &str| way.get(name).and_then(Value::as_str).map(str::to_owned);
    let way = |(_, way): (String, Value)| {
        let into = match (text(&way, "destination_arn"), text(&way, "function_name")) {
            (Some(queue), _) => Target::Queue(queue),
            (None, function) => Target::Function(function.unwrap_or_default()),
        };
        Way {
            source: text(&way, "source_arn").unwrap_or_default(),
            into,
        }
    };
    Ok(ways.into_iter().map(way).collect())
}

/// Returns the ledger and the lanes that the module's output `redrive` shows.
pub fn rows_by_terraform(directory: &Path, pipeline: Option<&str>) -> Result<Rows, Fault> {
    let redrive = shown(directory, pipeline)?;
    let replay = redrive.get("replay").unwrap_or(&Value::Null);
    let text = |name: &str| {
        let missing = || {
            let shown = directory.display();
            Fault::failed(format!(
                "the output redrive of {shown} shows no ledger: apply the module's present release"
            ))
        };
        replay
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(missing)
    };
    let first = text("first_lane")?;
    let url = |way: &Value| {
        way["destination_url"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let mut lanes: Vec<(String, String)> = redrive
        .get("lanes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, way)| (name.clone(), url(way)))
        .collect();
    lanes.sort_by_key(|(name, _)| *name != first);
    Ok(Rows {
        table: text("ledger_table_name")?,
        arn: text("ledger_arn")?,
        order: order(&text("order")?)?,
        lanes,
    })
}

/// Returns the module's output `redrive`, passed on as such or within the whole module.
fn shown(directory: &Path, pipeline: Option<&str>) -> Result<Value, Fault> {
    let outputs = terraform::outputs(directory)?;
    let mut found: Vec<Value> = outputs
        .into_iter()
        .map(|value| value.get("redrive").cloned().unwrap_or(value))
        .filter(|redrive| redrive.pointer("/events/source_arn").is_some())
        .filter(|redrive| pipeline.is_none_or(|name| is_of(redrive, name)))
        .collect();
    let directory = directory.display();
    match (found.len(), found.pop()) {
        (1, Some(redrive)) => Ok(redrive),
        (number, _) => {
            let count = if number == 0 {
                "no pipeline".to_owned()
            } else {
                format!("{number} pipelines")
            };
            Err(Fault::failed(format!(
                "the outputs of {directory} show {count}. Name one by --pipeline, the queues by --from and --to, or add to that root \
                 module: output \"redrive\" {{ value = module.spillway.redrive }}"
            )))
        }
    }
}

fn is_of(redrive: &Value, pipeline: &str) -> bool {
    let source = redrive
        .pointer("/events/source_arn")
        .and_then(Value::as_str)
        .unwrap_or_default();
    source
        .rsplit(':')
        .next()
        .is_some_and(|name| name.starts_with(&format!("{pipeline}_")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ways_are_read_from_the_output() {
        let way = |name: &str| json!({"source_arn": format!("arn:{name}-dlq"), "destination_arn": format!("arn:{name}")});
        let redrive = json!({
            "events": way("a"), "lanes": {"a": way("a"), "b": way("b")}, "outcomes": way("o"), "rules": {"b": way("r")},
            "ingest": {"source_arn": "arn:i", "function_name": "p_ingest"},
        });
        let of = |stage, lane| ways_of(&redrive, stage, lane);
        let queue = |name: &str| Way {
            source: format!("arn:{name}-dlq"),
            into: Target::Queue(format!("arn:{name}")),
        };
        assert_eq!(of(Stage::Events, None).unwrap(), [queue("a"), queue("b")]);
        assert_eq!(of(Stage::Events, Some("b")).unwrap(), [queue("b")]);
        assert_eq!(of(Stage::Outcomes, None).unwrap(), [queue("o")]);
        assert_eq!(of(Stage::Rules, None).unwrap(), [queue("r")]);
        assert_eq!(
            of(Stage::Ingest, None).unwrap()[0].into,
            Target::Function("p_ingest".into())
        );
        let none = of(Stage::Events, Some("slow")).unwrap_err();
        assert!(
            none.contains("no dead-letter queue for events of lane slow"),
            "{none}"
        );
        assert!(
            ways_of(
                &json!({"events": way("a"), "ingest": null}),
                Stage::Ingest,
                None
            )
            .is_err()
        );
    }

    #[test]
    fn the_first_lane_is_that_of_the_lowest_priority() {
        let lane = |name: &str, priority| json!({"name": name, "priority": priority, "queue_url": name, "dead_letter_queue_url": "d"});
        let text = json!([lane("late", 2), lane("urgent", 1)]).to_string();
        let read = |text: String| {
            lanes(
                "p_dispatch",
                &HashMap::from([("SPILLWAY_LANES".to_owned(), text)]),
            )
        };
        let names: Vec<String> = read(text).unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["urgent", "late"]);
        // Every fault is reported, and no lane of some other name taken instead.
        for wrong in ["", "[]", "no JSON", r#"[{"name": "late"}]"#] {
            let said = read(wrong.into()).unwrap_err().to_string();
            assert!(said.contains("p_dispatch is configured in a way"), "{said}");
        }
    }
}
