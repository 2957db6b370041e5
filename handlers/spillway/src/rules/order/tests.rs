use super::*;
use crate::record::version::{found, reported};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The place of a version with this sequencer.
fn at(sequencer: &str) -> String {
    reported(sequencer, &format!("s#{sequencer}"))
}

fn head(running: Option<&str>, newest: &str, waits: bool) -> Head {
    Head {
        revision: 1,
        newest: Some(at(newest)),
        running: running.map(str::to_owned),
        waits,
    }
}

fn waiter(version: String) -> Waiter {
    Waiter {
        version,
        attempt: 1,
        row: Ok(None),
    }
}

fn waiters(sequencers: &[&str]) -> Vec<Waiter> {
    sequencers.iter().map(|it| waiter(at(it))).collect()
}

fn versions(waiters: &[Waiter]) -> Vec<&str> {
    waiters.iter().map(|it| it.version.as_str()).collect()
}

/// One that comes for the first time.
fn new<'a>(version: &'a str, execution: &'a str) -> Asking<'a> {
    Asking {
        version,
        execution,
        waited: false,
    }
}

/// The turn of a version with this sequencer, when those wait.
fn turn_of(order: Order, head: &Head, waiting: &[&str], sequencer: &str, execution: &str) -> Turn {
    let waiters = waiters(waiting);
    let version = at(sequencer);
    turn(order, head, Some(&waiters), &new(&version, execution))
}

/// The turn of one that waited, when those wait.
fn turn_again(order: Order, head: &Head, waiting: &[&str], sequencer: &str) -> Turn {
    let (waiters, version) = (waiters(waiting), at(sequencer));
    let asking = Asking {
        waited: true,
        ..new(&version, "e")
    };
    turn(order, head, Some(&waiters), &asking)
}

fn next(turn: Turn) -> Next {
    match turn {
        Turn::Now(next) | Turn::Wait(Wait { next, .. }) => next,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_version_of_an_object_has_its_turn() {
    for order in [Order::Latest, Order::Each] {
        let turn = turn(order, &Head::default(), None, &new(&at("1"), "e1"));
        assert!(matches!(turn, Turn::Now(_)));
        assert_eq!(next(turn).head, head(Some("e1"), "1", false));
    }
}

#[test]
fn those_that_wait_are_read_only_if_they_decide() {
    let turn = |order, head: &Head| turn(order, head, None, &new(&at("3"), "e3"));
    let (runs, waits) = (head(Some("e1"), "1", true), head(None, "1", true));
    assert!(matches!(turn(Order::Each, &runs), Turn::Wait(_)));
    assert_eq!(turn(Order::Each, &waits), Turn::Read);
    assert_eq!(turn(Order::Latest, &runs), Turn::Read);
    for order in [Order::Latest, Order::Each] {
        let alone = turn(order, &head(None, "1", false));
        assert!(matches!(alone, Turn::Now(_)), "{alone:?}");
    }
}

#[test]
fn latest_never_goes_back() {
    let superseded = Turn::Superseded { wake: None };
    let running = head(Some("e2"), "2", false);
    assert_eq!(turn_of(Order::Latest, &running, &[], "1", "e1"), superseded);
    let idle = head(None, "1", true);
    assert_eq!(turn_of(Order::Latest, &idle, &["2"], "1", "e1"), superseded);
    // A retry of the newest can come again.
    let idle = head(None, "2", false);
    let again = turn_of(Order::Latest, &idle, &[], "2", "e2b");
    assert!(matches!(again, Turn::Now(_)));
}

#[test]
fn with_latest_the_newest_waits_alone() {
    let waits = turn_of(
        Order::Latest,
        &head(Some("e1"), "1", true),
        &["2"],
        "3",
        "e3",
    );
    assert!(matches!(waits, Turn::Wait(_)));
    let Next { head, superseded } = next(waits);
    assert!(head.waits && head.newest == Some(at("1")));
    assert_eq!(superseded, waiters(&["2"]));
}

#[test]
fn with_latest_a_newer_version_passes_one_that_was_asked_for() {
    let now = turn_of(Order::Latest, &head(None, "1", true), &["2"], "3", "e3");
    assert!(matches!(now, Turn::Now(_)));
    assert_eq!(next(now).superseded, waiters(&["2"]));
}

#[test]
fn with_each_nobody_passes_who_was_asked_for() {
    let asked_for = head(None, "1", true);
    let newer = turn_of(Order::Each, &asked_for, &["2"], "3", "e3");
    assert!(matches!(newer, Turn::Wait(_)));
    let itself = turn_of(Order::Each, &asked_for, &["2", "3"], "2", "e2");
    assert!(matches!(itself, Turn::Now(_)));
    let older = turn_of(Order::Each, &asked_for, &["2"], "1", "e1");
    assert!(matches!(older, Turn::Now(_)));
}

#[test]
fn behind_one_that_runs_the_head_is_looked_at_and_behind_one_that_waits_it_is_written() {
    let marked = |turn| match turn {
        Turn::Wait(wait) => wait.marked,
        other => panic!("{other:?}"),
    };
    let runs = head(Some("e1"), "1", true);
    assert!(marked(turn_of(Order::Each, &runs, &[], "3", "e3")));
    let unmarked = head(Some("e1"), "1", false);
    assert!(!marked(turn_of(Order::Each, &unmarked, &[], "3", "e3")));
    let waits = head(None, "1", true);
    assert!(!marked(turn_of(Order::Each, &waits, &["2"], "3", "e3")));
}

#[test]
fn who_was_asked_for_and_is_not_the_first_hands_that_on() {
    let instead = |turn| match turn {
        Turn::Wait(wait) => wait.instead,
        other => panic!("{other:?}"),
    };
    let idle = head(None, "1", true);
    let asked = turn_again(Order::Each, &idle, &["2", "3"], "3");
    assert_eq!(instead(asked), waiters(&["2"]).pop());
    let new = turn_of(Order::Each, &idle, &["2"], "3", "e3");
    assert_eq!(instead(new), None);
    let runs = head(Some("e1"), "1", true);
    assert_eq!(
        instead(turn_again(Order::Each, &runs, &["2", "3"], "3")),
        None
    );
}

#[test]
fn after_a_change_to_latest_the_newest_is_asked_for() {
    // The oldest was, and is not among those that were read.
    let idle = head(None, "", true);
    let wake = waiters(&["3"]).pop();
    let turn = turn_again(Order::Latest, &idle, &["3", "2"], "1");
    assert_eq!(turn, Turn::Superseded { wake });
}

#[test]
fn the_end_of_an_execution_frees_its_turn_and_nobody_elses() {
    let freed = free(&head(Some("e1"), "3", true), "e1").unwrap();
    assert_eq!((freed.revision, freed.running), (2, None));
    // Told again.
    assert_eq!(
        free(&head(None, "3", true), "e1"),
        Some(head(None, "3", true))
    );
    assert_eq!(free(&head(Some("e2"), "3", true), "e1"), None);
}

#[test]
fn the_next_one_is_asked_for() {
    let idle = head(None, "1", true);
    let woken = wake(Order::Each, &idle, waiters(&["2", "3"]));
    assert_eq!(
        (versions(&woken.asked), woken.superseded),
        (vec![at("2").as_str()], vec![])
    );
    let woken = wake(Order::Latest, &idle, waiters(&["3", "2"]));
    assert_eq!(versions(&woken.asked), [at("3")]);
    assert_eq!(versions(&woken.superseded), [at("2")]);
    let woken = wake(Order::None, &idle, waiters(&["2", "3"]));
    assert_eq!(versions(&woken.asked), [at("2"), at("3")]);
}

#[test]
fn with_latest_nobody_is_asked_for_who_would_go_back() {
    let woken = wake(Order::Latest, &head(None, "4", true), waiters(&["3", "2"]));
    assert_eq!((woken.asked.len(), woken.superseded.len()), (0, 2));
    // The next attempt of the newest.
    let woken = wake(Order::Latest, &head(None, "4", true), waiters(&["4", "2"]));
    assert_eq!((woken.asked.len(), woken.superseded.len()), (1, 1));
}

#[test]
fn with_latest_the_row_of_who_is_asked_for_stays() {
    let both = vec![
        waiter(reported("3", "v#3")),
        waiter(found(Some("1"), 9, "v#3")),
    ];
    let woken = wake(Order::Latest, &head(None, "1", true), both);
    assert_eq!((woken.asked.len(), woken.superseded.len()), (1, 0));
}

#[test]
fn a_found_version_that_moved_is_still_itself() {
    let at = |after: &str| found(Some(after), 9, "v#1");
    let higher = Head {
        newest: Some(at("2")),
        ..head(None, "", true)
    };
    let moved = [waiter(at("2"))];
    let turn = turn(Order::Latest, &higher, Some(&moved), &new(&at("1"), "e"));
    assert!(matches!(turn, Turn::Now(_)), "{turn:?}");
    assert!(next(turn).superseded.is_empty());
    let each = super::turn(Order::Each, &higher, Some(&moved), &new(&at("3"), "e"));
    assert!(matches!(each, Turn::Now(_)), "{each:?}");
    // And so is one that S3 reports after it was found.
    let reported = reported("1", "v#1");
    let known = super::turn(Order::Latest, &higher, Some(&moved), &new(&reported, "e"));
    assert!(matches!(known, Turn::Now(_)), "{known:?}");
}

/// Those that wait, as they are read.
fn read(order: Order, waiting: &BTreeSet<String>) -> Vec<Waiter> {
    let all = waiting.iter().cloned().map(waiter);
    match order.which() {
        Which::Oldest(most) => all.take(most as usize).collect(),
        Which::Newest(most) => all.rev().take(most as usize).collect(),
    }
}

proptest! {
    /// Versions come in any order and executions end at any time: one at a time, none forgotten,
    /// none older after a newer one.
    #[test]
    fn one_at_a_time(latest in any::<bool>(), arrivals in proptest::collection::vec((0u32..40, any::<bool>()), 1..80)) {
        let order = if latest { Order::Latest } else { Order::Each };
        let (mut head, mut waiting) = (Head::default(), BTreeSet::new());
        let mut queue: Vec<String> = Vec::new();
        let (mut ran, mut superseded, mut arrived) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut steps = arrivals.into_iter();
        loop {
            let ends = match steps.next() {
                Some((version, ends)) => {
                    let version = at(&format!("{version:02}"));
                    if arrived.insert(version.clone()) { queue.push(version); }
                    ends
                }
                None if queue.is_empty() && head.running.is_none() => break,
                None => true,
            };
            if ends && let Some(execution) = head.running.clone() {
                head = free(&head, &execution).unwrap();
                while head.waits {
                    let waiters = read(order, &waiting);
                    head.waits = !waiters.is_empty();
                    let woken = wake(order, &head, waiters);
                    for gone in woken.superseded {
                        waiting.remove(&gone.version);
                        superseded.insert(gone.version);
                    }
                    let asked = !woken.asked.is_empty();
                    queue.extend(woken.asked.into_iter().map(|it| it.version));
                    if asked { break; }
                }
            }
            while let Some(version) = queue.pop() {
                if ran.contains(&version) || superseded.contains(&version) { continue; }
                let execution = format!("e{version}");
                let asking = Asking { waited: waiting.contains(&version), ..new(&version, &execution) };
                let turn = match turn(order, &head, None, &asking) {
                    Turn::Read => turn(order, &head, Some(&read(order, &waiting)), &asking),
                    turn => turn,
                };
                let (now, next) = match turn {
                    Turn::Now(next) => (true, next),
                    Turn::Wait(wait) => {
                        queue.extend(wait.instead.map(|it| it.version));
                        (false, wait.next)
                    }
                    Turn::Superseded { wake } => {
                        queue.extend(wake.map(|it| it.version));
                        waiting.remove(&version);
                        superseded.insert(version);
                        continue;
                    }
                    Turn::Read => return Err(TestCaseError::fail("they were read")),
                };
                for gone in next.superseded {
                    waiting.remove(&gone.version);
                    superseded.insert(gone.version);
                }
                if now {
                    prop_assert!(head.running.is_none());
                    waiting.remove(&version);
                    ran.push(version);
                } else {
                    waiting.insert(version);
                }
                head = next.head;
            }
        }
        prop_assert!(waiting.is_empty());
        prop_assert_eq!(ran.len() + superseded.len(), arrived.len());
        if latest {
            prop_assert!(ran.is_sorted());
            prop_assert_eq!(ran.last(), arrived.last());
        } else {
            prop_assert_eq!(superseded.len(), 0);
        }
    }
}
