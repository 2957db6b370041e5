//! The answer for a person at a terminal.

use super::making::{WORKFLOW, on_the_clock};
use super::report::{CircuitChange, CircuitReport, LaneReport, Report, TenantReport};
use crate::given::arrivals::grouped;
use crate::length::exact;
use crate::table::{sparkline, table};

/// Bars of a picture in a line.
const BARS: usize = 60;
/// Changes of the circuit that are shown.
const CHANGES: usize = 6;
/// Waves that are shown.
const WAVES: usize = 10;

/// Returns the answer for a person.
pub fn text(report: &Report) -> String {
    let mut text = format!(
        "{} ({}): {}.\n\n",
        report.pipeline, report.region, report.sentence
    );
    text.push_str(&table(&pictures(report)));
    text.push_str(&table(&summary(report)));
    for (whose, waits) in [("lane", lanes(report)), ("tenant", tenants(report))] {
        if !waits.is_empty() {
            let heads = [
                whose,
                "starts",
                "p50",
                "p95",
                "p99",
                "worst (upload to start)",
            ];
            let rows: Vec<_> = [row(&heads)].into_iter().chain(waits).collect();
            text.push('\n');
            text.push_str(&table(&rows));
        }
    }
    if report.waves.len() > 1 {
        text.push('\n');
        text.push_str(&table(&waves(report)));
        if report.waves_in_all > WAVES as u64 {
            let more = grouped(report.waves_in_all - WAVES as u64);
            text.push_str(&format!(
                "… and {more} more: --json has the first hundred\n"
            ));
        }
    }
    text.push_str(&format!("\nDollars of {}:\n", report.dollars.basis));
    text.push_str(&table(&dollars(report)));
    for warning in &report.warnings {
        text.push_str(&format!(
            "\n! {}.\n  Remedy: {}.\n",
            warning.what, warning.remedy
        ));
    }
    text
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

/// Returns the waits of each lane.
pub fn lanes(report: &Report) -> Vec<Vec<String>> {
    let row = |lane: &LaneReport| {
        let waits = [
            lane.p50_seconds,
            lane.p95_seconds,
            lane.p99_seconds,
            lane.worst_seconds,
        ];
        waits_row(&lane.name, lane.starts, waits)
    };
    report.lanes.iter().map(row).collect()
}

/// Returns the waits of the heaviest tenant, and of all others.
pub fn tenants(report: &Report) -> Vec<Vec<String>> {
    let row = |tenant: &TenantReport| {
        let waits = [
            tenant.p50_seconds,
            tenant.p95_seconds,
            tenant.p99_seconds,
            tenant.worst_seconds,
        ];
        waits_row(&tenant.name, tenant.starts, waits)
    };
    report.tenants.iter().map(row).collect()
}

fn waits_row(name: &str, starts: u64, waits: [Option<f64>; 4]) -> Vec<String> {
    let at = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), length);
    let first = [name.to_owned(), grouped(starts)];
    first.into_iter().chain(waits.map(at)).collect()
}

/// Returns a length in seconds, for a person.
pub fn length(seconds: f64) -> String {
    exact((seconds * 1_000.0).round() as i64)
}

/// Returns bars of the run over time, with their most.
fn pictures(report: &Report) -> Vec<Vec<String>> {
    let (over_time, given) = (&report.over_time, &report.given);
    let picture =
        |name: &str, numbers: &[u32], most: String| vec![name.to_owned(), bars(numbers), most];
    let waiting = grouped(report.backlog.most);
    let at = on_the_clock(&report.backlog.at);
    let running = grouped(report.running.most);
    let limit = grouped(given.max_concurrency.into());
    let (starts, throttled) = (grouped(report.starts), grouped(report.throttled));
    vec![
        picture(
            "waiting",
            &over_time.waiting,
            format!("{waiting} at most, {at}"),
        ),
        picture(
            "running",
            &over_time.running,
            format!("{running} of {limit} at most"),
        ),
        picture(
            "starts",
            &over_time.starts,
            format!("{starts}, {throttled} throttled"),
        ),
    ]
}

fn summary(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![vec![
        "calls".to_owned(),
        format!(
            "{} receives in {} ticks",
            grouped(report.receives),
            grouped(report.ticks)
        ),
    ]];
    let held = report.held_by.iter().take(4);
    let held = held.filter(|held| held.share >= 0.005);
    let held: Vec<String> = held
        .map(|held| format!("{} {:.0} %", held.what, held.share * 100.0))
        .collect();
    if !held.is_empty() {
        rows.push(vec!["held by".to_owned(), held.join(", ")]);
    }
    let stretches = report.stretches.iter().take(6);
    let stretches: Vec<String> = stretches
        .map(|it| format!("{} {}", on_the_clock(&it.from), it.what))
        .collect();
    if stretches.len() > 1 {
        rows.push(vec!["when".to_owned(), stretches.join(", ")]);
    }
    if report.dead_letters > 0 {
        let errors = report.dead_letters_by_error.iter();
        let errors: Vec<String> = errors
            .map(|(error, count)| format!("{error} {}", grouped(*count)))
            .collect();
        rows.push(vec![
            "dead".to_owned(),
            format!(
                "{} dead letters: {}",
                grouped(report.dead_letters),
                errors.join(", ")
            ),
        ]);
    }
    if report.refused > 0 {
        let share = report.refused as f64 / report.starts.max(1) as f64;
        let uncounted = match report.uncounted {
            0 => String::new(),
            some => format!("; {} attempts do not count", grouped(some)),
        };
        rows.push(vec![
            "refused".to_owned(),
            format!(
                "{} executions by the target, {:.1} % of all{uncounted}",
                grouped(report.refused),
                share * 100.0
            ),
        ]);
    }
    if let Some(circuit) = &report.circuit {
        rows.push(vec!["circuit".to_owned(), self::circuit(circuit)]);
    }
    if report.deferred > 0 {
        let deferred = grouped(report.deferred);
        rows.push(vec![
            "deferred".to_owned(),
            format!("{deferred} events waited for their tenants"),
        ]);
    }
    if report.superseded > 0 {
        let passed = grouped(report.superseded);
        rows.push(vec![
            "passed over".to_owned(),
            format!("{passed} older versions"),
        ]);
    }
    rows
}

/// Returns the changes of the circuit in a line.
fn circuit(circuit: &CircuitReport) -> String {
    if circuit.changes.is_empty() {
        return "closed all the time".to_owned();
    }
    let shown = circuit.changes.iter().take(CHANGES);
    let shown: Vec<String> = shown
        .map(|change| format!("{} {}", on_the_clock(&change.at), state(change)))
        .collect();
    let more = match circuit.changes_in_all.saturating_sub(CHANGES as u64) {
        0 => String::new(),
        more => format!(", and {} more changes", grouped(more)),
    };
    let probes = grouped(circuit.probes);
    format!("{}{more}; {probes} probes", shown.join(", "))
}

/// Returns a state of the circuit, with its starts a second.
pub fn state(change: &CircuitChange) -> String {
    match change.starts_per_second {
        0.0 => change.state.clone(),
        rate => format!("{} {rate}/s", change.state),
    }
}

/// Returns at most so many bars as fit into a line: each shows the most of its samples.
fn bars(numbers: &[u32]) -> String {
    let each = numbers.len().div_ceil(BARS).max(1);
    let most: Vec<u32> = numbers
        .chunks(each)
        .map(|chunk| chunk.iter().copied().max().unwrap_or_default())
        .collect();
    sparkline(&most)
}

fn waves(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![row(&["uploads", "lane", "done", "after its last upload"])];
    rows.extend(report.waves.iter().take(WAVES).map(|wave| {
        let done = wave
            .done
            .as_deref()
            .map_or_else(|| "never".to_owned(), on_the_clock);
        vec![
            wave.name.clone(),
            wave.lane.clone(),
            done,
            wave.drain_seconds.map_or_else(|| "-".to_owned(), length),
        ]
    }));
    rows
}

/// Returns the dollars by service, the workflow's own last.
pub fn dollars(report: &Report) -> Vec<Vec<String>> {
    let dollars = &report.dollars;
    let own = dollars
        .month
        .iter()
        .filter(|(service, _)| *service != WORKFLOW);
    let workflow = dollars
        .month
        .iter()
        .filter(|(service, _)| *service == WORKFLOW);
    let money = |name: &str, dollars: f64| vec![name.to_owned(), format!("{dollars:.2}")];
    let mut rows: Vec<Vec<String>> = own
        .map(|(service, dollars)| money(service, *dollars))
        .collect();
    rows.push(money("Spillway in all", dollars.month_without_workflow));
    rows.extend(workflow.map(|(service, dollars)| money(service, *dollars)));
    rows.push(money("all", dollars.month_total));
    rows
}
