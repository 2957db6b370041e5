//! The units that a partition gives a second: 1,000 write units and 3,000 read units, if a test
//! asks for that. Here every partition key is a partition of its own, as a hot one becomes in AWS.
//! A second's worth can come at once.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>

use std::collections::HashMap;

/// Units of a partition a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartitionLimits {
    pub writes: f64,
    pub reads: f64,
}

impl PartitionLimits {
    /// AWS's.
    pub const AWS: Self = Self {
        writes: 1_000.0,
        reads: 3_000.0,
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Write,
    Read,
}

/// How many partitions are kept before those that rest are forgotten.
const KEPT: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Partitions {
    limits: Option<PartitionLimits>,
    /// Units that are left, and when.
    left: HashMap<(Kind, String), (f64, i64)>,
    throttled: u64,
}

impl Partitions {
    pub(super) fn limit(&mut self, limits: Option<PartitionLimits>) {
        self.limits = limits;
        self.left.clear();
    }

    /// Returns the requests and entries that were refused.
    pub(super) fn throttled(&self) -> u64 {
        self.throttled
    }

    /// Takes units of a partition, unless it has none left.
    pub(super) fn take(&mut self, kind: Kind, pk: &str, units: f64, now_ms: i64) -> bool {
        let admitted = self.left(kind, pk, now_ms).is_none_or(|left| {
            let admitted = *left > 0.0;
            *left -= if admitted { units } else { 0.0 };
            admitted
        });
        self.throttled += u64::from(!admitted);
        admitted
    }

    /// Takes units that an answered request turned out to need. The partition owes units that it
    /// does not have.
    pub(super) fn owe(&mut self, kind: Kind, pk: &str, units: f64, now_ms: i64) {
        if let Some(left) = self.left(kind, pk, now_ms) {
            *left -= units;
        }
    }

    /// Returns the units that a partition has left by now. `None`: there are no limits.
    fn left(&mut self, kind: Kind, pk: &str, now_ms: i64) -> Option<&mut f64> {
        let limits = self.limits?;
        let limit = |kind| match kind {
            Kind::Write => limits.writes,
            Kind::Read => limits.reads,
        };
        let refilled = |kind, (left, at): (f64, i64)| {
            let since = (now_ms - at) as f64 / 1_000.0;
            (left + since * limit(kind)).min(limit(kind))
        };
        if self.left.len() > KEPT {
            self.left
                .retain(|(kind, _), left| refilled(*kind, *left) < limit(*kind));
        }
        let all = (limit(kind), now_ms);
        let of_partition = self.left.entry((kind, pk.to_owned())).or_insert(all);
        *of_partition = (refilled(kind, *of_partition), now_ms);
        Some(&mut of_partition.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_gives_its_units_a_second_and_others_give_theirs() {
        let mut partitions = Partitions::default();
        assert!((0..5_000).all(|_| partitions.take(Kind::Write, "slots", 1.0, 0)));
        partitions.limit(Some(PartitionLimits::AWS));
        let mut written = |pk: &str, now_ms| {
            let taken = (0..5_000).filter(|_| partitions.take(Kind::Write, pk, 1.0, now_ms));
            taken.count()
        };
        assert_eq!(written("s/0", 0), 1_000);
        assert_eq!(written("s/1", 0), 1_000);
        assert_eq!(written("s/0", 100), 100);
        assert_eq!(written("s/0", 60_000), 1_000);
    }

    /// A query is answered for any size that it turns out to read, and the next ones pay for it.
    #[test]
    fn what_a_read_took_is_owed() {
        let mut partitions = Partitions::default();
        partitions.limit(Some(PartitionLimits::AWS));
        assert!(partitions.take(Kind::Read, "s/0", 1.0, 0));
        partitions.owe(Kind::Read, "s/0", 5_999.0, 0);
        assert_eq!(partitions.throttled(), 0);
        assert!(!partitions.take(Kind::Read, "s/0", 1.0, 900));
        assert_eq!(partitions.throttled(), 1);
        assert!(partitions.take(Kind::Read, "s/0", 1.0, 1_100));
        assert!(partitions.take(Kind::Read, "s/1", 1.0, 0));
    }
}
