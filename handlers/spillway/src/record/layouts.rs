//! The layouts of slots that count, as the lease carries them from tick to tick.

use crate::Millis;
use crate::pace::Pace;
use crate::pace::layout::{Layout, Shard};

/// An old layout is looked at for so long at least after the lease named another one: puts in the
/// old one can land. Longer than a claim takes ([`crate::rules::sweep::CLAIM_LANDS_WITHIN`]).
pub const RETIRES_AFTER: Millis = 60_000;

/// Starts a second, and at once, while every put is checked against the old layout. One of the two
/// layouts is one partition, of 1,000 write units a second. A start takes two of them, or three
/// with its end. The end of an execution that ran before takes one.
const CHECKED_STARTS: u32 = 200;

/// The layouts in which slots can lie. Only `dispatch` changes them, and the lease carries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Layouts {
    /// In which slots are put.
    pub current: Layout,
    /// Since when the other one is old: slots can still lie in it. `None`: none does.
    pub old_since: Option<Millis>,
}

/// The lease's record of the layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Said {
    /// No tick has put a slot, or somebody has deleted the lease.
    #[default]
    Nothing,
    Layouts(Layouts),
    /// A tick of a release that knows one partition only ran since that was written.
    Outdated(Layouts),
}

impl Said {
    /// Returns the layouts as they were written last.
    pub fn layouts(self) -> Layouts {
        match self {
            Self::Nothing => Layouts::default(),
            Self::Layouts(layouts) | Self::Outdated(layouts) => layouts,
        }
    }

    /// Returns the layouts for a slot that is put without the lease.
    pub fn for_a_put(self, now: Millis) -> Layouts {
        Layouts::begin(self, self.layouts().current, now)
    }
}

impl Layouts {
    /// Begins a tick whose pace needs `wanted`.
    pub fn begin(said: Said, wanted: Layout, now: Millis) -> Self {
        let old_since = match said {
            // One look at the other layout tells whether slots lie there.
            Said::Nothing => Some(now - RETIRES_AFTER),
            // The last change has not come to its end, so slots lie in both.
            Said::Layouts(said) if said.current == wanted => said.old_since,
            Said::Outdated(said) if (said.current, wanted) == (Layout::One, Layout::One) => {
                said.old_since
            }
            Said::Layouts(_) | Said::Outdated(_) => Some(now),
        };
        Self {
            current: wanted,
            old_since,
        }
    }

    /// Returns whether the lease has to record the change before anything rests on it. Until then
    /// others put slots in the layout that is old now.
    pub fn change(self, said: Said) -> bool {
        match said {
            Said::Nothing => false,
            Said::Layouts(said) | Said::Outdated(said) => said != self,
        }
    }

    /// Returns whether every put in the old layout has landed by then.
    pub fn have_landed(self, at: Millis) -> bool {
        self.old_since
            .is_none_or(|since| at - since >= RETIRES_AFTER)
    }

    /// Returns the shards to look at, those of the current layout first.
    pub fn shards(self) -> Vec<Shard> {
        self.held().flat_map(Layout::shards).collect()
    }

    /// Returns the pace at which slots are put. `have_landed`: only those that the tick has found
    /// can lie in the old layout.
    pub fn slowed(self, pace: &Pace, have_landed: bool) -> Pace {
        let mut pace = pace.clone();
        if self.old().is_some() && !have_landed {
            pace.starts_per_second = pace.starts_per_second.min(CHECKED_STARTS.into());
            pace.burst = pace.burst.min(CHECKED_STARTS);
        }
        pace
    }

    /// Takes in how many slots lay in the old layout, counted strongly at a time. Without any, and
    /// none that can still land, it is not looked at any more.
    pub fn counted_old(&mut self, slots: usize, at: Millis) {
        if slots == 0 && self.have_landed(at) {
            self.old_since = None;
        }
    }

    /// Returns the layout in which some slots can still lie.
    pub fn old(self) -> Option<Layout> {
        self.old_since.map(|_| self.current.other())
    }

    /// Returns the layouts to look at, the current one first.
    pub fn held(self) -> impl Iterator<Item = Layout> {
        std::iter::once(self.current).chain(self.old())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::tests::PACE;

    const BOTH: [Layout; 2] = [Layout::Sixteen, Layout::One];

    fn layouts(current: Layout, old_since: impl Into<Option<Millis>>) -> Layouts {
        let old_since = old_since.into();
        Layouts { current, old_since }
    }

    #[test]
    fn an_old_layout_is_left_once_nothing_can_lie_in_it() {
        let one = layouts(Layout::One, None);
        let mut changed = Layouts::begin(Said::Layouts(one), Layout::Sixteen, 100);
        assert_eq!(changed.held().collect::<Vec<_>>(), BOTH);
        changed.counted_old(0, 100 + RETIRES_AFTER - 1);
        changed.counted_old(1, 100 + RETIRES_AFTER);
        assert_eq!(changed.held().collect::<Vec<_>>(), BOTH);
        // And back, before the first change has come to its end.
        let back = Layouts::begin(Said::Layouts(changed), Layout::One, 200);
        assert_eq!(back, layouts(Layout::One, 200));
        changed.counted_old(0, 100 + RETIRES_AFTER);
        assert_eq!(changed, layouts(Layout::Sixteen, None));
    }

    #[test]
    fn a_change_goes_into_the_lease_before_anything_rests_on_it() {
        let one = layouts(Layout::One, None);
        for (said, wanted, change) in [
            (Said::Nothing, Layout::Sixteen, false),
            (Said::Layouts(one), Layout::One, false),
            (Said::Layouts(one), Layout::Sixteen, true),
            (Said::Outdated(one), Layout::One, false),
            (Said::Outdated(one), Layout::Sixteen, true),
        ] {
            let begun = Layouts::begin(said, wanted, 100);
            assert_eq!(begun.change(said), change, "{said:?} {wanted:?}");
        }
    }

    #[test]
    fn without_a_lease_both_are_looked_at_once() {
        let mut begun = Layouts::begin(Said::Nothing, Layout::One, 100);
        assert_eq!(begun.old(), Some(Layout::Sixteen));
        begun.counted_old(0, 100);
        assert_eq!(begun, layouts(Layout::One, None));
    }

    #[test]
    fn puts_are_slow_while_each_is_checked() {
        let fast = Pace {
            starts_per_second: 300.0,
            burst: 500,
            ..PACE
        };
        let slow = Pace {
            starts_per_second: 200.0,
            burst: 200,
            ..PACE
        };
        let changed = layouts(Layout::Sixteen, 100);
        assert_eq!(changed.slowed(&fast, false), slow);
        assert_eq!(changed.slowed(&PACE, false), PACE);
        assert_eq!(changed.slowed(&fast, true), fast);
        assert_eq!(layouts(Layout::Sixteen, None).slowed(&fast, false), fast);
    }

    /// A release that knows one partition only has put its slots there, and says nothing of it.
    #[test]
    fn after_a_tick_of_an_earlier_release_both_are_looked_at() {
        let sixteen = Said::Outdated(layouts(Layout::Sixteen, None));
        let begun = Layouts::begin(sixteen, Layout::Sixteen, 100);
        assert_eq!(begun, layouts(Layout::Sixteen, 100));
        assert!(begun.change(sixteen) && !begun.have_landed(100));
        assert_eq!(sixteen.for_a_put(100), begun);
        let one = Said::Outdated(layouts(Layout::One, 50));
        assert_eq!(
            Layouts::begin(one, Layout::One, 100),
            layouts(Layout::One, 50)
        );
    }
}
