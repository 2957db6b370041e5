//! The layouts of slots that count, as the lease carries them from tick to tick.

use crate::Millis;
use crate::pace::layout::{Layout, Shard};

/// An old layout is looked at for so long at least after the pace asked for another one: puts under
/// the old one can land. Twice as long as a claim takes ([`crate::rules::sweep::CLAIM_LANDS_WITHIN`]).
pub const RETIRES_AFTER: Millis = 60_000;

/// The layouts by which slots can lie. Only `dispatch` changes them, and the lease carries them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Layouts {
    /// By which slots are put.
    pub current: Layout,
    /// Since when the other one is old: slots can still lie by it. `None`: none does.
    pub old_since: Option<Millis>,
}

impl Layouts {
    /// Begins a tick whose pace needs `wanted`. `None` in the lease: there was no tick before, and
    /// so no slot.
    pub fn begin(left: Option<Self>, wanted: Layout, now: Millis) -> Self {
        match left {
            None => Self {
                current: wanted,
                old_since: None,
            },
            Some(left) if left.current == wanted => left,
            // Where the last change has not come to its end, slots lie by both all the same.
            Some(_) => Self {
                current: wanted,
                old_since: Some(now),
            },
        }
    }

    /// Returns the shards to look at, those of the current layout first.
    pub fn shards(self) -> Vec<Shard> {
        self.held().flat_map(Layout::shards).collect()
    }

    /// Takes in how many slots lay by the old layout, counted strongly at a time. Without any, and
    /// none that can still land, it is not looked at any more.
    pub fn counted_old(&mut self, slots: usize, at: Millis) {
        let retires = |since: Millis| slots == 0 && at - since >= RETIRES_AFTER;
        self.old_since = self.old_since.filter(|since| !retires(*since));
    }

    /// Returns the layout by which some slots can still lie.
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

    #[test]
    fn an_old_layout_is_left_once_nothing_can_lie_by_it() {
        let mut layouts = Layouts::begin(None, Layout::One, 0);
        assert_eq!(layouts.held().collect::<Vec<_>>(), [Layout::One]);
        layouts = Layouts::begin(Some(layouts), Layout::Sixteen, 100);
        let both = [Layout::Sixteen, Layout::One];
        assert_eq!(layouts.held().collect::<Vec<_>>(), both);
        layouts.counted_old(0, 100 + RETIRES_AFTER - 1);
        layouts.counted_old(1, 100 + RETIRES_AFTER);
        assert_eq!(layouts.held().collect::<Vec<_>>(), both);
        // And back, before the first change has come to its end.
        let back = Layouts::begin(Some(layouts), Layout::One, 200);
        assert_eq!(
            back.held().collect::<Vec<_>>(),
            [Layout::One, Layout::Sixteen]
        );
        layouts.counted_old(0, 100 + RETIRES_AFTER);
        assert_eq!(layouts.held().collect::<Vec<_>>(), [Layout::Sixteen]);
    }
}
