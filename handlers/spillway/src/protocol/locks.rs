//! Which objects a tick is at work on, in a pipeline in which reconcile has found versions without a version id.

use std::collections::HashMap;

/// The objects whose claims are under way in a tick.
///
/// Two events of one row exclude each other by the conditions of their claims. A version that reconcile found and an event
/// of it have two rows, and each is claimed only if the other is not: so they must not be looked at at the same time.
#[derive(Debug, Default)]
pub struct Locks {
    /// By partition key: how many events that S3 reported, or `None` for a found version.
    objects: HashMap<String, Option<u32>>,
}

impl Locks {
    /// `false`: it must not be looked at now.
    pub fn enter(&mut self, pk: &str, found: bool) -> bool {
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

    pub fn leave(&mut self, pk: &str) {
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
        let mut locks = Locks::default();
        assert!(locks.enter("a", false) && locks.enter("a", false));
        assert!(!locks.enter("a", true));
        assert!(locks.enter("b", true));
        assert!(!locks.enter("b", true) && !locks.enter("b", false));
        locks.leave("a");
        assert!(!locks.enter("a", true));
        locks.leave("a");
        assert!(locks.enter("a", true));
        locks.leave("b");
        assert!(locks.enter("b", false));
    }
}
