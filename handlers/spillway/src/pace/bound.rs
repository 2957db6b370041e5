//! Bounds of lanes: how many executions of each run at once.

use std::collections::BTreeMap;

/// How many executions of a lane run at once, at most. `None`: as many as of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub lane: String,
    pub max: Option<u32>,
}

/// Bounds by the lane's name, to override others.
pub type Bounds = BTreeMap<String, u32>;

/// Bytes of a lane's name, at most: the module allows no more.
const NAME_BYTES: usize = 16;

const PREFIX: &str = "lanes.";
const SUFFIX: &str = ".max_concurrency";

/// Returns the name of the override that bounds a lane, the same as in Terraform.
pub fn named(lane: &str) -> String {
    format!("{PREFIX}{lane}{SUFFIX}")
}

/// Returns the lane of such an override; `None`: it is none.
pub fn lane_of(name: &str) -> Option<&str> {
    let lane = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = (1..=NAME_BYTES).contains(&lane.len()) && lane.bytes().all(plain);
    is_name.then_some(lane)
}

/// Returns the bounds of these lanes, as configured, or as the later of `over` say.
pub fn in_force(configured: &[Bound], over: [Option<&Bounds>; 2]) -> Vec<Bound> {
    let bound = |Bound { lane, max }: &Bound| {
        let said = |bounds: &Bounds| bounds.get(lane).copied();
        let said = over.iter().rev().flatten().find_map(|bounds| said(bounds));
        Bound {
            lane: lane.clone(),
            max: said.or(*max),
        }
    };
    configured.iter().map(bound).collect()
}

/// Slots by the lane that they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByLane {
    named: BTreeMap<String, u32>,
    /// Those that name none.
    others: u32,
}

impl ByLane {
    /// Counts so many more slots of this lane. `None`: they name none.
    pub fn add(&mut self, lane: Option<&str>, slots: u32) {
        match lane {
            None => self.others += slots,
            Some(lane) => match self.named.get_mut(lane) {
                Some(named) => *named += slots,
                None => {
                    self.named.insert(lane.to_owned(), slots);
                }
            },
        }
    }

    pub fn add_all(&mut self, other: &Self) {
        self.others += other.others;
        for (lane, slots) in &other.named {
            *self.named.entry(lane.clone()).or_default() += slots;
        }
    }

    pub fn all(&self) -> u32 {
        self.others + self.named.values().sum::<u32>()
    }

    /// Returns how many count for each of these lanes. A slot that names none of them can be of
    /// any, so it counts for each.
    pub fn of(&self, lanes: &[&str]) -> Vec<u32> {
        let of = |lane: &&str| self.named.get(*lane).copied().unwrap_or_default();
        let of_known: u32 = lanes.iter().map(of).sum();
        let of_any = self.all() - of_known;
        lanes.iter().map(|lane| of(lane) + of_any).collect()
    }
}

impl<'a> FromIterator<Option<&'a str>> for ByLane {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(lanes: I) -> Self {
        let mut slots = Self::default();
        lanes.into_iter().for_each(|lane| slots.add(lane, 1));
        slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_has_the_name_that_it_has_in_terraform() {
        assert_eq!(named("bulk"), "lanes.bulk.max_concurrency");
        assert_eq!(lane_of(&named("bulk")), Some("bulk"));
        for wrong in [
            "max_concurrency",
            "lanes..max_concurrency",
            "lanes.max_concurrency",
            "lanes.bulk.min_share",
            "lanes.a.b.max_concurrency",
            "lanes.12345678901234567.max_concurrency",
            "Lanes.bulk.max_concurrency",
        ] {
            assert_eq!(lane_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_later_word_counts() {
        let lane = |lane: &str, max| Bound {
            lane: lane.into(),
            max,
        };
        let lanes = [lane("a", Some(1)), lane("b", None), lane("c", Some(3))];
        let window = Bounds::from([("a".to_owned(), 10), ("b".to_owned(), 20)]);
        let operator = Bounds::from([("a".to_owned(), 100)]);
        let max = |over| -> Vec<Option<u32>> {
            let bounds = in_force(&lanes, over);
            bounds.iter().map(|bound| bound.max).collect()
        };
        assert_eq!(max([None, None]), [Some(1), None, Some(3)]);
        assert_eq!(max([Some(&window), None]), [Some(10), Some(20), Some(3)]);
        let both = max([Some(&window), Some(&operator)]);
        assert_eq!(both, [Some(100), Some(20), Some(3)]);
    }

    #[test]
    fn a_slot_that_names_no_known_lane_counts_for_each() {
        let names = [
            Some("bulk"),
            None,
            Some("gone"),
            Some("bulk"),
            Some("urgent"),
        ];
        let mut slots: ByLane = names.into_iter().collect();
        assert_eq!(slots.all(), 5);
        assert_eq!(slots.of(&["urgent", "bulk"]), [3, 4]);
        assert_eq!(slots.of(&[]), [0; 0]);
        let one: ByLane = [Some("urgent")].into_iter().collect();
        slots.add_all(&one);
        assert_eq!(slots.of(&["urgent", "bulk"]), [4, 4]);
    }
}
