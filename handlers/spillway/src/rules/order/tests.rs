use super::*;
use crate::record::version::{found, reported};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The place of a version with this sequencer.
fn at(sequencer: &str) -> String {
    reported(sequencer, &format!("s#{sequencer}"))
}

fn head(running: Option<&str>, newest: &str, waiting: &[&str]) -> Head {
    Head {
        revision: 1,
        newest: Some(at(newest)),
        running: running.map(str::to_owned),
        waiting: waiting.iter().map(|version| at(version)).collect(),
    }
}

/// The turn of a version with this sequencer.
fn turn_of(order: Order, head: &Head, sequencer: &str, execution: &str) -> Turn {
    turn(order, head, &at(sequencer), execution)
}

fn next(turn: Turn) -> Next {
    match turn {
        Turn::Now(next) | Turn::Wait(next) => next,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_version_of_an_object_has_its_turn() {
    for order in [Order::Latest, Order::Each] {
        let turn = turn_of(order, &Head::default(), "1", "e1");
        assert!(matches!(turn, Turn::Now(_)));
        assert_eq!(next(turn).head, head(Some("e1"), "1", &[]));
    }
}

#[test]
fn latest_never_goes_back() {
    let running = head(Some("e2"), "2", &[]);
    let superseded = Turn::Superseded { wake: None };
    assert_eq!(turn_of(Order::Latest, &running, "1", "e1"), superseded);
    let idle = head(None, "2", &["2"]);
    assert_eq!(turn_of(Order::Latest, &idle, "1", "e1"), superseded);
    // The newest itself may be tried again.
    assert!(matches!(
        turn_of(Order::Latest, &idle, "2", "e2b"),
        Turn::Now(_)
    ));
}

#[test]
fn with_latest_the_newest_waits_alone() {
    let waits = turn_of(Order::Latest, &head(Some("e1"), "2", &["2"]), "3", "e3");
    assert!(matches!(waits, Turn::Wait(_)));
    let Next { head, superseded } = next(waits);
    assert_eq!((head.waiting, superseded), (vec![at("3")], vec![at("2")]));
}

#[test]
fn with_latest_a_newer_version_passes_one_that_was_sent_for() {
    let now = turn_of(Order::Latest, &head(None, "2", &["2"]), "3", "e3");
    assert!(matches!(now, Turn::Now(_)));
    assert_eq!(next(now).superseded, [at("2")]);
}

#[test]
fn with_each_nobody_passes_who_was_sent_for() {
    let sent_for = head(None, "2", &["2"]);
    let newer = turn_of(Order::Each, &sent_for, "3", "e3");
    assert!(matches!(newer, Turn::Wait(_)));
    assert_eq!(next(newer).head.waiting, [at("2"), at("3")]);
    let itself = turn_of(Order::Each, &sent_for, "2", "e2");
    assert!(matches!(itself, Turn::Now(_)));
    assert!(next(itself).head.waiting.is_empty());
    assert!(matches!(
        turn_of(Order::Each, &sent_for, "1", "e1"),
        Turn::Now(_)
    ));
}

#[test]
fn after_a_change_to_latest_the_newest_is_sent_for() {
    let sent_for_the_oldest = head(None, "3", &["1", "2", "3"]);
    let wake = Some(at("3"));
    assert_eq!(
        turn_of(Order::Latest, &sent_for_the_oldest, "1", "e1"),
        Turn::Superseded { wake }
    );
}

#[test]
fn too_many_that_wait_are_asked_to_come_later() {
    let many: Vec<String> = (0..MAX_WAITING).map(|n| at(&format!("{n:08}"))).collect();
    let full = Head {
        waiting: many,
        ..head(Some("e"), "9", &[])
    };
    assert_eq!(turn_of(Order::Each, &full, "9", "e9"), Turn::Later);
}

#[test]
fn the_end_of_an_execution_wakes_the_next() {
    let freed = free(Order::Each, &head(Some("e1"), "3", &["2", "3"]), "e1");
    assert_eq!(freed.wake, [at("2")]);
    assert_eq!(freed.write.unwrap().head.waiting, [at("2"), at("3")]);
    let freed = free(Order::Latest, &head(Some("e1"), "3", &["2", "3"]), "e1");
    assert_eq!(freed.wake, [at("3")]);
    assert_eq!(freed.write.unwrap().superseded, [at("2")]);
    let freed = free(Order::None, &head(Some("e1"), "3", &["2", "3"]), "e1");
    assert_eq!(freed.wake, [at("2"), at("3")]);
}

#[test]
fn an_end_that_is_told_again_wakes_again_and_takes_nobodys_turn() {
    let freed = free(Order::Each, &head(None, "2", &["2"]), "e1");
    assert_eq!((freed.write, freed.wake), (None, vec![at("2")]));
    let freed = free(Order::Each, &head(Some("e2"), "3", &["3"]), "e1");
    assert_eq!((freed.write, freed.wake), (None, vec![]));
}

#[test]
fn a_found_version_that_moved_is_still_itself() {
    let at = |after: &str| found(Some(after), 9, "v#1");
    let higher = Head {
        newest: Some(at("2")),
        waiting: vec![at("2")],
        ..head(None, "", &[])
    };
    let turn = turn(Order::Latest, &higher, &at("1"), "e");
    assert!(matches!(turn, Turn::Now(_)), "{turn:?}");
    assert!(next(turn).head.waiting.is_empty());
    let each = super::turn(Order::Each, &higher, &at("3"), "e");
    assert!(matches!(each, Turn::Now(_)), "{each:?}");
    // And so is one that S3 reports after it was found.
    let known = super::turn(Order::Latest, &higher, &reported("1", "v#1"), "e");
    assert!(matches!(known, Turn::Now(_)), "{known:?}");
}

proptest! {
    /// Versions come in any order and executions end at any time: one at a time, none forgotten, none older after
    /// a newer one.
    #[test]
    fn one_at_a_time(latest in any::<bool>(), arrivals in proptest::collection::vec((0u32..8, any::<bool>()), 1..40)) {
        let order = if latest { Order::Latest } else { Order::Each };
        let mut head = Head::default();
        let mut queue: Vec<String> = Vec::new();
        let (mut ran, mut superseded, mut arrived) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut steps = arrivals.into_iter();
        loop {
            let ends = match steps.next() {
                Some((version, ends)) => {
                    let version = at(&version.to_string());
                    if arrived.insert(version.clone()) { queue.push(version); }
                    ends
                }
                None if queue.is_empty() && head.running.is_none() => break,
                None => true,
            };
            if ends && let Some(execution) = head.running.clone() {
                let freed = free(order, &head, &execution);
                if let Some(next) = freed.write { head = next.head; superseded.extend(next.superseded); }
                queue.extend(freed.wake);
            }
            while let Some(version) = queue.pop() {
                if ran.contains(&version) || superseded.contains(&version) { continue; }
                match turn(order, &head, &version, &format!("e{version}")) {
                    Turn::Now(next) => {
                        prop_assert!(head.running.is_none());
                        head = next.head;
                        superseded.extend(next.superseded);
                        ran.push(version);
                    }
                    Turn::Wait(next) => { head = next.head; superseded.extend(next.superseded); }
                    Turn::Superseded { wake } => { prop_assert_eq!(wake, None); superseded.insert(version); }
                    Turn::Later => prop_assert!(false),
                }
            }
        }
        prop_assert!(head.waiting.is_empty());
        prop_assert_eq!(ran.len() + superseded.len(), arrived.len());
        if latest {
            prop_assert!(ran.is_sorted());
            prop_assert_eq!(ran.last(), arrived.last());
        } else {
            prop_assert_eq!(superseded.len(), 0);
        }
    }
}
