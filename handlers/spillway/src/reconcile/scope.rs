//! Which objects a run looks at.

use crate::Millis;

const DAY: Millis = 24 * 60 * 60 * 1_000;

/// How much younger than the ledger's oldest rows an object must be: DynamoDB can delete a row as
/// soon as its time is over.
const MARGIN: Millis = DAY;

/// The times that bound a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    pub now: Millis,
    /// Younger objects' events can be on their way.
    pub min_age: Millis,
    /// How long the ledger keeps finished rows. It does not know older objects.
    pub retention: Millis,
    /// Objects last modified from then on.
    pub from: Option<Millis>,
    /// Objects last modified before then.
    pub to: Option<Millis>,
}

/// Why an object is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    Range,
    TooYoung,
    TooOld,
}

impl Scope {
    /// Returns why an object is left alone that was last modified then; `None`: it is looked at.
    pub fn leaves(&self, last_modified: Millis) -> Option<Outside> {
        let age = self.now - last_modified;
        if self.from.is_some_and(|from| last_modified < from)
            || self.to.is_some_and(|to| last_modified >= to)
        {
            Some(Outside::Range)
        } else if age < self.min_age {
            Some(Outside::TooYoung)
        } else if age > self.retention - MARGIN {
            Some(Outside::TooOld)
        } else {
            None
        }
    }
}

/// Returns days in milliseconds.
pub fn days(days: u32) -> Millis {
    Millis::from(days) * DAY
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCOPE: Scope = Scope {
        now: 100 * DAY,
        min_age: DAY,
        retention: 90 * DAY,
        from: None,
        to: None,
    };

    #[test]
    fn neither_the_young_nor_the_old_are_looked_at() {
        for (age, outside) in [
            (-DAY, Some(Outside::TooYoung)),
            (DAY - 1, Some(Outside::TooYoung)),
            (DAY, None),
            (89 * DAY, None),
            (89 * DAY + 1, Some(Outside::TooOld)),
        ] {
            assert_eq!(SCOPE.leaves(SCOPE.now - age), outside, "{age}");
        }
    }

    #[test]
    fn a_range_begins_with_its_first_moment_and_ends_before_its_last() {
        let scope = Scope {
            from: Some(50 * DAY),
            to: Some(60 * DAY),
            ..SCOPE
        };
        for (time, outside) in [
            (50 * DAY - 1, Some(Outside::Range)),
            (50 * DAY, None),
            (60 * DAY - 1, None),
            (60 * DAY, Some(Outside::Range)),
        ] {
            assert_eq!(scope.leaves(time), outside, "{time}");
        }
    }

    proptest! {
        #[test]
        fn what_is_looked_at_is_within_every_bound(
            time in 0i64..200 * DAY, from in proptest::option::of(0i64..200 * DAY), to in proptest::option::of(0i64..200 * DAY),
        ) {
            let scope = Scope { from, to, ..SCOPE };
            let age = SCOPE.now - time;
            let within = (DAY..=89 * DAY).contains(&age) && from.is_none_or(|from| time >= from) && to.is_none_or(|to| time < to);
            prop_assert_eq!(scope.leaves(time).is_none(), within);
        }
    }
}
