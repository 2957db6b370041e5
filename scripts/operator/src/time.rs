//! Times as a person reads and types them.

use jiff::Timestamp;
use spillway::Millis;
use spillway::event::time::millis;

pub use plan::length::{length, moment, span};

/// Returns the wall clock now.
pub fn now() -> Millis {
    Timestamp::now().as_millisecond()
}

/// Returns a moment and how long ago that is.
pub fn ago(at: Millis, now: Millis) -> String {
    match now - at {
        ahead @ ..0 => format!("{} (in {})", moment(at), span(-ahead)),
        since => format!("{} ({} ago)", moment(at), span(since)),
    }
}

/// Reads a moment: ISO 8601, in UTC unless it names its zone, or a time ago such as `90m`, `2h` or
/// `3d`.
pub fn when(text: &str, now: Millis) -> Result<Millis, String> {
    let wrong = || {
        format!(
            "'{text}' is no time: give one such as 2026-11-22T20:00:00Z, or a time ago such as 2h"
        )
    };
    if !text.contains(['-', ':']) {
        let at = length(text).ok().map(|length| now - length);
        return at.filter(|at| *at >= 0).ok_or_else(wrong);
    }
    let zoned = |text: &str| {
        millis(text).or_else(|| Some(text.parse::<Timestamp>().ok()?.as_millisecond()))
    };
    let whole = if text.len() == 10 {
        format!("{text}T00:00:00")
    } else {
        text.replace(' ', "T")
    };
    zoned(&whole)
        .or_else(|| zoned(&format!("{whole}Z")))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use plan::length::HOUR;

    use super::*;

    #[test]
    fn moments_are_read_and_told_in_utc() {
        let at = when("2026-11-22T20:00:00Z", 0).unwrap();
        assert_eq!(moment(at + 999), "2026-11-22T20:00:00Z");
        assert_eq!(when("2026-11-22T21:00:00+01:00", 0), Ok(at));
        assert_eq!(when("2026-11-22T20:00:00", 0), Ok(at));
        assert_eq!(when("2026-11-22 20:00:00", 0), Ok(at));
        assert_eq!(when("2026-11-22 20:00", 0), Ok(at));
        assert_eq!(when("0m", at), Ok(at));
        assert_eq!(when("2026-11-22", 0), Ok(at - 20 * HOUR));
        assert_eq!(when("2h", at), Ok(at - 2 * HOUR));
        assert!(when("999999d", at).is_err());
        assert_eq!(
            ago(at, at + 90_000),
            "2026-11-22T20:00:00Z (1 min 30 s ago)"
        );
        assert_eq!(ago(at, at - 90_000), "2026-11-22T20:00:00Z (in 1 min 30 s)");
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in [
            "",
            "h",
            "-2h",
            "2w",
            "2.5h",
            "yesterday",
            "2026-13-01",
            "12345678d",
            "2h ",
        ] {
            assert!(when(text, 0).is_err(), "{text:?}");
        }
        assert!(length("2026-11-22").is_err());
        assert!(
            when("soon", 0)
                .unwrap_err()
                .contains("a time ago such as 2h")
        );
    }
}
