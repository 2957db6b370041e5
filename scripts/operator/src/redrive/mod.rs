//! `redrive`, `replay` and `discard`: messages in the queues of failures, and finished events.

pub mod contents;
pub mod discard;
pub mod letters;
pub mod moves;
pub mod pass;
pub mod queue;
pub mod replay;
pub mod selection;
pub mod stop;
pub mod told;
pub mod ways;

use aws::ledger::Ledger;
use serde_json::{Value, json};
use spillway::event::time::iso;
use spillway::record::row::State;

use self::discard::Discarding;
use self::letters::Destination;
use self::pass::{Deliver, Pass, Task, warn_of_attempts};
use self::queue::Found;
use self::replay::Replay;
use self::selection::{Looked, Selection};
use self::stop::Stop;
use self::told::Told;
use self::ways::{Target, Way};
use crate::answer::{Answer, count};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::object::named;
use crate::options::{Chosen, Discard, Finished, Options, Redrive, Replaying, Stage, Which};
use crate::pipeline;
use crate::running::agreed;
use crate::time;

/// Reads a person's selection. Returns it.
pub fn selection(chosen: &Chosen, now: i64) -> Result<Selection, String> {
    let moment = |text: &Option<String>| {
        text.as_deref()
            .map(|text| time::when(text, now))
            .transpose()
    };
    let mut objects = Vec::new();
    for object in &chosen.objects {
        let object = named::object(object)?;
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    let selection = Selection {
        objects,
        prefix: chosen.prefix.as_deref().map(named::prefix).transpose()?,
        since: moment(&chosen.since)?,
        until: moment(&chosen.until)?,
        error: chosen.error.clone().filter(|error| !error.is_empty()),
    };
    match (selection.since, selection.until) {
        (Some(since), Some(until)) if since >= until => Err(format!(
            "--since {} is not before --until {}, so nothing can match: give an earlier --since",
            iso(since),
            iso(until)
        )),
        _ => Ok(selection),
    }
}

const NO_LANES: &str = "--lane goes with the stages events and rules of a pipeline: leave it out";

/// Returns the complaint about an option that a stage lacks: lanes, objects.
fn complaint_of_stage(
    stage: Stage,
    lane: Option<&str>,
    chosen: &Selection,
) -> Option<&'static str> {
    if lane.is_some() && ![Stage::Events, Stage::Rules].contains(&stage) {
        return Some(NO_LANES);
    }
    if stage == Stage::Outcomes && (!chosen.objects.is_empty() || chosen.prefix.is_some()) {
        return Some(
            "an outcome names an execution and no object: choose by --since, --until or --error",
        );
    }
    None
}

/// Returns the fault of the options of a redrive.
fn complaint(which: &Which, options: &Redrive, chosen: &Selection) -> Option<&'static str> {
    if options.stage == Stage::Reconcile {
        return Some(
            "a start of reconcile that failed is not brought back: the next run does its work. Run `spillway reconcile`, then drop it: \
             `spillway discard --stage reconcile`",
        );
    }
    let by_queues = options.source.is_some();
    let named = which.pipeline.is_some() || which.terraform_dir.is_some();
    if by_queues && named {
        return Some(
            "name the queues in one way: --pipeline, --terraform-dir, or --from with --to",
        );
    }
    if by_queues && options.stage != Stage::Events {
        return Some(
            "--from and --to say which queues: another stage than events goes with --pipeline or --terraform-dir",
        );
    }
    if let Some(complaint) = complaint_of_stage(
        options.stage,
        options.lane.as_deref().filter(|_| !by_queues),
        chosen,
    ) {
        return Some(complaint);
    }
    if by_queues && options.lane.is_some() {
        return Some(NO_LANES);
    }
    let by_sqs = [Stage::Events, Stage::Outcomes].contains(&options.stage)
        && !chosen.narrows()
        && !options.dry_run;
    if options.detach && !by_sqs {
        return Some(
            "--detach goes with a move that SQS makes by itself: of all events, or of all outcomes. Leave out --detach, or the selection",
        );
    }
    None
}

/// Sends the messages of the queues of failures again.
pub async fn redrive(
    connected: &Connected,
    all: &Options,
    options: &Redrive,
) -> Result<Answer, Fault> {
    let selection = selection(&options.chosen, time::now()).map_err(Fault::Usage)?;
    if let Some(complaint) = complaint(&all.which, options, &selection) {
        return Err(Fault::usage(complaint));
    }
    let ways = match (&options.source, &options.destination) {
        (Some(source), Some(destination)) => vec![Way {
            source: source.clone(),
            into: Target::Queue(destination.clone()),
        }],
        _ => {
            ways(
                connected,
                &all.which,
                options.stage,
                options.lane.as_deref(),
            )
            .await?
        }
    };
    let told = Told { json: all.json };
    let stop = Stop::heard()?;
    let mut looked = Looked::new(&selection);
    let (mut answers, mut failed) = (Vec::new(), Vec::new());
    for way in &ways {
        // Between two queues too.
        if stop.asked() {
            return Err(Fault::Stopped("stopped".to_owned()));
        }
        match one_way(
            connected,
            way,
            options,
            &selection,
            &mut looked,
            &stop,
            told,
        )
        .await
        {
            Ok(json) => answers.push(json),
            Err(fault @ Fault::Stopped(_)) => return Err(fault),
            Err(fault) => failed.push(fault.to_string()),
        }
    }
    if !failed.is_empty() {
        return Err(Fault::Failed(failed.join("\nand: ")));
    }
    match looked.complaint() {
        Some(complaint) => Err(Fault::Failed(complaint)),
        None => Ok(Answer::new(
            "",
            json!({"stage": options.stage.word(), "queues": answers}),
        )),
    }
}

async fn ways(
    connected: &Connected,
    which: &Which,
    stage: Stage,
    lane: Option<&str>,
) -> Result<Vec<Way>, Fault> {
    match &which.terraform_dir {
        Some(directory) => ways::by_terraform(directory, which.pipeline.as_deref(), stage, lane),
        None => ways::by_name(connected, &pipeline::name(which)?, stage, lane).await,
    }
}

async fn one_way(
    connected: &Connected,
    way: &Way,
    options: &Redrive,
    selection: &Selection,
    looked: &mut Looked,
    stop: &Stop,
    told: Told,
) -> Result<Value, Fault> {
    let source = queue::must(connected, &way.source).await?;
    let destination = match &way.into {
        Target::Queue(queue) => Destination::Queue {
            queue: queue::must(connected, queue).await?,
            keep_attributes: options.stage != Stage::Rules,
        },
        Target::Function(function) => Destination::Function(function.clone()),
    };
    // SQS moves the messages of queues that are another queue's dead-letter queue.
    let movable = match &destination {
        Destination::Queue { queue, .. } if options.stage != Stage::Rules => Some(queue),
        _ => None,
    };
    if movable.is_some() {
        moves::refuse_a_second(connected, &source).await?;
    }
    let hidden = match source.in_flight {
        0 => String::new(),
        in_flight => format!(
            " ({} more in flight: someone is reading them)",
            count(in_flight, "message")
        ),
    };
    if source.waiting == 0 {
        told.line(&format!(
            "nothing to move: {} is empty{hidden}",
            source.name()
        ));
        return Ok(json!({"queue": source.name(), "moved": 0, "dry_run": options.dry_run}));
    }
    let pace = options
        .velocity
        .map(|velocity| format!(", at most {velocity} a second"))
        .unwrap_or_default();
    let (waiting, from, to) = (
        count(source.waiting, "message"),
        source.name(),
        destination.name(),
    );
    if selection.narrows() {
        let what = if options.dry_run {
            "looking at"
        } else {
            "moving the matches of"
        };
        told.line(&format!(
            "{what} {waiting} in {from}, for {to}{pace}{hidden}"
        ));
    } else {
        let would = if options.dry_run {
            "would move"
        } else {
            "moving"
        };
        told.line(&format!(
            "{would} {waiting} from {from} to {to}{pace}{hidden}"
        ));
        if options.dry_run {
            return show_some(connected, &source, told).await;
        }
        if let Some(queue) = movable {
            return moves::everything(
                connected,
                &source,
                queue,
                options.velocity,
                options.detach,
                stop,
                told,
            )
            .await;
        }
    }
    let task = Task {
        source: &source,
        deliver: &Deliver::To(&destination),
        selection,
        velocity: options.velocity,
        dry_run: options.dry_run,
        told,
    };
    Pass::new(connected, task, looked).go(stop).await
}

async fn show_some(connected: &Connected, source: &Found, told: Told) -> Result<Value, Fault> {
    let received = letters::receive(connected, &source.url, letters::LOOK_SECONDS).await?;
    let receipts: Vec<String> = received
        .iter()
        .filter_map(|message| message.receipt_handle.clone())
        .collect();
    letters::give_back(connected, &source.url, &receipts).await;
    let shown: Vec<contents::Contents> = received.iter().map(letters::contents).collect();
    let lines: Vec<String> = shown.iter().map(ToString::to_string).collect();
    told.sample(&lines, source.waiting);
    warn_of_attempts(shown.iter().filter(|one| one.without_attempt).count() as u64);
    Ok(
        json!({"queue": source.name(), "would_move": source.waiting, "dry_run": true, "examples": lines}),
    )
}

/// Asks for finished object events once more.
pub async fn replay(
    connected: &Connected,
    all: &Options,
    options: &Replaying,
) -> Result<Answer, Fault> {
    let now = time::now();
    let mut selection = selection(&options.chosen, now).map_err(Fault::Usage)?;
    if !selection.narrows() && !options.all {
        return Err(Fault::usage(
            "name the events to replay: --object, --prefix, --since, --until or --error; or --all for every row of those states",
        ));
    }
    let place = match &all.which.terraform_dir {
        Some(directory) => ways::rows_by_terraform(directory, all.which.pipeline.as_deref())?,
        None => ways::rows_by_name(connected, &pipeline::name(&all.which)?).await?,
    };
    // Attempts that this run asks for must not be asked for again after their end.
    let until = *selection.until.get_or_insert(now);
    let mut states: Vec<State> = options
        .states
        .iter()
        .map(|state| State::from(*state))
        .collect();
    if states.is_empty() {
        states.push(State::Dead);
    }
    let mut looked = Looked::new(&selection);
    let task = replay::Task {
        place,
        selection,
        states,
        lane: options.lane.clone(),
        velocity: options.velocity,
        dry_run: options.dry_run,
        until,
        told: Told { json: all.json },
    };
    let json = Replay::new(connected, task, &mut looked).go().await?;
    match looked.complaint() {
        Some(complaint) => Err(Fault::Failed(complaint)),
        None => Ok(Answer::new("", json)),
    }
}

impl From<Finished> for State {
    fn from(state: Finished) -> Self {
        match state {
            Finished::Succeeded => Self::Succeeded,
            Finished::Dead => Self::Dead,
            Finished::Superseded => Self::Superseded,
        }
    }
}

/// Drops dead letters for good.
pub async fn discard(
    connected: &Connected,
    all: &Options,
    options: &Discard,
) -> Result<Answer, Fault> {
    let selection = selection(&options.chosen, time::now()).map_err(Fault::Usage)?;
    if !selection.narrows() && !options.all {
        return Err(Fault::usage(
            "name the dead letters to drop: --object, --prefix, --since, --until or --error; or --all",
        ));
    }
    if let Some(complaint) = complaint_of_stage(options.stage, options.lane.as_deref(), &selection)
    {
        return Err(Fault::usage(complaint));
    }
    let pipeline = pipeline::find(connected, &all.which).await?;
    let ledger: &Ledger = &pipeline.ledger;
    let ways = ways::by_name(
        connected,
        pipeline.name(),
        options.stage,
        options.lane.as_deref(),
    )
    .await?;
    let mut sources = Vec::new();
    for way in &ways {
        sources.push(queue::must(connected, &way.source).await?);
    }
    let held: Vec<String> = sources
        .iter()
        .map(|source| format!("{} in {}", count(source.waiting, "message"), source.name()))
        .collect();
    let question = format!(
        "Drop {} of {}, stage {} of {}, for good? They cannot be redriven any more; the ledger keeps the person and the reason.",
        selection.told(),
        held.join(", "),
        options.stage.word(),
        pipeline.name()
    );
    if !options.dry_run && !options.yes && !agreed(&question)? {
        return Err(Fault::Stopped("nothing was dropped".to_owned()));
    }
    let by = connected.who().await;
    let discarding = Discarding {
        ledger,
        stage: options.stage,
        by: &by,
        note: &options.reason,
    };
    let mut looked = Looked::new(&selection);
    let mut answers = Vec::new();
    let stop = Stop::heard()?;
    for source in &sources {
        if stop.asked() {
            return Err(Fault::Stopped("stopped".to_owned()));
        }
        let task = Task {
            source,
            deliver: &Deliver::Drop(&discarding),
            selection: &selection,
            velocity: None,
            dry_run: options.dry_run,
            told: Told { json: all.json },
        };
        answers.push(Pass::new(connected, task, &mut looked).go(&stop).await?);
    }
    match looked.complaint() {
        Some(complaint) => Err(Fault::Failed(complaint)),
        None => Ok(Answer::new(
            "",
            json!({"stage": options.stage.word(), "by": by, "at": iso(time::now()), "queues": answers}),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(change: impl FnOnce(&mut Chosen)) -> Result<Selection, String> {
        let mut chosen = Chosen::default();
        change(&mut chosen);
        selection(&chosen, 1_795_341_600_000)
    }

    #[test]
    fn selections_that_make_no_sense_are_refused() {
        let refused = |change: fn(&mut Chosen)| chosen(change).unwrap_err();
        let times =
            refused(|chosen| (chosen.since, chosen.until) = (Some("2h".into()), Some("3h".into())));
        assert!(
            times.contains(
                "--since 2026-11-22T08:00:00.000Z is not before --until 2026-11-22T07:00:00.000Z"
            ),
            "{times}"
        );
        assert!(
            refused(|chosen| chosen.since = Some("soon".into()))
                .contains("'soon' is no time: give one such as")
        );
        assert!(
            refused(|chosen| chosen.objects.push("bucket".into()))
                .contains("names no object: give s3://bucket/key")
        );
    }

    #[test]
    fn an_object_that_is_named_twice_is_one() {
        let twice =
            chosen(|chosen| chosen.objects = vec!["s3://bucket/k".into(), "bucket/k".into()])
                .unwrap();
        assert_eq!(twice.objects, ["bucket/k"]);
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        let pipeline = Which {
            pipeline: Some("p".into()),
            terraform_dir: None,
        };
        let redrive = |change: fn(&mut Redrive), selection: &Selection| {
            let mut options = Redrive::default();
            change(&mut options);
            complaint(&pipeline, &options, selection)
        };
        let all = Selection::default();
        let object = Selection {
            objects: vec!["b/k".into()],
            ..Selection::default()
        };
        assert_eq!(redrive(|_| {}, &all), None);
        assert!(
            redrive(|options| options.source = Some("q".into()), &all)
                .unwrap()
                .contains("in one way")
        );
        assert!(
            redrive(
                |options| (options.stage, options.lane) = (Stage::Ingest, Some("y".into())),
                &all
            )
            .unwrap()
            .contains("--lane")
        );
        assert!(
            redrive(|options| options.stage = Stage::Outcomes, &object)
                .unwrap()
                .contains("no object")
        );
        assert!(
            redrive(|options| options.detach = true, &object)
                .unwrap()
                .contains("--detach")
        );
        assert!(
            redrive(
                |options| (options.stage, options.detach) = (Stage::Rules, true),
                &all
            )
            .unwrap()
            .contains("--detach")
        );
        assert_eq!(redrive(|options| options.detach = true, &all), None);
    }
}
