//! The place of a version, its next step, and the command that changes it: decided from its row,
//! its slot and its execution.

use spillway::pace::in_force::PausedBy;
use spillway::record::row::State;
use spillway::rules::order::Order;

use crate::shown::{object_quoted, shell_quoted};

/// The facts about a version.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub pipeline: &'a str,
    pub state: State,
    pub attempt: u32,
    pub object: &'a str,
    pub order: Order,
    /// The tenant that the key names, if tenants are bounded.
    pub tenant: Option<&'a str>,
    /// Its execution, if it is started.
    pub execution: Execution,
    /// Whether a slot is taken for it.
    pub slot: SlotState,
    /// The holder of the object's turn.
    pub running: Option<&'a str>,
    /// The failed events of ingest, if there are any.
    pub ingest_failures: u64,
    /// The messages in the dead-letter queues of its lane.
    pub dead_letters: u64,
    pub paused: Option<PausedBy>,
    /// Its slot was taken less than a minute ago: an execution that is not found can run.
    pub young: bool,
    pub discarded: bool,
    /// A dead letter of its last attempt is older than SQS keeps one.
    pub expired: bool,
}

/// Step Functions' state of the last attempt's execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    Running,
    Closed,
    NotFound,
    /// Nobody asked, or the caller lacks the permission.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotState {
    None,
    Taken,
    Pending,
}

/// The place of a version, its next step, and the command that a person can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub place: String,
    pub next: String,
    pub command: Option<String>,
}

/// Decides the place of a version, and returns it.
pub fn place(known: &Known<'_>) -> Place {
    let Known {
        pipeline, object, ..
    } = *known;
    let run = |rest: String| Some(format!("spillway -p {pipeline} {rest}"));
    let said = |place: &str, next: &str, command: Option<String>| Place {
        place: place.to_owned(),
        next: next.to_owned(),
        command,
    };
    let replay = |states: &str| run(format!("replay {states}--object {}", object_quoted(object)));
    match known.state {
        State::Queued => queued(known, &said, &run),
        State::Retry => {
            let (dead, _) = elsewhere(known, false);
            let paused = paused(known);
            let command = match (dead.is_empty(), paused.is_empty()) {
                (false, _) => run(look(object)),
                (true, false) => run("status".to_owned()),
                (true, true) => None,
            };
            said(
                &format!("in the events queue, delayed by the backoff{dead}"),
                &format!(
                    "attempt {} starts when the backoff is over and a slot is free{paused}",
                    known.attempt + 1
                ),
                command,
            )
        }
        State::Waiting if known.order == Order::None => waits_for_tenant(known, &said, &run),
        State::Waiting => {
            let behind = known
                .running
                .map_or_else(String::new, |running| format!(", {running}"));
            said(
                &format!("behind the execution that has the object's turn{behind}"),
                &format!(
                    "it starts when that execution has ended, unless a newer version comes and the order is latest{}",
                    paused(known)
                ),
                known
                    .running
                    .and_then(|running| run(format!("running --stop {}", word(running)))),
            )
        }
        State::Started => started(known, &said, &run),
        State::Succeeded => said(
            "finished",
            "nothing: it is done. The command would run it once more",
            replay("--state SUCCEEDED "),
        ),
        State::Dead if known.discarded => said(
            "finished: dropped for good by a person",
            "nothing. The command would run it once more",
            replay(""),
        ),
        State::Dead if known.expired => said(
            "finished: its last attempt failed. Its message in the dead-letter queue is gone: SQS keeps one for 14 days",
            "nothing, until somebody replays it",
            replay(""),
        ),
        State::Dead => said(
            "finished: its last attempt failed. A message for the next attempt lies in the dead-letter queue for 14 days",
            "nothing, until somebody redrives it or replays it",
            run(format!("redrive --object {}", object_quoted(object))),
        ),
        // No older version starts after a newer one.
        State::Superseded if known.order == Order::Latest => said(
            "finished: a newer version was taken instead",
            "nothing: the newer version stands for it",
            None,
        ),
        State::Superseded => said(
            "finished: a newer version was taken instead",
            "nothing",
            replay("--state SUPERSEDED "),
        ),
    }
}

/// Looks whether a message for the object lies in the dead-letter queue, and moves nothing.
fn look(object: &str) -> String {
    format!("redrive --object {} --dry-run", object_quoted(object))
}

/// Returns the other place where a waiting row's message can lie, and the next step from there.
fn elsewhere(known: &Known<'_>, by_ingest: bool) -> (String, &'static str) {
    match (
        known.dead_letters > 0,
        by_ingest && known.ingest_failures > 0,
    ) {
        (true, true) => (
            ", in its dead-letter queue, or among ingest's failures".to_owned(),
            "messages in a queue of failures wait for a redrive",
        ),
        (true, false) => (
            ", or in its dead-letter queue".to_owned(),
            "messages in the dead-letter queue wait for a redrive",
        ),
        (false, true) => (
            ", or among ingest's failures".to_owned(),
            "the payloads that ingest failed on wait for a redrive",
        ),
        (false, false) => (
            String::new(),
            "reconcile sends it again if nothing moves it for a day",
        ),
    }
}

/// Says that nothing starts, if that is so.
fn paused(known: &Known<'_>) -> &'static str {
    match known.paused {
        Some(PausedBy::Circuit) => "; an operator holds the circuit open, so nothing starts now",
        Some(PausedBy::Operator) => "; an operator has paused the pipeline, so nothing starts now",
        Some(PausedBy::Window) => "; a window pauses the pipeline, so nothing starts now",
        None => "",
    }
}

fn queued(known: &Known<'_>, said: Said, run: Run) -> Place {
    let (places, then) = elsewhere(known, true);
    let command = match (known.dead_letters, known.ingest_failures) {
        (1.., _) => look(known.object),
        (0, 1..) => "redrive --stage ingest".to_owned(),
        (0, 0) => "status".to_owned(),
    };
    said(
        &format!("in the events queue{places}"),
        &format!(
            "dispatch claims it when it is received; {then}{}",
            paused(known)
        ),
        run(command),
    )
}

/// Without an order only the bound of a tenant lets an event wait.
fn waits_for_tenant(known: &Known<'_>, said: Said, run: Run) -> Place {
    match known.tenant {
        Some(tenant) => said(
            &format!("in the ledger: it waits for its tenant, {tenant}"),
            &format!(
                "it starts in its turn, when fewer executions of the tenant run than its bound allows; reconcile requeues it if \
                 its item is lost{}",
                paused(known)
            ),
            run("status".to_owned()),
        ),
        None => said(
            "in the ledger: it waits, though the pipeline bounds no tenant any more",
            &format!(
                "it starts as pace and limit allow; reconcile requeues it if its item is lost{}",
                paused(known)
            ),
            run("status".to_owned()),
        ),
    }
}

/// Returns an execution as a word of a command: names that the handlers give need no quotes.
fn word(execution: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match execution.bytes().all(plain) {
        true => execution.to_owned(),
        false => shell_quoted(execution),
    }
}

type Said<'a> = &'a dyn Fn(&str, &str, Option<String>) -> Place;
type Run<'a> = &'a dyn Fn(String) -> Option<String>;

fn started(known: &Known<'_>, said: Said, run: Run) -> Place {
    match (known.execution, known.slot) {
        (Execution::Running, _) => said(
            "with Step Functions: its execution runs",
            "its end is settled within seconds",
            None,
        ),
        (Execution::Closed, SlotState::None) => said(
            "its execution has ended, and no slot is taken for it",
            "reconcile puts the slot back a day after the start, and the sweep then settles it",
            run("reconcile".to_owned()),
        ),
        (Execution::Closed, _) => said(
            "its execution has ended; its outcome is on its way, or in the outcomes queue's dead-letter queue",
            "settle settles it; the sweep finds it within 17 minutes otherwise",
            run("redrive --stage outcomes".to_owned()),
        ),
        (Execution::NotFound, _) if known.young => said(
            "claimed less than a minute ago: Step Functions does not show its execution yet, or it is not started yet",
            "ask again in a minute",
            run(format!("explain {}", object_quoted(known.object))),
        ),
        (Execution::NotFound, SlotState::None) => said(
            "claimed, without an execution and without a slot: somebody removed the slot",
            "reconcile puts the slot back a day after the start; the sweep then starts it",
            run("reconcile".to_owned()),
        ),
        (Execution::NotFound, _) => said(
            "claimed; its start was throttled, denied or had no clear answer, and its slot is kept",
            &format!(
                "the next tick starts it, unless the denial goes on{}",
                paused(known)
            ),
            run("status".to_owned()),
        ),
        (Execution::Unknown, _) => said(
            "claimed for an execution",
            "its end is settled when it comes",
            run("running".to_owned()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'static> = Known {
        pipeline: "p",
        state: State::Started,
        attempt: 2,
        object: "b/k",
        order: Order::Each,
        tenant: None,
        execution: Execution::Running,
        slot: SlotState::Taken,
        running: None,
        ingest_failures: 0,
        dead_letters: 0,
        paused: None,
        young: false,
        discarded: false,
        expired: false,
    };

    fn of(change: impl FnOnce(&mut Known<'static>)) -> Place {
        let mut known = KNOWN;
        change(&mut known);
        place(&known)
    }

    #[test]
    fn every_state_has_its_place_and_its_command() {
        let told = |state| of(|known| known.state = state);
        assert_eq!(
            told(State::Started).place,
            "with Step Functions: its execution runs"
        );
        assert_eq!(
            told(State::Retry).next,
            "attempt 3 starts when the backoff is over and a slot is free"
        );
        assert_eq!(
            told(State::Dead).command.unwrap(),
            "spillway -p p redrive --object 's3://b/k'"
        );
        assert_eq!(
            of(|known| (known.state, known.expired) = (State::Dead, true))
                .command
                .unwrap(),
            "spillway -p p replay --object 's3://b/k'"
        );
        assert_eq!(
            told(State::Succeeded).command.unwrap(),
            "spillway -p p replay --state SUCCEEDED --object 's3://b/k'"
        );
        assert_eq!(told(State::Queued).place, "in the events queue");
        for state in State::ALL {
            assert!(!told(state).next.is_empty());
        }
    }

    #[test]
    fn no_key_is_more_than_one_word_of_its_command() {
        for state in [State::Dead, State::Succeeded] {
            let told = of(|known| (known.state, known.object) = (state, "b/x'; rm -r ~; '"));
            let command = told.command.unwrap();
            assert!(
                command.ends_with(r"--object 's3://b/x'\''; rm -r ~; '\'''"),
                "{command}"
            );
        }
        let waiting = of(|known| (known.state, known.running) = (State::Waiting, Some("x; y")));
        assert!(waiting.command.unwrap().ends_with("--stop 'x; y'"));
    }

    #[test]
    fn a_queued_one_can_be_among_ingests_failures() {
        let queued = of(|known| {
            known.state = State::Queued;
            known.ingest_failures = 1;
        });
        assert_eq!(
            queued.command.unwrap(),
            "spillway -p p redrive --stage ingest"
        );
    }

    #[test]
    fn what_waits_can_lie_in_the_dead_letter_queue() {
        let told = |state| of(|known| (known.state, known.dead_letters) = (state, 2));
        for state in [State::Queued, State::Retry] {
            let told = told(state);
            assert!(told.place.contains("or in its dead-letter queue"));
            assert_eq!(
                told.command.unwrap(),
                "spillway -p p redrive --object 's3://b/k' --dry-run"
            );
        }
        let both = of(|known| {
            known.state = State::Queued;
            (known.dead_letters, known.ingest_failures) = (1, 1);
        });
        assert_eq!(
            both.place,
            "in the events queue, in its dead-letter queue, or among ingest's failures"
        );
        // Ingest asks for no second attempt.
        let retry = of(|known| (known.state, known.ingest_failures) = (State::Retry, 1));
        assert_eq!(retry.command, None);
    }

    #[test]
    fn what_a_pause_holds_back_says_so() {
        for state in [State::Queued, State::Retry, State::Waiting] {
            let told = of(|known| (known.state, known.paused) = (state, Some(PausedBy::Operator)));
            assert!(
                told.next
                    .ends_with("an operator has paused the pipeline, so nothing starts now")
            );
        }
        let retry =
            of(|known| (known.state, known.paused) = (State::Retry, Some(PausedBy::Window)));
        assert_eq!(retry.command.unwrap(), "spillway -p p status");
        assert!(
            !of(|known| known.paused = Some(PausedBy::Window))
                .next
                .contains("pauses")
        );
        let not_made = of(|known| {
            (known.execution, known.paused) = (Execution::NotFound, Some(PausedBy::Window));
        });
        assert!(not_made.next.contains("a window pauses the pipeline"));
    }

    #[test]
    fn not_found_proves_nothing_for_a_minute() {
        for slot in [SlotState::None, SlotState::Taken, SlotState::Pending] {
            let told = |young| {
                of(|known| {
                    (known.execution, known.slot, known.young) = (Execution::NotFound, slot, young)
                })
            };
            assert_eq!(told(true).next, "ask again in a minute");
            assert_ne!(told(false).next, "ask again in a minute");
        }
    }

    #[test]
    fn a_version_waits_behind_the_execution_that_the_head_names() {
        let waiting = of(|known| {
            known.state = State::Waiting;
            known.running = Some("run-1");
        });
        assert!(waiting.place.ends_with(", run-1"));
        assert_eq!(
            waiting.command.unwrap(),
            "spillway -p p running --stop run-1"
        );
    }

    #[test]
    fn without_an_order_an_event_waits_for_its_tenant() {
        let told = |tenant| {
            of(|known| {
                (known.state, known.order) = (State::Waiting, Order::None);
                (known.tenant, known.paused) = (tenant, Some(PausedBy::Window));
            })
        };
        let acme = told(Some("acme"));
        assert_eq!(acme.place, "in the ledger: it waits for its tenant, acme");
        assert!(acme.next.starts_with("it starts in its turn"), "{acme:?}");
        assert!(
            acme.next
                .ends_with("a window pauses the pipeline, so nothing starts now")
        );
        let unbound = told(None);
        assert!(
            unbound.place.ends_with("bounds no tenant any more"),
            "{unbound:?}"
        );
        assert!(unbound.next.starts_with("it starts"), "{unbound:?}");
        assert_eq!(unbound.command.unwrap(), "spillway -p p status");
    }

    #[test]
    fn an_older_version_is_not_replayed_where_the_newest_counts() {
        let superseded = |latest| {
            of(|known| {
                known.state = State::Superseded;
                known.order = if latest { Order::Latest } else { Order::Each };
            })
            .command
        };
        assert_eq!(superseded(true), None);
        assert!(superseded(false).unwrap().contains("--state SUPERSEDED"));
    }

    #[test]
    fn slot_and_execution_tell_where_a_started_one_is() {
        let told = |execution, slot| {
            let place = of(|known| {
                known.execution = execution;
                known.slot = slot;
            });
            place.command.unwrap_or_default()
        };
        assert_eq!(
            told(Execution::Closed, SlotState::Taken),
            "spillway -p p redrive --stage outcomes"
        );
        assert_eq!(
            told(Execution::Closed, SlotState::None),
            "spillway -p p reconcile"
        );
        assert_eq!(
            told(Execution::NotFound, SlotState::Pending),
            "spillway -p p status"
        );
        assert_eq!(
            told(Execution::NotFound, SlotState::None),
            "spillway -p p reconcile"
        );
    }
}
