//! `pause`, `resume`, `set`, `unset` and `pace`: the control item.

pub mod change;

use aws::error::AwsError;
use aws::ledger::Steering;
use serde_json::json;
use spillway::lane::{self, Lane};
use spillway::pace::bound;
use spillway::pace::in_force::in_force;

use self::change::{By, Change, changed};
use crate::answer::{Answer, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Because;
use crate::pipeline::{OWN_RELEASE, Pipeline, of_another_release};
use crate::status::report::in_force_report;
use crate::status::report::{InForceReport, override_text};
use crate::status::seen::Seen;
use crate::time;

/// Changes the control item, on condition that nobody else has since it was read.
pub async fn change(
    connected: &Connected,
    pipeline: &Pipeline,
    change: Change,
    because: &Because,
) -> Result<Answer, Fault> {
    let ledger = &pipeline.ledger;
    let release = pipeline.release.as_deref();
    let warning = release.and_then(|release| of_another_release(release, OWN_RELEASE));
    // First, so that little time is between the read and the write.
    let who = connected.who().await;
    let before = match ledger.steering().await {
        Ok(before) => before,
        Err(AwsError::Ledger { .. }) if change == Change::UnsetAll => {
            let Some(deleted) = ledger.forget_steering().await? else {
                return Err(Fault::failed(format!(
                    "somebody changed the control item at the same moment, and nothing was deleted: look at `spillway -p {} pace`, and \
                     try again",
                    pipeline.name()
                )));
            };
            let said = format!(
                "The control item could not be read; it is deleted. Everything is as configured. It said: {deleted}."
            );
            return answer(pipeline, &Steering::default(), &said)
                .map(|answer| warned(answer, warning));
        }
        Err(problem @ AwsError::Ledger { .. }) => {
            let name = pipeline.name();
            return Err(Fault::failed(format!(
                "{problem}. `spillway -p {name} unset --all` deletes it"
            )));
        }
        Err(problem) => return Err(problem.into()),
    };
    let now = time::now();
    let by = By {
        who,
        now,
        note: because.reason.clone(),
        until: because.lasts.map(|lasts| now + lasts),
    };
    let next = changed(
        &before,
        &change,
        &by,
        &pipeline.config.pace,
        pipeline.lanes(),
    )
    .map_err(Fault::Usage)?;
    if !ledger.steer(&before, &next).await? {
        let other = ledger.steering().await.ok().and_then(|other| {
            Some(
                other
                    .about
                    .values()
                    .max_by_key(|about| about.since.clone())?
                    .clone(),
            )
        });
        let who = other
            .and_then(|about| about.by)
            .unwrap_or_else(|| "somebody".to_owned());
        return Err(Fault::failed(format!(
            "{who} changed the control item at the same moment, and nothing was overwritten: look at `spillway -p {} pace`, and try again",
            pipeline.name()
        )));
    }
    let said = match change {
        Change::Pause => {
            "Paused: nothing starts within about two seconds, but for messages that were received before. Outcomes are \
                          still settled."
        }
        Change::Resume => {
            "Resumed: starts go on with the next tick, as the pace and the windows say."
        }
        Change::GoOn => "Starts go on with the next tick, also in a window that pauses.",
        Change::Set(_) => "Set: it holds within about two seconds.",
        Change::Unset(_) | Change::UnsetAll => {
            "Unset: the configured numbers hold within about two seconds."
        }
    };
    // Of the written item: another read could fail, and hide that the write succeeded.
    answer(pipeline, &next, said).map(|answer| warned(answer, warning))
}

/// Says before all else that the handlers are of another release.
fn warned(mut answer: Answer, warning: Option<String>) -> Answer {
    if let Some(warning) = &warning {
        answer.text = format!("! {warning}.\n\n{}", answer.text);
    }
    if let Some(fields) = answer.json.as_object_mut() {
        fields.insert("warning".to_owned(), json!(warning));
    }
    answer
}

/// Returns the configured pace, its overrides, and the pace in force.
pub async fn pace(pipeline: &Pipeline) -> Result<Answer, Fault> {
    answer(pipeline, &pipeline.ledger.steering().await?, "")
}

fn answer(pipeline: &Pipeline, steering: &Steering, said: &str) -> Result<Answer, Fault> {
    let config = &pipeline.config;
    let now = time::now();
    let lanes = lane::bounds(pipeline.lanes());
    let current = in_force(
        &config.pace,
        &lanes,
        &config.windows,
        &steering.control,
        now,
    );
    current.map_err(|error| {
        Fault::failed(format!(
            "the control item is not usable: {error}. spillway unset --all deletes it"
        ))
    })?;
    let seen = Seen {
        now,
        steering: Some(Ok(steering.clone())),
        ..Seen::default()
    };
    let report = in_force_report(config, &seen);
    let json = json!({
        "pipeline": pipeline.name(),
        "configured": crate::status::report::PaceReport::from(&config.pace),
        "in_force": report,
    });
    Ok(Answer::new(text(pipeline, said, &report), json))
}

fn text(pipeline: &Pipeline, said: &str, report: &InForceReport) -> String {
    let configured = &pipeline.config.pace;
    let mut text = String::new();
    if !said.is_empty() {
        text.push_str(said);
        text.push_str("\n\n");
    }
    let paused = match report.paused_by {
        Some(by) => format!("paused by the {by}"),
        None => "not paused".to_owned(),
    };
    let window = match (&report.window, &report.window_until) {
        (Some(window), Some(until)) => format!(", window {window} until {until}"),
        (Some(window), None) => format!(", window {window}"),
        (None, _) => ", no window in force".to_owned(),
    };
    text.push_str(&format!("{}: {paused}{window}.\n\n", pipeline.name()));
    let tick = |starts: Option<u32>| {
        starts.map_or_else(|| "no limit".to_owned(), |starts| starts.to_string())
    };
    let mut rows = vec![["", "in force", "configured"].map(str::to_owned).to_vec()];
    if let Some(pace) = &report.pace {
        rows.extend([
            vec![
                "max_concurrency".to_owned(),
                pace.max_concurrency.to_string(),
                configured.max_concurrency.to_string(),
            ],
            vec![
                "starts_per_second".to_owned(),
                pace.starts_per_second.to_string(),
                configured.starts_per_second.to_string(),
            ],
            vec![
                "burst".to_owned(),
                pace.burst.to_string(),
                configured.burst.to_string(),
            ],
            vec![
                "starts_per_tick".to_owned(),
                tick(pace.starts_per_tick),
                tick(configured.starts_per_tick),
            ],
        ]);
    }
    for Lane {
        name,
        max_concurrency,
        ..
    } in pipeline.lanes()
    {
        let bound =
            |max: Option<u32>| max.map_or_else(|| "no bound".to_owned(), |it| it.to_string());
        let in_force = report.lanes.get(name).copied();
        if in_force.is_some() || max_concurrency.is_some() {
            rows.push(vec![
                bound::named(name),
                bound(in_force),
                bound(*max_concurrency),
            ]);
        }
    }
    text.push_str(&table(&rows));
    text.push('\n');
    match report.overrides.as_slice() {
        [] => text.push_str("No operator overrides anything.\n"),
        overrides => {
            for one in overrides {
                text.push_str(&format!("An operator overrides: {}\n", override_text(one)));
            }
        }
    }
    text
}
