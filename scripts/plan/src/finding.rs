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
    verdict: Verdict,
}

/// A number against the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    TooLittle,
    Enough,
    /// The target refuses so many executions that events are dead letters.
    TooMuch,
}

/// The result of a search.
#[derive(Debug)]
pub struct Found {
    pub text: String,
    pub json: Value,
    pub found: bool,
}

/// Searches: doubles the number until it is enough, then looks between. More of the number is taken
/// to be no worse, until the target makes dead letters. Returns the result.
pub fn find(mut given: Given, wanted: &Wanted) -> Result<Found, Wrong> {
    let mut tried = Vec::new();
    let most = wanted.number.most(&given.pipeline);
    // Refused before anything takes time.
    let mut with_most = given.pipeline.clone();
    wanted.number.set(&mut with_most, most);
    with_most.checked()?;
    let mut try_it = |number: u32| -> Result<(Verdict, Report), Wrong> {
        let (verdict, report) = plan(&mut given, wanted, number)?;
        tried.push(Tried {
            number,
            drain_seconds: report.drain_seconds,
            dollars: report.dollars.month_total,
            verdict,
        });
        Ok((verdict, report))
    };
    let (mut below, mut at) = (0, 1);
    let (mut verdict, mut best) = try_it(at)?;
    while verdict == Verdict::TooLittle && at < most {
        below = at;
        at = (2 * at).min(most);
        (verdict, best) = try_it(at)?;
    }
    while verdict != Verdict::TooLittle && at - below > 1 {
        let between = below + (at - below) / 2;
        let (of_it, report) = try_it(between)?;
        match of_it {
            Verdict::TooLittle => below = between,
            _ => (at, verdict, best) = (between, of_it, report),
        }
    }
    let found = (verdict == Verdict::Enough).then_some(at);
    Ok(told(wanted, &tried, found, &best))
}

fn plan(given: &mut Given, wanted: &Wanted, number: u32) -> Result<(Verdict, Report), Wrong> {
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
    // The target's refusals come behind the failures.
    let dead_by_target = answers.dead_by_failure.last().is_some_and(|dead| *dead > 0);
    let verdict = match in_time && cheap {
        _ if dead_by_target => Verdict::TooMuch,
        true => Verdict::Enough,
        false => Verdict::TooLittle,
    };
    Ok((verdict, report))
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
            // Of a target, the number above which events are dead letters.
            let last = tried.iter().map(|it| it.number).max().unwrap_or(0);
            let held = best.held_by.first();
            let held = held.map_or_else(String::new, |held| {
                format!("; {} holds it up most", held.what)
            });
            let drained = best.drain_seconds.map_or_else(
                || "it is not drained in twice that time".to_owned(),
                |seconds| format!("it is drained after {}", text::length(seconds)),
            );
            let dead = match best.dead_letters {
                0 => String::new(),
                dead => format!("; {} object events are dead letters", grouped(dead)),
            };
            format!(
                "No {number} up to {} {what}: then {drained}, for ${:.2} a month{held}{dead}.",
                grouped(last.into()),
                best.dollars.month_total
            )
        }
    };
    let tries: Vec<Value> = tried
        .iter()
        .map(|it| {
            json!({"number": it.number, "drain_seconds": it.drain_seconds, "dollars": it.dollars, "does": it.verdict == Verdict::Enough})
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
