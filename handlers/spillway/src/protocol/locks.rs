//! The objects that a tick processes, in a pipeline in which reconcile has found versions without a
//! version id.

use std::collections::HashMap;

use super::candidate::Candidate;
use crate::record::row::RowKey;

/// The objects whose claims are under way in a tick.
///
/// Two events of one row exclude each other by the conditions of their claims. A version that
/// reconcile found and an event of it have two rows. Each is claimed only if the other is not, so
/// they must not be looked at at the same time.
#[derive(Debug, Default)]
pub struct Locks {
    /// By partition key: how many events that S3 reported, or `None` for a found version.
    objects: HashMap<String, Option<u32>>,
    /// Reconcile has found such versions: without them there is nothing to lock.
    listed: bool,
}

/// Messages, by whether their objects can be looked at.
#[derive(Debug, Default)]
pub struct Admitted {
    pub free: Vec<Candidate>,
    /// Their objects are at work.
    pub busy: Vec<Candidate>,
    /// The objects that are locked for those that are free.
    pub locked: Vec<String>,
}

impl Locks {
    pub fn new(listed: bool) -> Self {
        Self {
            listed,
            ..Self::default()
        }
    }

    /// Sorts messages by whether their objects are at work, and locks the objects of those that go
    /// on.
    pub fn admit(&mut self, candidates: Vec<Candidate>) -> Admitted {
        let mut admitted = Admitted::default();
        if !self.listed {
            admitted.free = candidates;
            return admitted;
        }
        for candidate in candidates {
            let pk = RowKey::of(&candidate.event).pk;
            if self.enter(&pk, candidate.event.is_found()) {
                admitted.locked.push(pk);
                admitted.free.push(candidate);
            } else {
                admitted.busy.push(candidate);
            }
        }
        admitted
    }

    /// `false`: it must not be looked at now.
    fn enter(&mut self, pk: &str, found: bool) -> bool {
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

    /// Lets other messages process the object.
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
