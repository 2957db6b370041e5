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
mod tests;
