//! Which objects are being looked at in a tick.

use std::collections::HashMap;

/// The objects whose claims are under way in a tick.
///
/// Two events of one row exclude each other by the conditions of their claims. A version that reconcile found and an event
/// of it have two rows, and each is claimed only if the other is not: so they must not be looked at at the same time.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    /// By partition key: how many events that S3 reported, or `None` for a found version.
    objects: HashMap<String, Option<u32>>,
}

impl UnderWay {
    /// `false`: it must not be looked at now.
    pub(crate) fn enter(&mut self, pk: &str, found: bool) -> bool {
        match (self.objects.get_mut(pk), found) {
            (None, true) => self.objects.insert(pk.to_owned(), None).is_none(),
            (None, false) => self.objects.insert(pk.to_owned(), Some(1)).is_none(),
            (Some(Some(reported)), false) => {
                *reported += 1;
                true
            }
            (Some(_), _) => false,
        }
    }

    pub(crate) fn leave(&mut self, pk: &str) {
        match self.objects.get_mut(pk) {
            Some(Some(reported)) if *reported > 1 => *reported -= 1,
            _ => {
                self.objects.remove(pk);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_looked_at_alone() {
        let mut under_way = UnderWay::default();
        assert!(under_way.enter("a", false) && under_way.enter("a", false));
        assert!(!under_way.enter("a", true));
        assert!(under_way.enter("b", true));
        assert!(!under_way.enter("b", true) && !under_way.enter("b", false));
        under_way.leave("a");
        assert!(!under_way.enter("a", true));
        under_way.leave("a");
        assert!(under_way.enter("a", true));
        under_way.leave("b");
        assert!(under_way.enter("b", false));
    }
}
