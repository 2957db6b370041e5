//! The next lane: strictly by priority, but first a lane whose guaranteed share is owed to it.

use crate::Millis;

/// A lane found empty is not asked again for so long.
const EMPTY_FOR: Millis = 250;
/// Starts that are owed to a lane at most: a lane without events collects no claim to later starts.
const MOST_OWED: f64 = 10.0;

/// The lanes by priority, with the starts that are owed to each.
#[derive(Debug, Clone)]
pub struct Shares {
    lanes: Vec<Share>,
}

#[derive(Debug, Clone)]
struct Share {
    /// Of all starts, while the lane has events waiting: 0 to 1.
    min: f64,
    owed: f64,
    empty_until: Millis,
}

/// A lane to ask for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Its index by priority.
    pub lane: usize,
    /// Events to ask it for at most, because they are owed to it.
    pub most: Option<u32>,
}

impl Shares {
    /// Returns the lanes' minimum shares, by priority, and their debts when the last tick ended.
    pub fn new(lanes: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let lanes = lanes
            .into_iter()
            .map(|(min, owed)| Share {
                min,
                owed: if owed.is_finite() {
                    owed.clamp(0.0, MOST_OWED)
                } else {
                    0.0
                },
                empty_until: 0,
            })
            .collect();
        Self { lanes }
    }

    /// Returns the lanes to ask, in this order, until one has something. None: all were found empty
    /// a moment ago.
    pub fn to_ask(&self, now: Millis) -> Vec<Ask> {
        let asked = |(_, lane): &(usize, &Share)| lane.empty_until <= now;
        let owed = |(_, lane): &(usize, &Share)| lane.owed >= 1.0;
        let lanes = || self.lanes.iter().enumerate().filter(asked);
        let first = lanes().filter(owed).map(|(lane, share)| Ask {
            lane,
            most: Some(share.owed as u32),
        });
        let then = lanes().map(|(lane, _)| Ask { lane, most: None });
        first.chain(then).collect()
    }

    /// Counts so many started events of a lane.
    pub fn started(&mut self, lane: usize, events: u32) {
        let events = f64::from(events);
        for (index, share) in self.lanes.iter_mut().enumerate() {
            share.owed = (share.owed + share.min * events).min(MOST_OWED);
            if index == lane {
                share.owed = (share.owed - events).max(0.0);
            }
        }
    }

    /// Notes that a poll of a lane found nothing. It can have missed messages, so the lane's debt
    /// stays. The only lane is asked again at once.
    pub fn found_empty(&mut self, lane: usize, now: Millis) {
        if self.lanes.len() > 1
            && let Some(share) = self.lanes.get_mut(lane)
        {
            share.empty_until = now + EMPTY_FOR;
        }
    }

    /// Clears all debts: no lane has anything, as polls of all of SQS's servers tell.
    pub fn all_are_empty(&mut self) {
        self.lanes.iter_mut().for_each(|share| share.owed = 0.0);
    }

    /// Returns the debt to each lane, for the next tick.
    pub fn owed(&self) -> impl Iterator<Item = f64> + '_ {
        self.lanes.iter().map(|lane| lane.owed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(mins: &[f64]) -> Shares {
        Shares::new(mins.iter().map(|&min| (min, 0.0)))
    }

    #[test]
    fn the_first_lane_comes_first_and_the_next_when_it_is_empty() {
        let mut shares = shares(&[0.0, 0.0]);
        let lanes = |shares: &Shares, now| -> Vec<usize> {
            shares.to_ask(now).iter().map(|ask| ask.lane).collect()
        };
        assert_eq!(lanes(&shares, 0), [0, 1]);
        shares.found_empty(0, 0);
        assert_eq!(lanes(&shares, 10), [1]);
        assert_eq!(lanes(&shares, EMPTY_FOR), [0, 1]);
        shares.found_empty(1, 10);
        assert_eq!(lanes(&shares, 11), [] as [usize; 0]);
    }

    #[test]
    fn a_share_that_is_owed_comes_first() {
        let mut shares = shares(&[0.0, 0.1]);
        shares.started(0, 9);
        assert_eq!(shares.to_ask(0)[0].lane, 0);
        shares.started(0, 1);
        let first = shares.to_ask(0)[0];
        assert_eq!(
            first,
            Ask {
                lane: 1,
                most: Some(1)
            }
        );
        shares.started(1, 1);
        assert_eq!(shares.to_ask(0)[0].lane, 0);
    }

    #[test]
    fn what_is_owed_outlasts_a_tick_and_a_poll_that_missed_until_all_lanes_are_empty() {
        let mut first = shares(&[0.0, 0.1]);
        first.started(0, 9);
        let mut next = Shares::new([0.0, 0.1].into_iter().zip(first.owed()));
        next.started(0, 1);
        assert_eq!(next.to_ask(0)[0].lane, 1);
        next.found_empty(1, 0);
        assert_eq!(next.to_ask(EMPTY_FOR)[0].lane, 1);
        next.all_are_empty();
        next.started(0, 5);
        assert_eq!(next.to_ask(EMPTY_FOR)[0].lane, 0);
    }

    proptest! {
        /// With events waiting everywhere each lane gets its share, and the first lane gets the
        /// rest.
        #[test]
        fn nobody_starves(low in 0.0f64..0.4, lower in 0.0f64..0.4, batches in proptest::collection::vec(1u32..=10, 50..200)) {
            let mins = [0.0, low, lower];
            let mut shares = shares(&mins);
            let mut started = [0u32; 3];
            for batch in batches {
                let ask = shares.to_ask(0)[0];
                let events = ask.most.map_or(batch, |most| most.min(batch));
                shares.started(ask.lane, events);
                started[ask.lane] += events;
            }
            let all: u32 = started.iter().sum();
            for (lane, min) in mins.iter().enumerate() {
                let guaranteed = min * f64::from(all) - 2.0 * MOST_OWED;
                prop_assert!(f64::from(started[lane]) >= guaranteed, "lane {lane}: {started:?}");
            }
            prop_assert!(f64::from(started[1]) <= low * f64::from(all) + 1.0);
        }
    }
}
