//! Orders: one execution per object at a time.
//!
//! Conditions on the rows of two versions cannot exclude each other, so each object has one item more, its head: what
//! runs, what waits, and the newest version whose turn has come. It is written in one transaction with the row that
//! it is about, on condition that nobody wrote it in between.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::record::head::Head;
use crate::record::version::row_of;

/// Versions of one object that may wait: a head is one item, and an item is at most 400 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
pub const MAX_WAITING: usize = 2_000;

/// Which versions of an object are worked on, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Every version, without regard to others of its object.
    #[default]
    None,
    /// One at a time; never an older one after a newer one, so of those that wait only the newest.
    Latest,
    /// One at a time, every version, those that wait in the order of their sequencers.
    Each,
}

/// A text that names no order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not none, latest or each")]
pub struct OrderError(String);

impl FromStr for Order {
    type Err = OrderError;

    fn from_str(text: &str) -> Result<Self, OrderError> {
        match text {
            "none" => Ok(Self::None),
            "latest" => Ok(Self::Latest),
            "each" => Ok(Self::Each),
            _ => Err(OrderError(text.chars().take(32).collect())),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Latest => "latest",
            Self::Each => "each",
        })
    }
}

/// What the order says to an attempt that may be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Claim it and write this head.
    Now(Next),
    /// Another execution of the object runs: write that it waits, and this head.
    Wait(Next),
    /// A newer version's turn has come. The one to be sent for, if this one waited and the order was another then:
    /// with `latest` only the newest is ever sent for.
    Superseded { wake: Option<String> },
    /// So many versions wait that the head would grow too large: ask again later.
    Later,
}

/// The head after a turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Next {
    pub head: Head,
    /// Versions that waited and no longer do, because of a newer one.
    pub superseded: Vec<String>,
}

/// Whether it is a version's turn, to be worked on by `execution`.
pub fn turn(order: Order, head: &Head, version: &str, execution: &str) -> Turn {
    let itself = |other: &str| row_of(other) == row_of(version);
    // Of a found version's places the last is not newer than itself.
    let newer = |other: &str| other > version && !itself(other);
    if order == Order::Latest && head.newest.as_deref().is_some_and(newer) {
        let waited = head.running.is_none() && head.waiting.iter().any(|other| itself(other));
        let newest = head.waiting.last().filter(|newest| newer(newest));
        return Turn::Superseded {
            wake: newest.filter(|_| waited).cloned(),
        };
    }
    let running = head
        .running
        .as_deref()
        .is_some_and(|running| running != execution);
    // With `each` a version that waits has been sent for, and comes before a newer one.
    let older = |other: &String| other.as_str() < version && !itself(other);
    let behind = order == Order::Each && head.waiting.iter().any(older);
    let mut waiting = head.waiting.clone();
    waiting.retain(|other| !itself(other));
    let superseded = match order {
        Order::Latest => std::mem::take(&mut waiting),
        Order::None | Order::Each => Vec::new(),
    };
    let waits = running || behind;
    if waits {
        if waiting.len() >= MAX_WAITING {
            return Turn::Later;
        }
        waiting.push(version.to_owned());
        waiting.sort();
    }
    let newest = head
        .newest
        .as_deref()
        .map_or(version, |newest| newest.max(version));
    let next = Next {
        head: Head {
            revision: head.revision + 1,
            newest: Some(newest.to_owned()),
            running: if waits {
                head.running.clone()
            } else {
                Some(execution.to_owned())
            },
            waiting,
        },
        superseded,
    };
    if waits {
        Turn::Wait(next)
    } else {
        Turn::Now(next)
    }
}

/// What the end of an execution means for its object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Freed {
    /// The head to be written; `None`: it stays as it is.
    pub write: Option<Next>,
    /// The versions to be sent for once it is written. They wait until they are claimed, so that they are sent for
    /// again should this not be the end of it.
    pub wake: Vec<String>,
}

/// Takes the turn from `execution`, which has closed and is settled.
pub fn free(order: Order, head: &Head, execution: &str) -> Freed {
    let ours = head.running.as_deref() == Some(execution);
    if head.running.is_some() && !ours {
        // Another one's turn: its own end wakes who waits.
        return Freed {
            write: None,
            wake: Vec::new(),
        };
    }
    let mut waiting = head.waiting.clone();
    let superseded = match order {
        Order::Latest => {
            let newest = waiting.pop();
            std::mem::replace(&mut waiting, newest.into_iter().collect())
        }
        Order::None | Order::Each => Vec::new(),
    };
    // Without an order any longer, nobody waits for anybody.
    let most = if order == Order::None {
        waiting.len()
    } else {
        1
    };
    let wake = waiting.iter().take(most).cloned().collect();
    let write = (ours || !superseded.is_empty()).then(|| Next {
        head: Head {
            revision: head.revision + 1,
            newest: head.newest.clone(),
            running: None,
            waiting,
        },
        superseded,
    });
    Freed { write, wake }
}

#[cfg(test)]
mod tests {
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
}
