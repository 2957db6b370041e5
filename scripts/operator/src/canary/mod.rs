//! `canary`: two versions of the workflow behind one alias, their failures, and the verdict on the
//! newer one.

pub mod judge;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use spillway::record::row::State;

use self::judge::{Tally, Verdict, judge};
use crate::answer::{Answer, count, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Canary;
use crate::pipeline::Pipeline;
use crate::time;

/// Executions of a version that are looked at, the newest: a page.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html>
const NEWEST: i32 = 1_000;
/// Time between two looks of --wait.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// A version that the alias sends starts to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    version_arn: String,
    weight: i32,
}

impl Route {
    /// Returns the version's number, which only ever grows.
    fn number(&self) -> u64 {
        let last = self.version_arn.rsplit(':').next();
        last.and_then(|number| number.parse().ok())
            .unwrap_or_default()
    }
}

/// The findings of one look.
struct Look {
    verdict: Verdict,
    /// Newest version first.
    versions: Vec<(Route, Tally)>,
    read_units: f64,
    whole_ledger: bool,
}

pub async fn canary(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &Canary,
) -> Result<Answer, Fault> {
    let routes = routes(connected, pipeline).await?;
    if options.serving {
        return serving(&routes);
    }
    let until = time::now() + options.wait.unwrap_or_default();
    loop {
        let look = look(connected, pipeline, options).await?;
        if look.verdict != Verdict::Wait || time::now() >= until {
            return Ok(answer(pipeline, options, &look));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Returns the version that most starts go to: with equal weights, the older one.
fn serving(routes: &[Route]) -> Result<Answer, Fault> {
    let most = routes
        .iter()
        .max_by_key(|route| (route.weight, std::cmp::Reverse(route.number())));
    let most = most.ok_or_else(|| {
        Fault::failed("the alias sends starts to no version: apply workflow.alias again")
    })?;
    Ok(Answer::new(
        most.version_arn.clone(),
        json!({"version_arn": most.version_arn, "weight": most.weight}),
    ))
}

/// Returns the versions that the alias sends starts to, newest first.
async fn routes(connected: &Connected, pipeline: &Pipeline) -> Result<Vec<Route>, Fault> {
    let alias = &pipeline.config.state_machine_arn;
    if alias.split(':').count() < 8 {
        return Err(Fault::usage(format!(
            "{} starts executions by the state machine itself: there are no versions to compare. Set workflow.alias, and apply",
            pipeline.name()
        )));
    }
    let found = connected
        .sfn
        .describe_state_machine_alias()
        .state_machine_alias_arn(alias)
        .send()
        .await
        .map_err(|error| Fault::call(&format!("looking at {alias}"), &error))?;
    let mut routes: Vec<Route> = found
        .routing_configuration
        .unwrap_or_default()
        .into_iter()
        .map(|item| Route {
            version_arn: item.state_machine_version_arn,
            weight: item.weight,
        })
        .filter(|route| route.weight > 0)
        .collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.number()));
    Ok(routes)
}

async fn look(connected: &Connected, pipeline: &Pipeline, options: &Canary) -> Result<Look, Fault> {
    let routes = routes(connected, pipeline).await?;
    let (reported, read_units, whole_ledger) = failed_rows(pipeline, options.read_units).await?;
    let mut versions = Vec::new();
    for route in routes {
        let tally = tally(connected, &route.version_arn, &reported).await?;
        versions.push((route, tally));
    }
    let verdict = match versions.as_slice() {
        [(_, newer), (_, older)] => judge(*newer, *older, options.least, options.margin),
        // With --wait a person has given a version a share: perhaps the alias does not show it yet.
        _ if options.wait.is_some() => Verdict::Wait,
        _ => Verdict::Alone,
    };
    Ok(Look {
        verdict,
        versions,
        read_units,
        whole_ledger,
    })
}

/// Returns the executions that the ledger has failed objects of, up to so many read units.
async fn failed_rows(
    pipeline: &Pipeline,
    most: u32,
) -> Result<(BTreeSet<String>, f64, bool), Fault> {
    let (mut executions, mut units, mut from) = (BTreeSet::new(), 0.0, None);
    while units < f64::from(most) {
        let states = [State::Retry, State::Dead];
        let page = pipeline
            .ledger
            .scan_rows(&states, None, (0, 1), from.as_ref())
            .await?;
        units += page.units;
        let rows = page.rows.into_iter().flatten();
        executions.extend(rows.filter_map(|row| row.row.execution));
        from = page.next;
        if from.is_none() {
            return Ok((executions, units, true));
        }
    }
    Ok((executions, units, false))
}

/// Counts a version's newest executions. `reported`: those with a failed object, in any final
/// state. Returns the counts.
async fn tally(
    connected: &Connected,
    version_arn: &str,
    reported: &BTreeSet<String>,
) -> Result<Tally, Fault> {
    let listed = connected
        .sfn
        .list_executions()
        .state_machine_arn(version_arn)
        .max_results(NEWEST)
        .send()
        .await
        .map_err(|error| Fault::call(&format!("listing executions of {version_arn}"), &error))?;
    let mut tally = Tally::default();
    for execution in &listed.executions {
        let failed = match execution.status.as_str() {
            "SUCCEEDED" => reported.contains(&execution.name),
            "FAILED" | "TIMED_OUT" | "ABORTED" => true,
            _ => continue,
        };
        tally.closed += 1;
        tally.failed += u64::from(failed);
    }
    Ok(tally)
}

fn answer(pipeline: &Pipeline, options: &Canary, look: &Look) -> Answer {
    let mut text = format!("{}: {}.\n", pipeline.name(), sentence(options, look));
    let head = ["version", "weight", "ended", "failed", "share"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(look.versions.iter().map(|(route, tally)| {
        vec![
            route.number().to_string(),
            format!("{} %", route.weight),
            tally.closed.to_string(),
            tally.failed.to_string(),
            format!("{:.1} %", tally.percent()),
        ]
    }));
    text.push('\n');
    text.push_str(&table(&rows));
    let whole = if look.whole_ledger {
        "all of the ledger"
    } else {
        "a part of the ledger"
    };
    text.push_str(&format!(
        "\nLooked at the newest {NEWEST} executions of each version, and at {whole} ({} read units of at most {}: --read-units).\n",
        look.read_units, options.read_units,
    ));
    let json = json!({
        "pipeline": pipeline.name(),
        "verdict": look.verdict.word(),
        "least": options.least,
        "margin_percent": options.margin,
        "versions": look.versions.iter().map(|(route, tally)| version(route, *tally)).collect::<Vec<_>>(),
        "read_units": look.read_units,
        "whole_ledger": look.whole_ledger,
    });
    Answer {
        text,
        json,
        status: look.verdict.status(),
    }
}

fn version(route: &Route, tally: Tally) -> Value {
    json!({
        "version_arn": route.version_arn,
        "weight": route.weight,
        "closed": tally.closed,
        "failed": tally.failed,
    })
}

fn sentence(options: &Canary, look: &Look) -> String {
    let [(newer, seen), ..] = look.versions.as_slice() else {
        return "the alias sends starts to no version".to_owned();
    };
    let number = newer.number();
    let margin = options.margin;
    match look.verdict {
        Verdict::Alone => {
            format!("version {number} has all starts, and there is none to compare it with")
        }
        Verdict::Wait if look.versions.len() == 1 => {
            format!("version {number} still has all starts, and there is none to compare it with")
        }
        Verdict::Wait => format!(
            "version {number} cannot be judged yet: {} of it ended, and --least asks for {}",
            count(seen.closed, "execution"),
            options.least
        ),
        Verdict::Promote => format!(
            "version {number} can have all starts: it fails at most {margin} points more often than the older one"
        ),
        Verdict::Back => format!(
            "version {number} must go back: it fails more than {margin} points more often than the older one"
        ),
    }
}
