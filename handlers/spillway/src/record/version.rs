//! How a head names a version: a text that compares in the order of S3's events, and that names the
//! version's row.

use crate::Millis;

/// The sign after the sequencer in the place of a version that S3 reported. It compares below every
/// digit: of two sequencers that begin alike the shorter one comes first.
const REPORTED: char = '#';
/// The sign after it in a found version's place: after every version of that sequencer, and before
/// those of the next.
const AFTER: char = '+';

/// Returns the place of a version that S3 reported. `sk`: its row's sort key.
pub fn reported(sequencer: &str, sk: &str) -> String {
    format!("{sequencer}{REPORTED}{sk}")
}

/// Returns the place of a found version: after the newest sequencer that is older. Several found
/// versions there go by time.
pub fn found(after: Option<&str>, time: Millis, sk: &str) -> String {
    let after = after.unwrap_or_default();
    format!("{after}{AFTER}{time:015}{REPORTED}{sk}")
}

/// A version's place, taken apart.
struct Place<'a> {
    /// Its sequencer, or the one after which a found version stands.
    sequencer: &'a str,
    /// When a found version was last modified.
    found_at: Option<Millis>,
    sk: &'a str,
}

impl<'a> Place<'a> {
    fn of(version: &'a str) -> Self {
        let digits = version.find(|it: char| !it.is_ascii_hexdigit());
        let (sequencer, rest) = version.split_at(digits.unwrap_or(version.len()));
        let (time, sk) = rest.split_once(REPORTED).unwrap_or((rest, ""));
        Self {
            sequencer,
            found_at: time.strip_prefix(AFTER).and_then(|time| time.parse().ok()),
            sk,
        }
    }
}

/// Returns the sort key of a version's row.
pub fn row_of(version: &str) -> &str {
    Place::of(version).sk
}

/// Returns the time at which a found version was last modified, or `None` if S3 reported it.
pub fn found_at(version: &str) -> Option<Millis> {
    Place::of(version).found_at
}

/// Returns the sequencer of a version, or that after which a found one stands.
pub fn sequencer_of(version: &str) -> &str {
    Place::of(version).sequencer
}

/// Returns the place of a found version that turned out to be newer than a sequencer.
pub fn moved_after(version: &str, sequencer: &str) -> String {
    let Place {
        sequencer: after,
        found_at,
        sk,
    } = Place::of(version);
    match found_at {
        Some(time) => found(Some(after.max(sequencer)), time, sk),
        None => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_compare_in_the_order_of_their_sequencers() {
        let reported = |sequencer: &str| reported(sequencer, "v#1");
        let found = |after: &str, time| found(Some(after), time, "f#2");
        for (older, newer) in [
            (reported("0A"), found("0A", 9)),
            (found("0A", 9), found("0A", 10)),
            (found("0A", 10), reported("0A0")),
            (reported("0A"), reported("0A0")),
            (found("0A0", 9), reported("0B")),
            (found("", 9), reported("00")),
        ] {
            assert!(older < newer, "{older} {newer}");
        }
    }

    #[test]
    fn a_place_is_taken_apart_as_it_was_made() {
        // A version id can have any of these characters.
        for sk in ["v#a+1#b", "s#0A", "f#9#e", "h#00"] {
            let reported = reported("0A", sk);
            assert_eq!((row_of(&reported), found_at(&reported)), (sk, None));
            assert_eq!(sequencer_of(&reported), "0A");
            let found = |after: &str| found(Some(after), 9, sk);
            assert_eq!(
                (row_of(&found("0A")), found_at(&found("0A"))),
                (sk, Some(9))
            );
            assert_eq!(sequencer_of(&found("0A")), "0A");
            assert_eq!(moved_after(&found("0A"), "0C"), found("0C"));
            assert_eq!(moved_after(&found("0A"), "01"), found("0A"));
            assert_eq!(moved_after(&reported, "0C"), reported);
        }
    }
}
