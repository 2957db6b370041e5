//! The control item: an operator's overrides of the pace, or a pause.

use std::collections::BTreeMap;

use crate::Millis;
use crate::pace::Partial;
use crate::pace::adapt::circuit::Hold;
use crate::pace::bound::{self, Bounds};
use crate::text::cut;

/// The attributes that override something, beside those of [`bound::named`].
pub const OVERRIDES: [&str; 6] = [
    "paused",
    "circuit",
    "max_concurrency",
    "starts_per_second",
    "burst",
    "starts_per_tick",
];

/// The attributes that mean something, beside the item's key.
pub const ATTRIBUTES: [&str; 10] = [
    "paused",
    "circuit",
    "max_concurrency",
    "starts_per_second",
    "burst",
    "starts_per_tick",
    "since",
    "note",
    "about",
    "revision",
];

/// Bytes of an unknown name that an error shows, and how many names.
const NAME_BYTES: usize = 40;
const NAMES: usize = 5;

/// The control item's content. Numbers that it does not name stay as configured, or as in the
/// window in force.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Control {
    /// An operator's word wins: `false` goes on although a window pauses. `None`: nothing was said.
    pub paused: Option<bool>,
    /// The circuit is held, and executions do not move it. `None`: they move it.
    pub circuit: Option<Hold>,
    pub pace: Partial,
    /// By the lane's name.
    pub lanes: Bounds,
    /// The time of the item's last change, in the operator's own words. For the log alone.
    pub since: Option<String>,
    /// Why, in the operator's own words. For the log alone.
    pub note: Option<String>,
    /// When an override ends by itself, by the override's name. One without a time holds until
    /// somebody removes it.
    pub until: BTreeMap<String, Millis>,
}

impl Control {
    /// Returns the item at `now`: the overrides without those that have ended.
    pub fn at(&self, now: Millis) -> Self {
        let ended = |name: &str| self.until.get(name).is_some_and(|until| *until <= now);
        let mut left = self.clone();
        left.until.retain(|name, _| !ended(name));
        if ended("paused") {
            left.paused = None;
        }
        if ended("circuit") {
            left.circuit = None;
        }
        left.lanes.retain(|lane, _| !ended(&bound::named(lane)));
        let pace = &mut left.pace;
        if ended("max_concurrency") {
            pace.max_concurrency = None;
        }
        if ended("starts_per_second") {
            pace.starts_per_second = None;
        }
        if ended("burst") {
            pace.burst = None;
        }
        if ended("starts_per_tick") {
            pace.starts_per_tick = None;
        }
        left
    }
}

/// Returns whether an attribute of this name overrides something.
pub fn is_override(name: &str) -> bool {
    OVERRIDES.contains(&name) || bound::lane_of(name).is_some()
}

/// Returns the fault in the item's attributes, if any: a misspelt one would lift the limit that its
/// author meant to set.
pub fn unknown<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut unknown: Vec<&str> = names
        .filter(|name| !["pk", "sk"].contains(name) && !ATTRIBUTES.contains(name))
        .filter(|name| bound::lane_of(name).is_none())
        .collect();
    unknown.sort_unstable();
    let told: Vec<String> = unknown
        .iter()
        .take(NAMES)
        .map(|name| format!("{:?}", cut(name, NAME_BYTES)))
        .collect();
    let more = match unknown.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!told.is_empty()).then(|| {
        format!(
            "it has {}{more}, and nothing has that name: there are {}, and {} for each lane",
            told.join(", "),
            ATTRIBUTES.join(", "),
            bound::named("<lane>")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_attribute_is_named_with_those_there_are() {
        let told = unknown(["sk", "max_concurency", "paused", "pk"].into_iter()).unwrap();
        assert_eq!(
            told,
            r#"it has "max_concurency", and nothing has that name: there are paused, circuit, max_concurrency, starts_per_second, burst, starts_per_tick, since, note, about, revision, and lanes.<lane>.max_concurrency for each lane"#
        );
    }

    #[test]
    fn every_attribute_that_means_something_is_known() {
        let of_lane = ["pk", "sk", "lanes.bulk.max_concurrency"];
        assert_eq!(unknown(ATTRIBUTES.into_iter().chain(of_lane)), None);
        // No row, and no message: it has no schema version.
        for wrong in [
            "v",
            "Paused",
            "max_concurrency ",
            "",
            "lanes.bulk.max_concurency",
        ] {
            assert!(unknown([wrong].into_iter()).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn an_override_holds_until_its_time_and_no_longer() {
        let control = Control {
            paused: Some(true),
            circuit: Some(Hold::Open),
            pace: Partial {
                max_concurrency: Some(5),
                starts_per_second: Some(1.0),
                burst: Some(1),
                starts_per_tick: Some(1),
            },
            lanes: [("bulk".to_owned(), 2)].into(),
            until: OVERRIDES
                .into_iter()
                .chain(["lanes.bulk.max_concurrency"])
                .map(|name| (name.to_owned(), 1_000))
                .collect(),
            ..Control::default()
        };
        assert_eq!(control.at(999), control);
        assert_eq!(control.at(1_000), Control::default());
        let mut paused_for_good = control.clone();
        paused_for_good.until.remove("paused");
        assert_eq!(paused_for_good.at(1_000).paused, Some(true));
        assert_eq!(paused_for_good.at(1_000).pace, Partial::default());
    }

    #[test]
    fn of_many_and_of_long_ones_a_few_are_told() {
        let names: Vec<String> = (0..100)
            .map(|n| format!("{n:02}{}", "é".repeat(999)))
            .collect();
        let told = unknown(names.iter().map(String::as_str)).unwrap();
        assert!(told.contains(" and 95 more"), "{told}");
        assert!(told.len() < 600, "{} bytes", told.len());
    }
}
