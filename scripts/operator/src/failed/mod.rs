//! `failed`: dead letters of every stage and failed rows, grouped by their error, from a sample
//! whose cap is stated.

pub mod groups;

use std::collections::HashSet;

use serde_json::json;
use spillway::record::row::State;

use self::groups::{Failure, groups};
use crate::answer::{Answer, count, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Failed;
use crate::pipeline::Pipeline;
use crate::redrive::letters::{LOOK_SECONDS, contents, give_back, id, receive};
use crate::redrive::replay;
use crate::shown::plain;
use crate::status::gather::queues;
use crate::status::seen::QueueSeen;
use crate::time::moment;

/// The stage of a failed row.
const LEDGER: &str = "ledger";

/// The sizes of the sample and of the whole.
#[derive(Debug, Clone, Default)]
struct Sample {
    failures: Vec<Failure>,
    receives: u32,
    letters: u64,
    /// By SQS's own numbers.
    all_letters: u64,
    /// Received by somebody, and not to be seen now.
    in_flight: u64,
    rows: u64,
    /// Rows that this release cannot read, and why.
    unreadable: Vec<String>,
    units: f64,
    /// All of the ledger was read.
    whole: bool,
}

pub async fn failed(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &Failed,
) -> Result<Answer, Fault> {
    let mut sample = Sample::default();
    let queues = queues(connected, pipeline).await?;
    for queue in queues.iter().filter(|queue| queue.stage.is_of_failures()) {
        sample.all_letters += queue.waiting;
        sample.in_flight += queue.in_flight;
        if queue.waiting > 0 {
            letters(connected, queue, options.receives, &mut sample).await?;
        }
    }
    rows(pipeline, options.read_units, &mut sample).await?;
    if let Some(error) = &options.error {
        let wanted = error.to_lowercase();
        sample
            .failures
            .retain(|failure| failure.error.to_lowercase().contains(&wanted));
    }
    Ok(answer(pipeline, options, &sample))
}

/// Receives a sample of a queue. The messages are given back at once.
async fn letters(
    connected: &Connected,
    queue: &QueueSeen,
    receives: u32,
    sample: &mut Sample,
) -> Result<(), Fault> {
    let (mut known, mut receipts) = (HashSet::new(), Vec::new());
    let mut failed = None;
    for _ in 0..receives {
        let received = match receive(connected, &queue.url, LOOK_SECONDS).await {
            Ok(received) => received,
            Err(fault) => {
                failed = Some(fault);
                break;
            }
        };
        sample.receives += 1;
        let before = known.len();
        for message in &received {
            receipts.extend(message.receipt_handle.clone());
            if !known.insert(id(message).to_owned()) {
                continue;
            }
            let about = contents(message);
            sample.failures.push(Failure {
                stage: queue.stage.word(),
                at: about.sent_at,
                about: about
                    .objects
                    .first()
                    .cloned()
                    .unwrap_or_else(|| format!("message {}", id(message))),
                error: about.error,
            });
        }
        if received.is_empty() || known.len() == before {
            break;
        }
    }
    sample.letters += known.len() as u64;
    give_back(connected, &queue.url, &receipts).await;
    failed.map_or(Ok(()), Err)
}

/// Reads the ledger's failed rows, up to so many read units.
async fn rows(pipeline: &Pipeline, most: u32, sample: &mut Sample) -> Result<(), Fault> {
    let mut from = None;
    while sample.units < f64::from(most) {
        let page = pipeline
            .ledger
            .scan_rows(&[State::Dead], None, (0, 1), from.as_ref())
            .await?;
        sample.units += page.units;
        for row in page.rows {
            let row = match row {
                Ok(row) => row,
                Err(problem) => {
                    sample.unreadable.push(problem);
                    continue;
                }
            };
            // A person has dropped it for good.
            if row.is_discarded() {
                continue;
            }
            sample.rows += 1;
            sample.failures.push(Failure {
                stage: LEDGER,
                error: replay::error(&row),
                at: row.finished_at.unwrap_or_default(),
                about: row.key.pk.clone(),
            });
        }
        from = page.next;
        if from.is_none() {
            sample.whole = true;
            break;
        }
    }
    Ok(())
}

/// Counts rows and dead letters apart: a dead event has one of each, and is one failure to a
/// reader.
fn kinds(failures: &[Failure]) -> String {
    let rows = failures.iter().filter(|it| it.stage == LEDGER).count() as u64;
    let letters = failures.len() as u64 - rows;
    let (of_letters, of_rows) = (count(letters, "dead letter"), count(rows, "failed row"));
    match (letters, rows) {
        (_, 0) => of_letters,
        (0, _) => of_rows,
        _ => format!("{of_letters} and {of_rows} (an event can have both)"),
    }
}

fn answer(pipeline: &Pipeline, options: &Failed, sample: &Sample) -> Answer {
    let name = pipeline.name();
    let groups = groups(&sample.failures);
    let whole = if sample.whole {
        "all of the ledger"
    } else {
        "a part of the ledger"
    };
    let hidden = match sample.in_flight {
        0 => String::new(),
        in_flight => format!(", with {in_flight} more in flight: somebody reads them"),
    };
    let unreadable = sample.unreadable.first().map(|first| {
        let rows = count(sample.unreadable.len() as u64, "row");
        format!("\n{rows} cannot be read; the first: {}", plain(first))
    });
    let stated = format!(
        "Looked at {} of about {} dead letters{} ({}; at most {} a queue: --receives) and at {}, with {} ({} read units of at most {}: \
         --read-units). Received messages are given back.{}",
        sample.letters,
        sample.all_letters,
        hidden,
        count(sample.receives.into(), "receive"),
        options.receives,
        whole,
        count(sample.rows, "failed row"),
        sample.units,
        options.read_units,
        unreadable.unwrap_or_default(),
    );
    let list: Vec<_> = sample
        .failures
        .iter()
        .filter(|_| options.list)
        .map(|failure| json!({"stage": failure.stage, "error": failure.error, "at": moment(failure.at), "about": failure.about}))
        .collect();
    let json = json!({
        "pipeline": name,
        "groups": groups,
        "failures": options.list.then_some(list),
        "sample": {
            "letters": sample.letters, "all_letters": sample.all_letters, "in_flight": sample.in_flight, "receives": sample.receives, "rows": sample.rows,
            "unreadable": sample.unreadable.len(), "read_units": sample.units, "whole_ledger": sample.whole,
        },
    });
    if sample.failures.is_empty() {
        let matching = options
            .error
            .as_ref()
            .map(|error| format!(" with {error:?} in its error"))
            .unwrap_or_default();
        return Answer::new(
            format!("Nothing failed{matching}, as far as this looked.\n\n{stated}"),
            json,
        );
    }
    let mut text = format!(
        "{} of {name}, in {}.\n\n",
        kinds(&sample.failures),
        count(groups.len() as u64, "group")
    );
    if options.list {
        let mut rows = vec![
            ["stage", "at", "about", "error"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(sample.failures.iter().map(|failure| {
            vec![
                failure.stage.to_owned(),
                moment(failure.at),
                plain(&failure.about),
                plain(&failure.error.replace('\n', " ")),
            ]
        }));
        text.push_str(&table(&rows));
    } else {
        let mut rows = vec![
            ["count", "stage", "first", "last", "error"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for group in &groups {
            rows.push(vec![
                group.count.to_string(),
                group.stage.to_owned(),
                group.first.clone(),
                group.last.clone(),
                plain(&group.error),
            ]);
        }
        text.push_str(&table(&rows));
        text.push('\n');
        for group in groups.iter().take(3) {
            text.push_str(&format!(
                "For example ({}): {}\n",
                plain(&group.error),
                plain(&group.example)
            ));
        }
    }
    text.push_str(&format!(
        "\n{stated}\n\nNext: spillway -p {name} failed --error TEXT --list, spillway -p {name} explain s3://OBJECT, spillway -p {name} redrive \
         --stage STAGE --error TEXT --dry-run. Drop messages for good: spillway -p {name} discard --stage STAGE --error TEXT --reason WHY \
         --dry-run\n"
    ));
    Answer::new(text, json)
}
