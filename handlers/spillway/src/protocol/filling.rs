//! Filling executions of several object events: messages are received until one is full, nothing
//! more waits, or the tick ends.

use std::collections::HashMap;

use super::candidate::Candidate;
use crate::lane::polling::ONE_RECEIVE;
use crate::rules::batch::{self, Member};

/// Receives under way at once.
const RECEIVES_AT_ONCE: usize = 10;

/// Messages received and not yet on their way, by lane.
pub type Pool<M = Candidate> = HashMap<usize, Vec<M>>;

/// The filling of one execution.
#[derive(Debug, Clone)]
pub struct Filling {
    /// Object events of one execution, at most.
    most: usize,
    /// Lanes, in turn: those to be asked, then all of which messages can be left.
    lanes: Vec<usize>,
    asked: usize,
    turn: usize,
    /// The last receive found something.
    coming: bool,
}

/// The next step.
#[derive(Debug)]
pub enum Fill<M = Candidate> {
    /// Receives from a lane, so many messages by each call.
    Receive { lane: usize, most: Vec<u32> },
    /// The lane has no more messages.
    Empty(usize),
    /// The object events of the next execution.
    Full { lane: usize, load: Vec<M> },
    /// Nothing waits.
    Nothing,
}

impl Filling {
    /// Begins to fill a batch from `lanes`, of which events can start. `ask`: the lanes to be
    /// asked, in their turn.
    pub fn new(most: usize, ask: Vec<usize>, lanes: &[usize]) -> Self {
        let ask: Vec<usize> = ask.into_iter().filter(|it| lanes.contains(it)).collect();
        let asked = ask.len();
        Self {
            most,
            lanes: ask.into_iter().chain(lanes.iter().copied()).collect(),
            asked,
            turn: 0,
            coming: true,
        }
    }

    /// Returns the next step. `may_receive`: the tick goes on.
    pub fn next<M: Member>(&mut self, pool: &mut Pool<M>, may_receive: bool) -> Fill<M> {
        while let Some(&lane) = self.lanes.get(self.turn) {
            let received = pool.entry(lane).or_default();
            let asks = self.turn < self.asked;
            let coming = asks && self.coming && may_receive;
            if let Some(load) = batch::next(received, self.most, coming) {
                return Fill::Full { lane, load };
            }
            if coming {
                let wanted = self.most.saturating_sub(received.len()).max(1);
                let most = receives(wanted);
                return Fill::Receive { lane, most };
            }
            self.turn += 1;
            self.coming = true;
            if asks {
                return Fill::Empty(lane);
            }
        }
        Fill::Nothing
    }

    /// Takes in whether a receive found messages.
    pub fn received(&mut self, any: bool) {
        self.coming = any;
    }
}

/// How many messages each receive asks for, to get about `wanted`.
fn receives(wanted: usize) -> Vec<u32> {
    let one = ONE_RECEIVE as usize;
    let calls = wanted.div_ceil(one).min(RECEIVES_AT_ONCE);
    let most = |call: usize| (wanted - call * one).min(one) as u32;
    (0..calls).map(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_asked_in_their_turn() {
        let (mut filling, mut pool) = (
            Filling::new(25, vec![1, 0], &[0, 1]),
            Pool::<Candidate>::new(),
        );
        assert!(matches!(
            filling.next(&mut pool, true),
            Fill::Receive { lane: 1, most } if most == [10, 10, 5]
        ));
        filling.received(false);
        assert!(matches!(filling.next(&mut pool, true), Fill::Empty(1)));
        assert!(matches!(
            filling.next(&mut pool, true),
            Fill::Receive { lane: 0, .. }
        ));
        // The tick is over.
        assert!(matches!(filling.next(&mut pool, false), Fill::Empty(0)));
        assert!(matches!(filling.next(&mut pool, false), Fill::Nothing));
    }

    #[test]
    fn a_lane_of_which_nothing_may_start_is_neither_asked_nor_emptied() {
        let (mut filling, mut pool) =
            (Filling::new(25, vec![1, 0], &[0]), Pool::<Candidate>::new());
        assert!(matches!(
            filling.next(&mut pool, true),
            Fill::Receive { lane: 0, .. }
        ));
        filling.received(false);
        assert!(matches!(filling.next(&mut pool, true), Fill::Empty(0)));
        assert!(matches!(filling.next(&mut pool, true), Fill::Nothing));
        assert!(!pool.contains_key(&1));
    }

    #[test]
    fn no_more_is_received_at_once_than_the_calls_allow() {
        assert_eq!(receives(1), [1]);
        assert_eq!(receives(100).len(), 10);
        assert_eq!(receives(1_000), [10; 10]);
    }
}
