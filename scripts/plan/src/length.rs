//! Times and lengths of time as a person reads and types them.

use spillway::Millis;
use spillway::event::time::iso;

pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// Returns a span in at most two units, such as `1 h 5 min`.
pub fn span(millis: Millis) -> String {
    let millis = millis.max(0);
    let part = |of: Millis, unit: &str| match of {
        0 => String::new(),
        of => format!(" {of} {unit}"),
    };
    match millis {
        ..MINUTE => format!("{} s", millis / SECOND),
        MINUTE..HOUR => match millis / MINUTE {
            minutes @ 0..5 => format!("{minutes} min{}", part(millis % MINUTE / SECOND, "s")),
            minutes => format!("{minutes} min"),
        },
        HOUR..DAY => format!("{} h{}", millis / HOUR, part(millis % HOUR / MINUTE, "min")),
        _ => format!("{} d{}", millis / DAY, part(millis % DAY / HOUR, "h")),
    }
}

/// Returns a moment to the second, in UTC.
pub fn moment(at: Millis) -> String {
    let text = iso(at - at.rem_euclid(SECOND));
    match text.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => text,
    }
}

/// Returns a length as it is: short ones with a digit behind the point.
pub fn exact(millis: Millis) -> String {
    match millis {
        ..10_000 => format!("{:.1} s", millis.max(0) as f64 / 1_000.0),
        _ => span(millis),
    }
}

/// Reads a length such as `90s`, `30m`, `2h` or `3d`.
pub fn length(text: &str) -> Result<Millis, String> {
    let wrong = || format!("'{text}' is no length of time: give one such as 30m, 2h or 3d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let unit_millis = match unit {
        's' => SECOND,
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        _ => return Err(wrong()),
    };
    let digits = text.strip_suffix(unit).unwrap_or_default();
    let short = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse::<Millis>() {
        Ok(number) if short => Ok(number * unit_millis),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        for (millis, text) in [
            (-5, "0 s"),
            (59_999, "59 s"),
            (90_000, "1 min 30 s"),
            (5 * MINUTE + 1_000, "5 min"),
            (HOUR, "1 h"),
            (HOUR + 5 * MINUTE, "1 h 5 min"),
            (2 * DAY + 3 * HOUR, "2 d 3 h"),
        ] {
            assert_eq!(span(millis), text);
        }
    }

    #[test]
    fn short_lengths_have_a_digit_behind_the_point() {
        assert_eq!(exact(430), "0.4 s");
        assert_eq!(exact(9_949), "9.9 s");
        assert_eq!(exact(90_000), "1 min 30 s");
    }

    #[test]
    fn a_length_has_one_number_and_one_unit() {
        assert_eq!(length("90s"), Ok(90 * SECOND));
        assert_eq!(length("3d"), Ok(3 * DAY));
        for wrong in ["", "h", "-2h", "2w", "2.5h", "12345678d", "2h "] {
            assert!(length(wrong).is_err(), "{wrong:?}");
        }
    }
}
