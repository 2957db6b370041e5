//! Holding the lease: it is short, so that a tick that dies is soon followed, and renewed as long
//! as the tick goes on. A tick that cannot renew it grants nothing more in time, and its calls have
//! ended when the lease does. One that waits for events hands it over to the next tick, which
//! announces itself.

use std::str::FromStr;

use super::patience::CALL_WITHIN;
use crate::Millis;
use crate::record::lease::Successor;

/// How long a lease lasts from when it is taken or renewed.
pub const LEASE: Millis = 45_000;
/// How long after a renewal the next one comes.
pub const RENEW_AFTER: Millis = 10_000;
/// How soon a renewal that failed is tried again.
const RENEW_AGAIN_AFTER: Millis = 1_000;
/// The lease outlives the invocation by this much at most, for clocks that differ and for a last
/// write under way.
pub const BEYOND_DEADLINE: Millis = 5_000;
/// No start is granted with less left: a start needs four calls, and a call takes ten seconds at
/// most.
const GRANT_MARGIN: Millis = 23_000;
/// Nothing is received with less left, so that everything under way can end.
const RECEIVE_MARGIN: Millis = 18_000;
/// No call begins with less left: it has ended when the lease does.
const CALL_MARGIN: Millis = CALL_WITHIN + 1_000;

/// How long a tick waits for a lease that another one holds, when the schedule comes early.
const PATIENCE: Millis = 4_000;
/// The same for one that has announced itself: as long as the lease of a tick that died can last.
const ANNOUNCED_PATIENCE: Millis = LEASE + 5_000;
/// How soon a lease that is held is asked for again.
const ASK_AGAIN_AFTER: Millis = 1_000;
/// The same after an announcement. Each time costs a write unit, and a shorter pause leaves a
/// shorter gap between two ticks.
const ANNOUNCED_ASK_AGAIN_AFTER: Millis = 500;

/// How soon a tick that waits for the lease says so again.
const ANNOUNCE_AGAIN_AFTER: Millis = 3_000;
/// A tick that has not said so for this long waits no more: it died. Clocks differ by less.
const ANNOUNCED_FOR: Millis = 10_000;

/// The behaviour of a tick when no event waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Idle {
    /// It ends.
    #[default]
    Stop,
    /// It waits for events until the next tick takes over.
    Wait,
}

impl FromStr for Idle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "stop" => Ok(Self::Stop),
            "wait" => Ok(Self::Wait),
            _ => Err(format!("{text:?} is neither stop nor wait")),
        }
    }
}

impl Idle {
    /// Returns how long a busy lease is waited for.
    pub fn patience(self) -> Millis {
        match self {
            Self::Stop => PATIENCE,
            Self::Wait => ANNOUNCED_PATIENCE,
        }
    }

    /// Returns how soon a busy lease is asked for again.
    pub fn ask_again_after(self) -> Millis {
        match self {
            Self::Stop => ASK_AGAIN_AFTER,
            Self::Wait => ANNOUNCED_ASK_AGAIN_AFTER,
        }
    }

    /// Returns whether a tick that waits for the lease is to say so, given the time at which it did
    /// last.
    pub fn announces(self, last: Option<Millis>, now: Millis) -> bool {
        self == Self::Wait && last.is_none_or(|last| now - last >= ANNOUNCE_AGAIN_AFTER)
    }

    /// Returns whether a tick hands its lease over to a successor that is still waiting for it. The
    /// tick holds the lease by this name since this time.
    pub fn hands_over(
        self,
        (holder, held_since): (&str, Millis),
        successor: Option<&Successor>,
        now: Millis,
    ) -> bool {
        let waits =
            |it: &Successor| it.announced_at >= held_since && now - it.announced_at < ANNOUNCED_FOR;
        let other = successor.filter(|it| it.holder != holder);
        self == Self::Wait && other.is_some_and(waits)
    }
}

/// A lease that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    until: Millis,
    /// It lasts no longer than this.
    longest: Millis,
    renew_at: Millis,
}

impl Holding {
    /// Takes a lease. `deadline`: when Lambda ends the invocation.
    pub fn new(now: Millis, deadline: Millis) -> Self {
        let longest = deadline.saturating_add(BEYOND_DEADLINE);
        Self {
            until: (now + LEASE).min(longest),
            longest,
            renew_at: now + RENEW_AFTER,
        }
    }

    /// Returns when the lease expires.
    pub fn until(&self) -> Millis {
        self.until
    }

    /// Returns until when starts are granted.
    pub fn grants_until(&self) -> Millis {
        // The last lease of an invocation is not renewed: its deadline ends all calls.
        match self.until == self.longest {
            true => self.receives_until(),
            false => self.until - GRANT_MARGIN,
        }
    }

    fn receives_until(&self) -> Millis {
        self.until - RECEIVE_MARGIN
    }

    /// Returns whether nothing more is to be received, so that everything under way can end.
    pub fn ends_soon(&self, now: Millis) -> bool {
        now >= self.receives_until()
    }

    /// Returns when the last call must have ended.
    pub fn calls_until(&self) -> Millis {
        self.until - CALL_MARGIN
    }

    /// Returns when the lease is to be renewed; `None`: it lasts as long as it can.
    pub fn renew_at(&self) -> Option<Millis> {
        (self.until < self.longest).then_some(self.renew_at)
    }

    /// Returns until when a lease lasts that is renewed now.
    pub fn next(&self, now: Millis) -> Millis {
        (now + LEASE).min(self.longest)
    }

    /// Records that the lease was renewed at a time, and lasts until then.
    pub fn renewed(&mut self, at: Millis, until: Millis) {
        self.until = self.until.max(until);
        self.renew_at = at + RENEW_AFTER;
    }

    /// Records that the lease could not be renewed.
    pub fn not_renewed(&mut self, now: Millis) {
        self.renew_at = now + RENEW_AGAIN_AFTER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_until_the_deadline() {
        let mut holding = Holding::new(0, 100_000);
        let mut renewals = Vec::new();
        while let Some(at) = holding.renew_at() {
            renewals.push(at);
            let until = holding.next(at);
            holding.renewed(at, until);
        }
        assert_eq!(renewals, [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
        assert_eq!(holding.until(), 105_000);
        assert!(!holding.ends_soon(86_999) && holding.ends_soon(87_000));
        assert_eq!(holding.calls_until(), 94_000);
    }

    #[test]
    fn one_that_is_not_renewed_grants_nothing_in_time() {
        let mut holding = Holding::new(0, 100_000);
        holding.not_renewed(10_500);
        assert_eq!(holding.renew_at(), Some(11_500));
        assert_eq!(holding.until(), 45_000);
        assert_eq!(holding.grants_until(), 22_000);
        assert!(!holding.ends_soon(26_999) && holding.ends_soon(27_000));
        assert_eq!(holding.calls_until(), 34_000);
        // An answer that comes late.
        holding.renewed(20_000, 40_000);
        assert_eq!(holding.until(), 45_000);
    }

    #[test]
    fn a_tick_hands_over_to_another_that_still_waits() {
        let successor = |holder: &str| Successor {
            holder: holder.into(),
            announced_at: 1_000,
        };
        let hands_over = |idle: Idle, holder: &str, now| {
            idle.hands_over(("own", 900), Some(&successor(holder)), now)
        };
        assert!(hands_over(Idle::Wait, "next", 1_500));
        assert!(!hands_over(Idle::Wait, "own", 1_500));
        assert!(!hands_over(Idle::Stop, "next", 1_500));
        assert!(!hands_over(Idle::Wait, "next", 1_000 + ANNOUNCED_FOR));
        assert!(!Idle::Wait.hands_over(("own", 900), None, 0));
        // It waited for the lease before this tick had it, and says so again if it still does.
        let before = Idle::Wait.hands_over(("own", 1_001), Some(&successor("next")), 1_500);
        assert!(!before);
    }

    #[test]
    fn a_tick_announces_itself_as_long_as_it_waits() {
        assert!(!Idle::Stop.announces(None, 0));
        assert!(Idle::Wait.announces(None, 0));
        assert!(!Idle::Wait.announces(Some(0), ANNOUNCE_AGAIN_AFTER - 1));
        assert!(Idle::Wait.announces(Some(0), ANNOUNCE_AGAIN_AFTER));
        const { assert!(2 * ANNOUNCE_AGAIN_AFTER < ANNOUNCED_FOR) };
    }

    #[test]
    fn a_successor_waits_for_longer_than_the_lease_of_a_dead_tick_lasts() {
        const { assert!(ANNOUNCED_PATIENCE > LEASE) };
    }

    #[test]
    fn a_short_tick_renews_nothing() {
        let holding = Holding::new(0, 30_000);
        assert_eq!((holding.until(), holding.renew_at()), (35_000, None));
        assert_eq!(holding.grants_until(), 17_000);
    }
}
