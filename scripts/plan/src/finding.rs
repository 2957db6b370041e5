//! Searching for the smallest number that does.

use serde_json::{Value, json};
use spillway::Millis;

use crate::engine;
use crate::given::Given;
use crate::given::arrivals::grouped;
use crate::given::finding::Number;
use crate::given::wrong::Wrong;
use crate::length::span;
use crate::told::making;
use crate::told::report::Report;
use crate::told::text;

/// The goal of a search.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub number: Number,
    pub drain_within: Millis,
    pub cost_below: Option<f64>,
}

/// A number that was tried.
#[derive(Debug)]
struct Tried {
    number: u32,
    drain_seconds: Option<f64>,
    dollars: f64,
    does: bool,
}

/// The result of a search.
#[derive(Debug)]
pub struct Found {
    pub text: String,
    pub json: Value,
    pub found: bool,
}

/// Searches: doubles the number until it does, then looks between. More of the number is taken to
/// be no worse. Returns the result.
pub fn find(mut given: Given, wanted: &Wanted) -> Result<Found, Wrong> {
    let mut tried = Vec::new();
    let most = wanted.number.most(&given.pipeline);
    let mut try_it = |number: u32| -> Result<(bool, Report), Wrong> {
        let (does, report) = plan(&mut given, wanted, number)?;
        tried.push(Tried {
            number,
            drain_seconds: report.drain_seconds,
            dollars: report.dollars.month_total,
            does,
        });
        Ok((does, report))
    };
    let (mut below, mut at) = (0, 1);
    let (mut does, mut best) = try_it(at)?;
    while !does && at < most {
        below = at;
        at = (2 * at).min(most);
        (does, best) = try_it(at)?;
    }
    while does && at - below > 1 {
        let between = below + (at - below) / 2;
        let (does, report) = try_it(between)?;
        match does {
            true => (at, best) = (between, report),
            false => below = between,
        }
    }
    Ok(told(wanted, &tried, does.then_some(at), &best))
}

fn plan(given: &mut Given, wanted: &Wanted, number: u32) -> Result<(bool, Report), Wrong> {
    wanted.number.set(&mut given.pipeline, number);
    given.pipeline = given.pipeline.clone().checked()?;
    let mut setup = given.setup();
    let last = given.arrivals.all.last().map_or(given.from, |it| it.at);
    // A plan that drains later than that does not pass.
    setup.until = setup.until.min(last + 2 * wanted.drain_within + 120_000);
    let answers = engine::run(&setup, &given.arrivals.all);
    let report = making::report(given, &answers);
    let drained = answers.drained_after();
    let in_time = drained.is_some_and(|drained| drained <= wanted.drain_within);
    let cheap = wanted
        .cost_below
        .is_none_or(|below| report.dollars.month_total <= below);
    Ok((in_time && cheap, report))
}

fn told(wanted: &Wanted, tried: &[Tried], found: Option<u32>, best: &Report) -> Found {
    let Wanted {
        number,
        drain_within,
        cost_below,
    } = wanted;
    let below = cost_below.map_or_else(String::new, |it| format!(" for at most ${it} a month"));
    let what = format!("drains within {}{below}", span(*drain_within));
    let told = match found {
        Some(found) => format!(
            "{number} = {} is the smallest that {what}.\n\n{}",
            grouped(found.into()),
            text::text(best)
        ),
        None => {
            let last = tried.last().map_or(0, |it| it.number);
            let held = best.held_by.first();
            let held = held.map_or_else(String::new, |held| {
                format!("; {} holds it up most", held.what)
            });
            let drained = best.drain_seconds.map_or_else(
                || "it is not drained in twice that time".to_owned(),
                |seconds| format!("it is drained after {}", text::length(seconds)),
            );
            format!(
                "No {number} up to {} {what}: then {drained}, for ${:.2} a month{held}.",
                grouped(last.into()),
                best.dollars.month_total
            )
        }
    };
    let tries: Vec<Value> = tried
        .iter()
        .map(|it| {
            json!({"number": it.number, "drain_seconds": it.drain_seconds, "dollars": it.dollars, "does": it.does})
        })
        .collect();
    Found {
        text: told,
        json: json!({
            "find": number.to_string(), "found": found, "drain_within_seconds": *drain_within as f64 / 1_000.0,
            "cost_below": cost_below, "tried": tries, "plan": best,
        }),
        found: found.is_some(),
    }
}
