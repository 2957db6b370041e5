//! Which messages that were received together are handled at once, and in which order.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::candidate::Candidate;
use crate::record::row::RowKey;
use crate::rules::order::Order;

/// Sorts candidates into rounds, of which one comes after the other.
///
/// Of two messages of one event the second is compared with the record that the first left in the
/// ledger. In three cases that holds for all messages of an object:
///
/// - with an order;
/// - with a FIFO queue, whose versions start in the order in which they come;
/// - with a version that was found without its event, which another message can bring.
pub fn rounds(mut candidates: Vec<Candidate>, order: Order, fifo: bool) -> Vec<Vec<Candidate>> {
    // With an order the version that is to come first comes first.
    match order {
        Order::None => {}
        Order::Each => candidates.sort_by_cached_key(Candidate::in_time),
        Order::Latest => candidates.sort_by_cached_key(|it| Reverse(it.in_time())),
    }
    let by_object = fifo || order != Order::None || candidates.iter().any(|it| it.event.is_found());
    let apart = |candidate: &Candidate| {
        let key = RowKey::of(&candidate.event);
        if by_object {
            let sk = String::new();
            return RowKey { sk, ..key };
        }
        key
    };
    let mut rounds = Vec::new();
    while !candidates.is_empty() {
        let mut seen = HashSet::new();
        let (round, rest): (Vec<_>, Vec<_>) = candidates
            .into_iter()
            .partition(|candidate| seen.insert(apart(candidate)));
        rounds.push(round);
        candidates = rest;
    }
    rounds
}
