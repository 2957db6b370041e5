//! `backfill` and `reconcile`: a run of the state machine, with its preview, its progress and its
//! counts.

pub mod plan;

use std::collections::BTreeMap;
use std::time::Duration;

use aws::ledger::RunSeen;
use serde_json::{Value, json};
use spillway::Millis;

use self::plan::{Asked, Configured, Plan, cost, off, plan};
use crate::answer::{Answer, table};
use crate::connect::Connected;
use crate::fault::{Fault, code};
use crate::object::{modified, named};
use crate::options::{Backfill, Reconcile};
use crate::pipeline::{Pipeline, execution_arn};
use crate::redrive::stop::Stop;
use crate::redrive::told::Told;
use crate::time::{now, when};

/// S3 tells the time of an object to the second.
const LISTED_TO: Millis = 1_000;
/// How often a run is asked about.
const EVERY: Duration = Duration::from_secs(1);

/// Queues the objects of a bucket that the ledger does not know. Returns the answer.
pub async fn backfill(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &Backfill,
    told: Told,
) -> Result<Answer, Fault> {
    let now = now();
    let moment = |text: &Option<String>| {
        text.as_deref()
            .map(|text| when(text, now))
            .transpose()
            .map_err(Fault::Usage)
    };
    let place = named::prefix(&options.place).map_err(Fault::Usage)?;
    let inventory = options
        .inventory
        .as_deref()
        .map(named::object)
        .transpose()
        .map_err(Fault::Usage)?;
    let asked = Asked {
        places: vec![place],
        since: moment(&options.since)?,
        until: moment(&options.until)?,
        dry_run: options.dry_run,
        min_age: options.min_age,
        inventory,
    };
    let configured = must_be_on(connected, pipeline).await?;
    let plan = plan(pipeline.name(), &configured, &asked, now).map_err(Fault::Failed)?;
    run(connected, pipeline, &plan, options.dry_run, told).await
}

/// Requeues rows that nothing moves, or settles the state of one object. Returns the answer.
pub async fn reconcile(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &Reconcile,
    told: Told,
) -> Result<Answer, Fault> {
    let plan = match &options.object {
        None => Plan {
            input: json!({}),
            notes: Vec::new(),
        },
        Some(object) => {
            let object = named::object(object).map_err(Fault::Usage)?;
            let mut asked = Asked {
                places: vec![object.clone()],
                dry_run: options.dry_run,
                min_age: options.min_age,
                ..Asked::default()
            };
            let configured = must_be_on(connected, pipeline).await?;
            let planned = |asked: &Asked| {
                plan(pipeline.name(), &configured, asked, now()).map_err(Fault::Failed)
            };
            planned(&asked)?;
            let (bucket, object_key) = object.split_once('/').unwrap_or_default();
            let modified = modified(connected, bucket, object_key).await?;
            let modified = modified.ok_or_else(|| {
                Fault::failed(format!(
                    "there is no object s3://{object}, so there is nothing to compare"
                ))
            })?;
            // The state machine lists by prefix: this leaves out the other keys that begin so.
            asked.since = Some(modified);
            asked.until = Some(modified + LISTED_TO);
            planned(&asked)?
        }
    };
    run(connected, pipeline, &plan, options.dry_run, told).await
}

/// Returns how the pipeline's reconcile is configured; `None`: it is off.
pub async fn configured(
    connected: &Connected,
    pipeline: &Pipeline,
) -> Result<Option<Configured>, Fault> {
    let function = pipeline.names.function("reconcile");
    let Some(found) = connected.api.function(&function).await? else {
        return Ok(None);
    };
    let variables = found.variables;
    let configured = Configured::read(&|name| variables.get(name).cloned());
    configured.map(Some).map_err(|error| {
        Fault::failed(format!(
            "{function} is configured in a way that this release cannot read: use the spillway of its release. {error}"
        ))
    })
}

/// Returns the configuration, or the fault that reconcile is off.
async fn must_be_on(connected: &Connected, pipeline: &Pipeline) -> Result<Configured, Fault> {
    let configured = configured(connected, pipeline).await?;
    configured.ok_or_else(|| Fault::failed(off(pipeline.name())))
}

/// Starts a run and follows it to its end.
async fn run(
    connected: &Connected,
    pipeline: &Pipeline,
    plan: &Plan,
    dry_run: bool,
    told: Told,
) -> Result<Answer, Fault> {
    for note in &plan.notes {
        told.line(&format!("note: {note}"));
    }
    let stop = Stop::heard()?;
    let machine = pipeline.arn(
        "states",
        &format!("stateMachine:{}", pipeline.names.reconcile_machine()),
    );
    let mut random = [0; 4];
    // Two runs in one millisecond would have one name.
    let filled = getrandom::fill(&mut random);
    filled.map_err(|error| Fault::failed(format!("there is no random number: {error}")))?;
    let name = format!("by-hand-{}-{}", now(), u32::from_be_bytes(random));
    let started = connected
        .sfn
        .start_execution()
        .state_machine_arn(&machine)
        .name(&name)
        .input(plan.input.to_string())
        .send()
        .await;
    let started = started.map_err(|error| match code(&error) {
        "StateMachineDoesNotExist" => Fault::failed(off(pipeline.name())),
        _ => Fault::call(&format!("starting {machine}"), &error),
    })?;
    let arn = if started.execution_arn.is_empty() {
        execution_arn(&machine, &name)
    } else {
        started.execution_arn
    };
    told.line(&format!("run {name}: {}", pipeline.console(&arn)));
    let mut shown = None;
    loop {
        let answer = connected
            .sfn
            .describe_execution()
            .execution_arn(&arn)
            .send()
            .await;
        let answer = answer.map_err(|error| Fault::call(&format!("describing {arn}"), &error))?;
        let seen = pipeline.ledger.run_seen(&name).await?;
        if answer.status.as_str() != "RUNNING" {
            let output = answer
                .output
                .and_then(|output| serde_json::from_str(&output).ok());
            let failure = match answer.status.as_str() {
                "SUCCEEDED" => None,
                status => Some(format!(
                    "{status}: {}: {}",
                    answer.error.unwrap_or_default(),
                    answer.cause.unwrap_or_default()
                )),
            };
            return ended(
                pipeline,
                &name,
                &arn,
                seen.unwrap_or_default(),
                output,
                failure,
                dry_run,
            );
        }
        if seen != shown {
            shown = seen;
            if let Some(seen) = &shown {
                told.line(&progress(seen));
            }
        }
        if stop.asked() {
            told.line(&format!("not followed any more; the run goes on. To stop it: aws stepfunctions stop-execution --execution-arn {arn}"));
            return Err(Fault::Stopped("not followed any more".to_owned()));
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn progress(seen: &RunSeen) -> String {
    let some = ["listed", "queued", "known", "scanned", "sent_again"];
    let counts = some
        .iter()
        .filter_map(|name| Some(format!("{name} {}", seen.counts.get(*name)?)));
    counts.collect::<Vec<_>>().join(", ")
}

/// Counts as whole numbers, as far as they are: read units have fractions.
fn whole(counts: &BTreeMap<String, f64>) -> BTreeMap<&str, Value> {
    let whole = |count: f64| match count.fract() == 0.0 {
        true => json!(count as i64),
        false => json!(count),
    };
    let counts = counts.iter();
    counts
        .map(|(name, count)| (name.as_str(), whole(*count)))
        .collect()
}

fn ended(
    pipeline: &Pipeline,
    name: &str,
    arn: &str,
    seen: RunSeen,
    output: Option<Value>,
    failure: Option<String>,
    dry_run: bool,
) -> Result<Answer, Fault> {
    let number = |name: &str| seen.counts.get(name).copied().unwrap_or_default();
    let dollars = cost(number("listed"), number("queued"));
    let json = json!({
        "pipeline": pipeline.name(), "run": name, "execution_arn": arn, "dry_run": dry_run, "counts": whole(&seen.counts),
        "problem": seen.problem, "output": output, "failure": failure, "dollars": dollars,
    });
    if let Some(failure) = failure {
        return Err(Fault::failed(format!(
            "the run {name} failed: {failure}. It lost nothing: start another"
        )));
    }
    let (queued, sent) = (number("queued"), number("sent_again"));
    let sentence = match dry_run {
        true => format!(
            "{queued} objects would be queued of {} listed; the same run for good costs about ${dollars:.4}",
            number("listed")
        ),
        false => format!("{queued} objects were queued, and {sent} rows were sent again"),
    };
    let rows: Vec<Vec<String>> = seen
        .counts
        .iter()
        .map(|(name, count)| vec![name.clone(), count.to_string()])
        .collect();
    let problem = seen
        .problem
        .map(|problem| format!("\nproblem: {problem}\n"))
        .unwrap_or_default();
    Ok(Answer::new(
        format!("{sentence}.\n\n{}{problem}", table(&rows)),
        json,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_whole_where_they_are() {
        let counts = BTreeMap::from([("queued".to_owned(), 3.0), ("read_units".to_owned(), 1.5)]);
        let told = json!(whole(&counts)).to_string();
        assert_eq!(told, r#"{"queued":3,"read_units":1.5}"#);
    }
}
