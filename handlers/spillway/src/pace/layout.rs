//! How slots are spread over partitions of the ledger: one, or sixteen shards.
//!
//! A partition takes 1,000 writes and gives 3,000 read units a second, and a slot is written twice.
//! One partition is cheaper to count: sixteen cost sixteen read units, however few slots there are.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html>

use std::num::ParseIntError;
use std::str::FromStr;

use thiserror::Error;

/// Shards of [`Layout::Sixteen`].
const SHARDS: u8 = 16;
/// The partition key of [`Layout::One`], and the prefix of those of [`Layout::Sixteen`]. An event's
/// row lies at `<bucket>/<key>`, and no bucket's name has one character.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const ONE: &str = "slots";
const OF_SIXTEEN: &str = "s/";

/// How slots are spread over partitions of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum Layout {
    #[default]
    One,
    Sixteen,
}

impl Layout {
    pub const ALL: [Self; 2] = [Self::One, Self::Sixteen];

    /// Returns the most starts a second, of which each writes a slot twice.
    pub fn max_starts_per_second(self) -> f64 {
        match self {
            Self::One => 400.0,
            Self::Sixteen => 4_000.0,
        }
    }

    /// Returns the most slots: each tick reads all of them, and 1,000 take 66 read units.
    pub fn max_slots(self) -> u32 {
        match self {
            Self::One => 10_000,
            Self::Sixteen => 100_000,
        }
    }

    pub fn other(self) -> Self {
        match self {
            Self::One => Self::Sixteen,
            Self::Sixteen => Self::One,
        }
    }

    /// Returns the shards, each a partition of the ledger.
    pub fn shards(self) -> impl Iterator<Item = Shard> {
        let shards = match self {
            Self::One => 1,
            Self::Sixteen => SHARDS,
        };
        (0..shards).map(move |number| Shard {
            layout: self,
            number,
        })
    }

    /// Returns the shard of an execution's slot.
    pub fn shard_of(self, execution: &str) -> Shard {
        let number = match self {
            Self::One => 0,
            Self::Sixteen => (fnv(execution) % u64::from(SHARDS)) as u8,
        };
        Shard {
            layout: self,
            number,
        }
    }

    /// Returns the layout as the ledger spells it: its number of partitions.
    pub fn partitions(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Sixteen => SHARDS,
        }
    }

    pub fn parse(partitions: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.partitions() == partitions)
    }
}

/// A number of partitions that slots are never spread over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    #[error("{0}")]
    Number(#[from] ParseIntError),
    #[error("slots lie in 1 partition or in 16")]
    Partitions,
}

impl FromStr for Layout {
    type Err = LayoutError;

    fn from_str(partitions: &str) -> Result<Self, LayoutError> {
        Self::parse(partitions.parse()?).ok_or(LayoutError::Partitions)
    }
}

/// Returns a hash by FNV-1a: the same in every release, and even.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// One partition of the ledger for slots. The default is the partition of [`Layout::One`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Shard {
    layout: Layout,
    number: u8,
}

impl Shard {
    /// How many shards all layouts have.
    pub const COUNT: usize = 1 + SHARDS as usize;

    /// Returns its place among those of all layouts, below [`Shard::COUNT`].
    pub fn index(self) -> usize {
        match self.layout {
            Layout::One => 0,
            Layout::Sixteen => 1 + usize::from(self.number),
        }
    }

    pub fn layout(self) -> Layout {
        self.layout
    }

    /// Reads a partition key. `None`: it is no partition of slots.
    pub fn parse(key: &str) -> Option<Self> {
        if key == ONE {
            return Some(Self::default());
        }
        let number = match key.strip_prefix(OF_SIXTEEN)?.as_bytes() {
            [digit @ b'0'..=b'9'] => digit - b'0',
            [digit @ b'a'..=b'f'] => digit - b'a' + 10,
            _ => return None,
        };
        Some(Self {
            layout: Layout::Sixteen,
            number,
        })
    }

    /// Returns its place among those of its layout, from 0 on.
    pub fn number(self) -> u8 {
        self.number
    }

    /// Returns its partition key.
    pub fn key(self) -> String {
        match self.layout {
            Layout::One => ONE.to_owned(),
            Layout::Sixteen => format!("{OF_SIXTEEN}{:x}", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn there_are_one_partition_and_sixteen_and_nothing_else() {
        assert_eq!("1".parse(), Ok(Layout::One));
        assert_eq!("16".parse(), Ok(Layout::Sixteen));
        for wrong in ["0", "2", "15", "-1", "1000", "one", ""] {
            assert!(wrong.parse::<Layout>().is_err(), "{wrong:?}");
        }
        let indexes = Layout::ALL.into_iter().flat_map(Layout::shards);
        let indexes: Vec<usize> = indexes.map(Shard::index).collect();
        assert_eq!(indexes, (0..Shard::COUNT).collect::<Vec<_>>());
        let keys = Layout::ALL.into_iter().flat_map(Layout::shards);
        assert!(
            keys.into_iter()
                .all(|shard| Shard::parse(&shard.key()) == Some(shard))
        );
        for other in ["s/", "s/g", "s/A", "s/10", "slots/0", "s", "slots/", ""] {
            assert_eq!(Shard::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn executions_are_spread_evenly_and_each_stays_where_it_is() {
        let mut counts = BTreeMap::new();
        for number in 0..16_000 {
            let execution = format!("status-{number}-0123456789abcdef-1");
            let shard = Layout::Sixteen.shard_of(&execution);
            assert_eq!(shard, Layout::Sixteen.shard_of(&execution));
            *counts.entry(shard.key()).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 16);
        assert!(
            counts.values().all(|count| (850..1_150).contains(count)),
            "{counts:?}"
        );
        assert_eq!(counts.keys().next().map(String::as_str), Some("s/0"));
        // Slots of one release are looked for by the next.
        assert_eq!(Layout::Sixteen.shard_of("a").number(), 12);
        assert_eq!(Layout::One.shard_of("a").key(), "slots");
    }
}
