//! Two answers side by side.

use serde_json::{Map, Value};

use super::report::{LaneReport, Report, TenantReport};
use super::text::length;
use crate::given::arrivals::grouped;
use crate::given::wrong::Wrong;
use crate::table::table;

/// Reads an answer that --json wrote.
pub fn read(json: &str, file: &str) -> Result<Report, Wrong> {
    serde_json::from_str(json).map_err(|error| {
        Wrong::new(format!(
            "{file} is no answer of a plan ({error}): write it with `spillway plan … --json > {file}`"
        ))
    })
}

/// A line of the comparison: name, before, now.
pub type Line = (String, String, String);

/// Returns the options that differ, and all answers.
pub fn lines(before: &Report, now: &Report) -> Vec<Line> {
    let mut lines = settings(before, now);
    let mut answer = |name: &str, of: &dyn Fn(&Report) -> String| {
        lines.push((name.to_owned(), of(before), of(now)));
    };
    let seconds = |seconds: Option<f64>| seconds.map_or_else(|| "never".to_owned(), length);
    answer("drained after", &|it| seconds(it.drain_seconds));
    answer("waiting at most", &|it| grouped(it.backlog.most));
    answer("running at most", &|it| grouped(it.running.most));
    answer("starts", &|it| grouped(it.starts));
    answer("throttled", &|it| grouped(it.throttled));
    if before.refused + now.refused > 0 {
        answer("refused by the target", &|it| grouped(it.refused));
        answer("probes", &|it| {
            let circuit = it.circuit.as_ref();
            circuit.map_or_else(|| "-".to_owned(), |circuit| grouped(circuit.probes))
        });
    }
    answer("dead letters", &|it| grouped(it.dead_letters));
    for lane in &now.lanes {
        let of = |report: &Report, field: fn(&LaneReport) -> Option<f64>| {
            let lane = report.lanes.iter().find(|it| it.name == lane.name);
            lane.and_then(field).map_or_else(|| "-".to_owned(), length)
        };
        let name = |what: &str| format!("{what} of {}", lane.name);
        answer(&name("p50"), &|it| of(it, |lane| lane.p50_seconds));
        answer(&name("p99"), &|it| of(it, |lane| lane.p99_seconds));
        answer(&name("worst"), &|it| of(it, |lane| lane.worst_seconds));
    }
    for tenant in &now.tenants {
        let of = |report: &Report, field: fn(&TenantReport) -> Option<f64>| {
            let tenant = report.tenants.iter().find(|it| it.code == tenant.code);
            tenant
                .and_then(field)
                .map_or_else(|| "-".to_owned(), length)
        };
        let name = |what: &str| format!("{what} of {}", tenant.name);
        answer(&name("p50"), &|it| of(it, |tenant| tenant.p50_seconds));
        answer(&name("p99"), &|it| of(it, |tenant| tenant.p99_seconds));
        answer(&name("worst"), &|it| of(it, |tenant| tenant.worst_seconds));
    }
    answer("held most by", &|it| {
        it.held_by
            .first()
            .map_or_else(|| "-".to_owned(), |held| held.what.clone())
    });
    answer("dollars a month", &|it| {
        format!("{:.2}", it.dollars.month_total)
    });
    answer("without the workflow's", &|it| {
        format!("{:.2}", it.dollars.month_without_workflow)
    });
    lines
}

/// Returns the options in which the two differ.
fn settings(before: &Report, now: &Report) -> Vec<Line> {
    let fields = |report: &Report| match serde_json::to_value(&report.given) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (old, new) = (fields(before), fields(now));
    let shown = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(value) => value.to_string(),
    };
    let mut lines: Vec<Line> = new
        .iter()
        .filter(|(name, value)| old.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), shown(old.get(name)), shown(Some(value))))
        .collect();
    if before.uploads != now.uploads {
        lines.insert(
            0,
            (
                "uploads".to_owned(),
                grouped(before.uploads),
                grouped(now.uploads),
            ),
        );
    }
    lines
}

/// Returns the comparison for a person.
pub fn text(before: &Report, now: &Report, file: &str) -> String {
    let mut rows = vec![vec![String::new(), file.to_owned(), "now".to_owned()]];
    rows.extend(
        lines(before, now)
            .into_iter()
            .map(|(what, old, new)| vec![what, old, new]),
    );
    let mut text = table(&rows);
    if before.uploads != now.uploads {
        text.push_str("\n! Other uploads arrive in the two: compare with the same arrivals.\n");
    }
    text
}
