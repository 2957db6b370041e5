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
    verdict: Verdict,
    report: Report,
}

/// A number against the goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    TooLittle,
    Enough,
    /// The target refuses so many executions that so many events are dead letters.
    DeadLetters(usize),
}

/// The result of a search.
#[derive(Debug)]
pub struct Found {
    pub text: String,
    pub json: Value,
    pub found: bool,
}

/// A search under way.
struct Search<'a> {
    given: Given,
    wanted: &'a Wanted,
    tried: Vec<Tried>,
}

/// Searches for the smallest number that is enough. Doubles the number until it is, then looks
/// between the last two. More of the number is taken to be no worse, but for dead letters of the
/// target. Returns the result.
pub fn find(given: Given, wanted: &Wanted) -> Result<Found, Wrong> {
    let most = wanted.number.most(&given.pipeline);
    let least = least(&given, wanted.number, most)?;
    let mut search = Search {
        given,
        wanted,
        tried: Vec::new(),
    };
    let (mut below, mut at) = (least - 1, least);
    let mut verdict = search.tries(at)?;
    // Numbers that are too little, and the doubles of which make dead letters.
    let mut between = None;
    while verdict != Verdict::Enough && at < most {
        let next = at.saturating_mul(2).min(most);
        let of_next = search.tries(next)?;
        if verdict == Verdict::TooLittle && matches!(of_next, Verdict::DeadLetters(_)) {
            between = Some((at, next));
        }
        (below, at, verdict) = (at, next, of_next);
    }
    if let (true, Some((little, much))) = (verdict != Verdict::Enough, between) {
        (below, at) = (little, much);
        while verdict != Verdict::Enough && at - below > 1 {
            let middle = below + (at - below) / 2;
            match search.tries(middle)? {
                Verdict::TooLittle => below = middle,
                of_middle => (at, verdict) = (middle, of_middle),
            }
        }
    }
    let found = verdict == Verdict::Enough;
    while found && at - below > 1 {
        let middle = below + (at - below) / 2;
        match search.tries(middle)? {
            Verdict::Enough => at = middle,
            _ => below = middle,
        }
    }
    let tried = &search.tried;
    // Each number was tried, the last one too.
    let best = tried.iter().rfind(|it| it.number == at);
    let best = best.or(tried.last()).ok_or_else(|| {
        Wrong::new(format!(
            "--find {}: no number can be tried: give other numbers",
            wanted.number
        ))
    })?;
    Ok(told(wanted, tried, best))
}

/// Returns the smallest number that the pipeline can have, or the reason why `most` is refused.
fn least(given: &Given, number: Number, most: u32) -> Result<u32, Wrong> {
    let can_be = |at: u32| {
        let mut pipeline = given.pipeline.clone();
        number.set(&mut pipeline, at);
        pipeline.checked().map(drop)
    };
    can_be(most)?;
    let (mut below, mut at) = (0, most);
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        match can_be(middle) {
            Ok(()) => at = middle,
            Err(_) => below = middle,
        }
    }
    Ok(at)
}

impl Search<'_> {
    /// Plans with a number.
    fn tries(&mut self, number: u32) -> Result<Verdict, Wrong> {
        let (given, wanted) = (&mut self.given, self.wanted);
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
        let dead = answers.dead_by_failure.last().copied().unwrap_or_default();
        let verdict = match (dead, in_time && cheap) {
            (0, true) => Verdict::Enough,
            (0, false) => Verdict::TooLittle,
            (dead, _) => Verdict::DeadLetters(dead),
        };
        self.tried.push(Tried {
            number,
            verdict,
            report,
        });
        Ok(verdict)
    }
}

/// `best`: the number that is found, or the last one that is not enough.
fn told(wanted: &Wanted, tried: &[Tried], best: &Tried) -> Found {
    let Wanted {
        number,
        drain_within,
        cost_below,
    } = wanted;
    let at = best.number;
    let found = (best.verdict == Verdict::Enough).then_some(at);
    let report = &best.report;
    let below = cost_below.map_or_else(String::new, |it| format!(" for at most ${it} a month"));
    let what = format!("drains within {}{below}", span(*drain_within));
    let told = match found {
        Some(found) => format!(
            "{number} = {} is the smallest that {what}.\n\n{}",
            grouped(found.into()),
            text::text(report)
        ),
        None => {
            let held = report.held_by.first();
            let held = held.map_or_else(String::new, |held| {
                format!("; {} holds it up most", held.what)
            });
            let drained = report.drain_seconds.map_or_else(
                || "it is not drained in twice that time".to_owned(),
                |seconds| format!("it is drained after {}", text::length(seconds)),
            );
            let dead = match best.verdict {
                Verdict::DeadLetters(dead) => {
                    let dead = grouped(dead as u64);
                    format!("; the target makes {dead} object events dead letters")
                }
                _ => String::new(),
            };
            format!(
                "No {number} up to {} {what}: then {drained}, for ${:.2} a month{held}{dead}.",
                grouped(at.into()),
                report.dollars.month_total
            )
        }
    };
    let tries: Vec<Value> = tried
        .iter()
        .map(|it| {
            json!({"number": it.number, "drain_seconds": it.report.drain_seconds, "dollars": it.report.dollars.month_total, "does": it.verdict == Verdict::Enough})
        })
        .collect();
    Found {
        text: told,
        json: json!({
            "find": number.to_string(), "found": found, "drain_within_seconds": *drain_within as f64 / 1_000.0,
            "cost_below": cost_below, "tried": tries, "plan": report,
        }),
        found: found.is_some(),
    }
}
