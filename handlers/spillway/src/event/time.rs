//! Times as S3 writes them.

use jiff::Timestamp;

use crate::Millis;

/// Returns a time of ISO 8601 with its offset, such as `2026-11-22T10:00:00.000Z`.
pub fn millis(text: &str) -> Option<Millis> {
    let time: Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}

/// Returns a time as S3 writes it in its events.
pub fn iso(time: Millis) -> String {
    Timestamp::from_millisecond(time).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_of_both_dialects_are_read() {
        assert_eq!(millis("1970-01-01T00:00:01.500Z"), Some(1_500));
        assert_eq!(millis("2021-11-12T00:00:00Z"), Some(1_636_675_200_000));
        assert_eq!(iso(1_636_675_200_000), "2021-11-12T00:00:00.000Z");
        for wrong in ["", "yesterday", "2021-11-12", "2021-11-12T00:00:00"] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn times_come_back(time in 0i64..4_102_444_800_000) {
            prop_assert_eq!(millis(&iso(time)), Some(time));
        }
    }
}
