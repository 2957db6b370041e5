//! The answer as one page that needs nothing else: no network, no script. Each picture has its
//! table.

use std::ops::Range;

use serde_json::{Map, Value};
use spillway::event::time::millis;

use super::chart::{area, escaped, strip};
use super::comparing;
use super::making::on_the_clock;
use super::report::{CircuitReport, Report};
use super::text::{self, dollars, length};
use crate::given::arrivals::grouped;
use crate::length::moment;

const STYLE: &str = include_str!("page.css");
/// Rows of a picture's table.
const ROWS: usize = 40;

/// Returns the page. `before`: an answer to show beside it.
pub fn page(report: &Report, before: Option<&Report>) -> String {
    let title = escaped(&format!("Plan of {}", report.pipeline));
    let sentence = escaped(&report.sentence);
    let mut body = format!("<h1>{title}</h1>\n<p class=\"lead\">{sentence}.</p>\n");
    body.push_str(&warnings(report));
    if let Some(before) = before {
        let lines = comparing::lines(before, report).into_iter();
        let rows: Vec<Vec<String>> = lines.map(|(what, old, new)| vec![what, old, new]).collect();
        body.push_str(&section(
            "Side by side",
            &table(&["what", "before", "now"], &rows, "side by side"),
        ));
    }
    body.push_str(&over_time(report));
    if let Some(circuit) = &report.circuit {
        body.push_str(&section("Circuit", &changes(circuit)));
    }
    body.push_str(&section("From upload to start", &lanes(report)));
    if !report.tenants.is_empty() {
        body.push_str(&section("By tenant", &tenants(report)));
    }
    if report.waves.len() > 1 {
        body.push_str(&section("Waves", &waves(report)));
    }
    body.push_str(&section("Dollars", &bill(report)));
    body.push_str(&section("Planned with", &given(report)));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
        <body>\n<a class=\"skip\" href=\"#main\">To the answer</a>\n<main id=\"main\">\n{body}</main>\n</body>\n</html>\n"
    )
}

fn section(title: &str, content: &str) -> String {
    let id = title.to_lowercase().replace(' ', "-");
    format!(
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{content}</section>\n"
    )
}

fn warnings(report: &Report) -> String {
    if report.warnings.is_empty() {
        return String::new();
    }
    let each = report.warnings.iter().map(|warning| {
        let (what, remedy) = (with_code(&warning.what), with_code(&warning.remedy));
        format!("<li><strong>{what}.</strong> Remedy: {remedy}.</li>\n")
    });
    let all: String = each.collect();
    section("Look at", &format!("<ul class=\"warnings\">\n{all}</ul>\n"))
}

/// Returns a text within HTML, in which commands stand between backticks.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(place, part): (usize, &str)| match place % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    };
    parts.map(part).collect()
}

/// Returns a table that scrolls on its own if it is too wide, also by keyboard.
fn table(heads: &[&str], rows: &[Vec<String>], caption: &str) -> String {
    let head: String = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{}</th>", escaped(head)))
        .collect();
    let row = |row: &Vec<String>| {
        let mut cells = row.iter();
        let first = cells.next().map_or("", String::as_str);
        let first = format!("<th scope=\"row\">{}</th>", escaped(first));
        let rest: String = cells
            .map(|cell| format!("<td>{}</td>", escaped(cell)))
            .collect();
        format!("<tr>{first}{rest}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    let caption = escaped(caption);
    format!(
        "<div class=\"wide\" role=\"region\" aria-label=\"Table: {caption}\" tabindex=\"0\"><table>\n\
        <caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// Returns a picture, its meaning in words, and its numbers.
fn figure(picture: &str, caption: &str, axis: &str, numbers: &str) -> String {
    let caption = escaped(caption);
    let name = caption.split(':').next().unwrap_or_default().to_lowercase();
    format!(
        "<figure>\n<figcaption>{caption}</figcaption>\n{picture}\n{axis}\
        <details>\n<summary>Table: {name}</summary>\n{numbers}</details>\n</figure>\n"
    )
}

/// Samples put together, so that a table can be read: when each begins, and its place.
fn spans(report: &Report) -> Vec<(String, Range<usize>)> {
    let over_time = &report.over_time;
    let all = over_time.waiting.len();
    let each = all.div_ceil(ROWS).max(1);
    let from = millis(&over_time.from).unwrap_or_default();
    let begin = |place: usize| {
        let at = from + (place as f64 * over_time.every_seconds * 1_000.0) as i64;
        on_the_clock(&moment(at))
    };
    let places = (0..all).step_by(each);
    places
        .map(|place| (begin(place), place..(place + each).min(all)))
        .collect()
}

fn over_time(report: &Report) -> String {
    let over_time = &report.over_time;
    let spans = spans(report);
    let first = spans.first().map_or("", |(begin, _)| begin.as_str());
    let last = spans.last().map_or("", |(begin, _)| begin.as_str());
    let axis = format!(
        "<p class=\"axis\" aria-hidden=\"true\"><span>{first}</span><span>{last}</span></p>\n"
    );
    let numbers = |series: &[u32], head: &str, caption: &str, sums: bool| {
        let rows: Vec<Vec<String>> = spans
            .iter()
            .map(|(begin, range)| {
                let part = series.get(range.clone()).unwrap_or_default().iter();
                let number: u64 = match sums {
                    true => part.map(|it| u64::from(*it)).sum(),
                    false => part.map(|it| u64::from(*it)).max().unwrap_or_default(),
                };
                vec![begin.clone(), grouped(number)]
            })
            .collect();
        table(&["from", head], &rows, caption)
    };
    let waiting = format!(
        "Messages that wait: {} at most, {}",
        grouped(report.backlog.most),
        on_the_clock(&report.backlog.at)
    );
    let running = format!(
        "Executions that run: {} at most, {}; max_concurrency is {}",
        grouped(report.running.most),
        on_the_clock(&report.running.at),
        grouped(report.given.max_concurrency.into())
    );
    let starts = format!(
        "Starts: {}, {} throttled",
        grouped(report.starts),
        grouped(report.throttled)
    );
    let pictures = [
        (&over_time.waiting, "waiting", waiting, "at most", false),
        (&over_time.running, "running", running, "at most", false),
        (&over_time.starts, "starts", starts, "starts", true),
    ];
    let refused = format!(
        "Executions that the target refused: {}",
        grouped(report.refused)
    );
    let refused = report.given.target.as_ref().map(|_| {
        let series = &over_time.refused;
        (series, "refused", refused, "refused", true)
    });
    let mut text = String::new();
    for (series, class, caption, head, sums) in pictures.into_iter().chain(refused) {
        let picture = area(series, class, &caption);
        text.push_str(&figure(
            &picture,
            &caption,
            &axis,
            &numbers(series, head, &caption, sums),
        ));
    }
    text.push_str(&held(report, &axis));
    section("Over time", &text)
}

/// Returns the reasons that held events up, and their times.
fn held(report: &Report, axis: &str) -> String {
    if report.held_by.is_empty() {
        return String::new();
    }
    let parts = report.held_by.iter();
    let shares: Vec<String> = parts
        .clone()
        .map(|held| format!("{} {:.0} %", held.what, held.share * 100.0))
        .collect();
    let caption = format!("Reasons that held events up: {}", shares.join(", "));
    let legend: String = parts
        .map(|held| {
            let (code, what) = (escaped(&held.code), escaped(&held.what));
            format!("<li><span class=\"key held-{code}\" aria-hidden=\"true\"></span>{what}</li>")
        })
        .collect();
    let rows: Vec<Vec<String>> = report
        .stretches
        .iter()
        .map(|it| {
            vec![
                on_the_clock(&it.from),
                on_the_clock(&it.to),
                it.what.clone(),
            ]
        })
        .collect();
    let numbers = table(&["from", "to", "held up by"], &rows, &caption);
    let picture = format!(
        "{}<ul class=\"legend\">{legend}</ul>",
        strip(&report.over_time, &caption)
    );
    figure(&picture, &caption, axis, &numbers)
}

/// Returns the changes of the circuit.
fn changes(circuit: &CircuitReport) -> String {
    let rows = circuit.changes.iter();
    let rows = rows.map(|change| vec![on_the_clock(&change.at), text::state(change)]);
    let rows: Vec<Vec<String>> = rows.collect();
    let caption = format!(
        "changes of the circuit: {} in all, and {} probes",
        grouped(circuit.changes_in_all),
        grouped(circuit.probes)
    );
    table(&["from", "state, and starts a second"], &rows, &caption)
}

fn lanes(report: &Report) -> String {
    waits("lane", &text::lanes(report))
}

fn tenants(report: &Report) -> String {
    waits("tenant", &text::tenants(report))
}

fn waits(whose: &str, rows: &[Vec<String>]) -> String {
    let heads = [whose, "starts", "p50", "p95", "p99", "worst"];
    table(&heads, rows, &format!("from upload to start, by {whose}"))
}

fn waves(report: &Report) -> String {
    let rows: Vec<Vec<String>> = report
        .waves
        .iter()
        .map(|wave| {
            let done = wave
                .done
                .as_deref()
                .map_or_else(|| "never".to_owned(), on_the_clock);
            let after = wave.drain_seconds.map_or_else(|| "-".to_owned(), length);
            vec![wave.name.clone(), wave.lane.clone(), done, after]
        })
        .collect();
    table(
        &["uploads", "lane", "done", "after its last upload"],
        &rows,
        "when each wave is done",
    )
}

fn bill(report: &Report) -> String {
    let rows = dollars(report);
    let caption = format!("dollars of {}", report.dollars.basis);
    let table = table(&["service", "dollars"], &rows, &caption);
    let most = report.dollars.month.values().copied().fold(0.01, f64::max);
    let bars = report.dollars.month.iter().map(|(service, dollars)| {
        let service = escaped(service);
        let width = dollars / most * 100.0;
        format!(
            "<li><span>{service}</span><span class=\"bar\" style=\"width:{width:.1}%\"></span><span>${dollars:.2}</span></li>\n"
        )
    });
    let bars: String = bars.collect();
    format!(
        "<ul class=\"bars\" aria-hidden=\"true\">\n{bars}</ul>\n{table}<p>List prices of us-east-1, without free tiers. A million \
        events cost ${:.2} beside the workflow's own transitions.</p>\n",
        report.dollars.per_million
    )
}

fn given(report: &Report) -> String {
    let fields = match serde_json::to_value(&report.given) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let rows: Vec<Vec<String>> = fields
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => text,
                Value::Null => "-".to_owned(),
                value => value.to_string(),
            };
            vec![name, value]
        })
        .collect();
    table(&["setting", "value"], &rows, "settings of the plan")
}
