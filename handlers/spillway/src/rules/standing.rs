//! The state of a pipeline at a tick's end, beside the tick's counts: the numbers for alarms.

use crate::Millis;
use crate::event::time;
use crate::record::slot::Slot;

const MILLIS_PER_SECOND: i64 = 1_000;
/// The age of an override without a valid `since`: nobody can tell that it is young. A year.
const UNKNOWN_AGE_SECONDS: u64 = 365 * 24 * 60 * 60;

/// The facts at a tick's end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Messages that wait in the events queues and can be received.
    pub backlog: u64,
    /// The part of them in lanes at their own bound.
    pub bounded_backlog: u64,
    /// The part of these in lanes whose bound is 0: they drain when it is another one.
    pub closed_backlog: u64,
    /// The limit in force; `None`: the tick did not come to read it.
    pub max_concurrency: Option<u32>,
    /// Slots that are taken; `None`: the tick did not come to count them.
    pub slots_taken: Option<u32>,
    pub paused: bool,
    pub day_limit_reached: bool,
    /// Executions started, and messages that needed none.
    pub moved: u32,
    /// The lowest rate that can be in force.
    pub starts_per_second: f64,
    /// How long the tick took.
    pub duration: Millis,
}

impl Seen {
    /// Returns whether messages wait, slots are free, nothing says to wait, and nothing moved. A
    /// rate at which a minute can pass without a start says to wait.
    pub fn stands_still(&self) -> bool {
        let (Some(limit), Some(taken)) = (self.max_concurrency, self.slots_taken) else {
            return false;
        };
        let may_start = taken < limit && !self.paused && !self.day_limit_reached;
        let slow = self.starts_per_second * 60.0 < 1.0;
        self.backlog > self.bounded_backlog && may_start && self.moved == 0 && !slow
    }

    /// Returns in how many seconds the backlog drains at the tick's rate, over a minute at least:
    /// ticks that find little end early. If nothing moved, it takes at least as long as if one
    /// message had. Executions that take longer than a tick move nothing in most ticks. `None`:
    /// nothing waits but in closed lanes, or something holds the starts.
    pub fn drain_seconds(&self) -> Option<u64> {
        let may_start = self.max_concurrency.is_some_and(|limit| limit > 0)
            && !self.paused
            && !self.day_limit_reached;
        let backlog = self.backlog.saturating_sub(self.closed_backlog);
        if backlog == 0 || !may_start {
            return None;
        }
        let seconds = (self.duration / MILLIS_PER_SECOND).max(60) as f64;
        let moved = f64::from(self.moved.max(1));
        Some((backlog as f64 / moved * seconds).ceil() as u64)
    }
}

/// Returns the age of the oldest slot, in seconds; 0: there is none.
pub fn oldest_slot_seconds(slots: &[Slot], now: Millis) -> u64 {
    let oldest = slots.iter().map(|slot| slot.taken_at).min();
    oldest.map_or(0, |taken_at| seconds(now - taken_at))
}

/// Returns the age of the overrides, in seconds, at least 1, by the control item's `since`.
pub fn override_seconds(since: Option<&str>, now: Millis) -> u64 {
    let since = since.and_then(time::millis);
    since.map_or(UNKNOWN_AGE_SECONDS, |since| seconds(now - since).max(1))
}

fn seconds(age: Millis) -> u64 {
    u64::try_from(age / MILLIS_PER_SECOND).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::layout::Layout;
    use crate::record::row::RowKey;
    use crate::record::slot::Work;

    const SEEN: Seen = Seen {
        backlog: 5,
        bounded_backlog: 4,
        closed_backlog: 0,
        max_concurrency: Some(10),
        slots_taken: Some(9),
        paused: false,
        day_limit_reached: false,
        moved: 0,
        starts_per_second: 25.0,
        duration: 56_000,
    };

    #[test]
    fn it_stands_still_only_where_nothing_says_to_wait() {
        assert!(SEEN.stands_still());
        let moves = [
            Seen { backlog: 0, ..SEEN },
            Seen {
                bounded_backlog: 5,
                ..SEEN
            },
            Seen {
                slots_taken: Some(10),
                ..SEEN
            },
            Seen {
                slots_taken: Some(200),
                ..SEEN
            },
            Seen {
                slots_taken: None,
                ..SEEN
            },
            Seen {
                max_concurrency: None,
                ..SEEN
            },
            Seen {
                max_concurrency: Some(0),
                slots_taken: Some(0),
                ..SEEN
            },
            Seen {
                paused: true,
                ..SEEN
            },
            Seen {
                day_limit_reached: true,
                ..SEEN
            },
            Seen { moved: 1, ..SEEN },
            Seen {
                starts_per_second: 0.01,
                ..SEEN
            },
        ];
        for seen in moves {
            assert!(!seen.stands_still(), "{seen:?}");
        }
    }

    #[test]
    fn the_time_to_drain_is_that_of_the_present_rate() {
        let seen = Seen {
            backlog: 1_000,
            moved: 100,
            ..SEEN
        };
        assert_eq!(seen.drain_seconds(), Some(600));
        let long = Seen {
            duration: 120_000,
            ..seen
        };
        assert_eq!(long.drain_seconds(), Some(1_200));
        let closed = Seen {
            closed_backlog: 400,
            ..seen
        };
        assert_eq!(closed.drain_seconds(), Some(360));
        // Five at less than one a minute.
        assert_eq!(SEEN.drain_seconds(), Some(300));
        for waits in [
            Seen { backlog: 0, ..seen },
            Seen {
                closed_backlog: 1_000,
                ..seen
            },
            Seen {
                paused: true,
                ..seen
            },
            Seen {
                day_limit_reached: true,
                ..seen
            },
            Seen {
                max_concurrency: Some(0),
                ..seen
            },
            Seen {
                max_concurrency: None,
                ..SEEN
            },
        ] {
            assert_eq!(waits.drain_seconds(), None, "{waits:?}");
        }
    }

    #[test]
    fn slots_have_the_age_of_the_oldest() {
        let slot = |taken_at| Slot {
            layout: Layout::default(),
            lane: None,
            execution: "e".into(),
            taken_at,
            work: Work::Row(RowKey {
                pk: "p".into(),
                sk: "s".into(),
            }),
            ordered: false,
            state_machine_arn: "machine".into(),
            pending: false,
            generation: None,
        };
        assert_eq!(oldest_slot_seconds(&[], 90_000), 0);
        let slots = [slot(80_000), slot(29_500), slot(60_000)];
        assert_eq!(oldest_slot_seconds(&slots, 90_000), 60);
        // Of a clock that is ahead.
        assert_eq!(oldest_slot_seconds(&[slot(90_001)], 90_000), 0);
    }

    #[test]
    fn an_override_without_a_time_counts_as_old() {
        let since = |text| override_seconds(text, 90_000);
        assert_eq!(since(Some("1970-01-01T00:00:30Z")), 60);
        assert_eq!(since(Some("1970-01-01T00:01:30Z")), 1);
        assert_eq!(since(Some("1970-01-02T00:00:00Z")), 1);
        assert_eq!(since(Some("this morning")), UNKNOWN_AGE_SECONDS);
        assert_eq!(since(None), UNKNOWN_AGE_SECONDS);
    }
}
