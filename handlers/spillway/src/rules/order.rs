//! Orders: one execution per object at a time.
//!
//! Conditions on the rows of two versions cannot exclude each other. So each object has one item
//! more, its head: the execution that runs, the newest version that started, and whether versions
//! wait. A turn is taken by one transaction on the row and the head, on condition that nobody wrote
//! either in between.
//!
//! A version that waits writes its waiter, and then looks at the head. It waits if another still
//! runs, or if the head is as it was read and is written again. The end of a turn writes the head,
//! then reads the waiters. So one of the two sees the other. Behind one that runs it is enough to
//! look, since its end writes the head. Behind one that waits, the head is written. So nobody
//! claims, or finds that nobody waits, by an older read.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::record::head::Head;
use crate::record::version::row_of;
use crate::record::waiter::{Waiter, Which};

/// Waiters that are read together: with `each` the oldest and, if that is the version itself, the
/// one after it.
const OLDEST: u32 = 2;
/// With `latest` all but the newest are superseded.
const NEWEST: u32 = 10;
/// Without an order any longer, all are asked for.
const ANY: u32 = 25;

/// Which versions of an object are processed, and when.
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

impl Order {
    /// Returns which waiters decide the next version.
    pub fn which(self) -> Which {
        match self {
            Self::None => Which::Oldest(ANY),
            Self::Latest => Which::Newest(NEWEST),
            Self::Each => Which::Oldest(OLDEST),
        }
    }
}

/// The order's answer to an attempt that can be claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Turn {
    /// The waiters decide: read them.
    Read,
    /// Claim it and write this head.
    Now(Next),
    /// Another execution of the object runs, or an older version comes first.
    Wait(Wait),
    /// A newer version has started or waits. The one to be asked for, if this one waited and the
    /// order was another then: with `latest` only the newest is ever asked for.
    Superseded { wake: Option<Waiter> },
}

/// The head after a turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Next {
    pub head: Head,
    /// Versions that waited and no longer do, because of a newer one.
    pub superseded: Vec<Waiter>,
}

/// The writes of a version that waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wait {
    pub next: Next,
    /// The head says already that it can wait, and another runs: it only has to be so still once
    /// the waiter is put.
    pub marked: bool,
    /// The older version that must be asked for. A version that was asked for and does not come
    /// first hands that on.
    pub instead: Option<Waiter>,
}

/// A version that asks for its turn.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Its place.
    pub version: &'a str,
    /// The execution that is to process it.
    pub execution: &'a str,
    /// Its row says that it waits, so it has been asked for.
    pub waited: bool,
}

/// Returns whether it is a version's turn. `waiters`: those that wait, if they were read.
pub fn turn(order: Order, head: &Head, waiters: Option<&[Waiter]>, asking: &Asking<'_>) -> Turn {
    let Asking {
        version,
        execution,
        waited,
    } = *asking;
    let running = head
        .running
        .as_deref()
        .is_some_and(|running| running != execution);
    // With `each` the running version comes first, before all that wait.
    let decide = head.waits && (order == Order::Latest || !running);
    let waiters = match waiters {
        None if decide => return Turn::Read,
        waiters => waiters.unwrap_or_default(),
    };
    let itself = |other: &str| row_of(other) == row_of(version);
    // Of a found version's places the last is not newer than itself.
    let newer = |other: &str| other > version && !itself(other);
    let others = || waiters.iter().filter(|other| !itself(&other.version));
    if order == Order::Latest {
        let newest = others()
            .filter(|other| newer(&other.version))
            .max_by(|one, other| one.version.cmp(&other.version));
        if newest.is_some() || head.newest.as_deref().is_some_and(newer) {
            let wakes = waited && head.running.is_none();
            return Turn::Superseded {
                wake: newest.filter(|_| wakes).cloned(),
            };
        }
    }
    // One that waits has been asked for, and comes before a newer one.
    let older = others()
        .filter(|other| order == Order::Each && other.version.as_str() < version)
        .min_by(|one, other| one.version.cmp(&other.version));
    let superseded = match order {
        Order::Latest => others().cloned().collect(),
        Order::None | Order::Each => Vec::new(),
    };
    let mut next = Head {
        revision: head.revision + 1,
        ..head.clone()
    };
    if running || older.is_some() {
        next.waits = true;
        return Turn::Wait(Wait {
            marked: running && head.waits,
            instead: older.filter(|_| waited && !running).cloned(),
            next: Next {
                head: next,
                superseded,
            },
        });
    }
    if head.newest.as_deref().is_none_or(|newest| newest < version) {
        next.newest = Some(version.to_owned());
    }
    next.running = Some(execution.to_owned());
    let head = next;
    Turn::Now(Next { head, superseded })
}

/// Takes the turn from `execution`, which has closed and is settled. Returns the head without it;
/// `None`: it is another's turn, and its own end asks for the waiters.
pub fn free(head: &Head, execution: &str) -> Option<Head> {
    match head.running.as_deref() {
        Some(running) if running != execution => None,
        Some(_) => Some(Head {
            revision: head.revision + 1,
            running: None,
            ..head.clone()
        }),
        None => Some(head.clone()),
    }
}

/// The versions that come next, when nothing runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Woken {
    /// The versions to be asked for. They wait until they are claimed, so that they can be asked
    /// for again. Without an order any longer nobody looks, and they wait no longer.
    pub asked: Vec<Waiter>,
    /// Versions that wait no longer, because of a newer one.
    pub superseded: Vec<Waiter>,
}

/// Returns the waiters that come next.
pub fn wake(order: Order, head: &Head, mut waiters: Vec<Waiter>) -> Woken {
    match order {
        Order::None => Woken {
            asked: waiters,
            superseded: Vec::new(),
        },
        Order::Each => {
            waiters.truncate(1);
            Woken {
                asked: waiters,
                superseded: Vec::new(),
            }
        }
        Order::Latest => {
            let went_back = |newest: &Waiter| {
                let started = head.newest.as_deref().unwrap_or_default();
                started > newest.version.as_str() && row_of(started) != row_of(&newest.version)
            };
            let newest = waiters.first().is_some_and(|newest| !went_back(newest));
            let mut superseded = waiters.split_off(usize::from(newest));
            // One can wait at two places for a moment.
            if let Some(asked) = waiters.first() {
                superseded.retain(|other| row_of(&other.version) != row_of(&asked.version));
            }
            Woken {
                asked: waiters,
                superseded,
            }
        }
    }
}

#[cfg(test)]
mod tests;
