//! The parts of a time in which CloudWatch keeps numbers by the minute, by five minutes and by the
//! hour.

use plan::length::{DAY, HOUR, MINUTE, span};
use spillway::Millis;
use spillway::event::time::iso;

/// How long CloudWatch keeps numbers of a period, the shortest period first.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
const KEPT: [(Millis, Millis); 3] = [
    (MINUTE, 15 * DAY),
    (5 * MINUTE, 63 * DAY),
    (HOUR, 455 * DAY),
];
/// A call comes so much later, at most, than its times were computed.
const LATE: Millis = MINUTE;

/// A part of a time, with the period of its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub from: Millis,
    pub until: Millis,
    pub period: Millis,
}

/// Divides the time that ends with `until` into stretches, the oldest first. Each is of whole
/// periods. Fails if CloudWatch has forgotten its begin, or if it is not over.
pub fn stretches(lasts: Millis, until: Millis, now: Millis) -> Result<Vec<Stretch>, String> {
    if until > now {
        return Err(format!(
            "--until {} is in the future: give a time that is over",
            iso(until)
        ));
    }
    let until = down(until, MINUTE);
    let from = down(until - lasts, MINUTE);
    // Borders are whole hours, so that a period lies in one stretch.
    let oldest = |kept: Millis| down(now + LATE - kept - 1, HOUR) + HOUR;
    let forgotten = KEPT.iter().map(|(_, kept)| oldest(*kept)).min();
    let forgotten = forgotten.unwrap_or(from);
    // The longest time that is kept begins at a whole hour.
    let from = match (1..=2 * HOUR).contains(&(forgotten - from)) {
        true => forgotten,
        false => from,
    };
    if from < forgotten {
        let (longest, begin) = (span(455 * DAY), span(now - from));
        return Err(format!(
            "CloudWatch keeps its numbers for {longest}, and the first of these would be {begin} old: give a shorter --for, or a later --until"
        ));
    }
    let mut found = Vec::new();
    let mut end = until;
    for (period, kept) in KEPT {
        let begin = from.max(oldest(kept));
        if begin < end {
            found.push(Stretch {
                from: down(begin, period),
                until: down(end + period - 1, period),
                period,
            });
            end = begin;
        }
    }
    found.reverse();
    match found.is_empty() {
        true => Err(format!(
            "--for {} s is shorter than a minute: give one such as 1h or 7d",
            lasts / 1_000
        )),
        false => Ok(found),
    }
}

/// Rounds a time down to a whole period.
fn down(at: Millis, period: Millis) -> Millis {
    at - at.rem_euclid(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 minutes and 30 seconds after a whole hour.
    const NOW: Millis = 1_795_996_800_000 + 20 * MINUTE + 30_000;

    fn parts(lasts: Millis, until: Millis) -> Vec<(Millis, Millis, Millis)> {
        let found = stretches(lasts, until, NOW).unwrap();
        let parts = found.iter().map(|it| (it.from, it.until, it.period));
        parts.collect()
    }

    #[test]
    fn a_week_is_by_the_minute_up_to_the_last_whole_one() {
        let until = NOW - 30_000;
        assert_eq!(parts(7 * DAY, NOW), [(until - 7 * DAY, until, MINUTE)]);
    }

    #[test]
    fn older_numbers_have_longer_periods_and_no_time_is_there_twice() {
        let hour = NOW - 20 * MINUTE - 30_000;
        let (two_weeks, two_months) = (hour + HOUR - 15 * DAY, hour + HOUR - 63 * DAY);
        let until = NOW - 30_000;
        assert_eq!(
            parts(100 * DAY, NOW),
            [
                (hour - 100 * DAY, two_months, HOUR),
                (two_months, two_weeks, 5 * MINUTE),
                (two_weeks, until, MINUTE),
            ]
        );
        // Its periods are whole ones.
        let end = NOW - 20 * DAY + 3 * MINUTE;
        assert_eq!(
            parts(10 * MINUTE, end),
            [(
                hour - 20 * DAY + 10 * MINUTE,
                hour - 20 * DAY + 25 * MINUTE,
                5 * MINUTE
            )]
        );
    }

    /// CloudWatch refuses a period that is too short for the begin of a call.
    #[test]
    fn no_stretch_begins_before_cloudwatch_forgets_its_period() {
        for minutes in 0..120 {
            let now = NOW + minutes * MINUTE;
            for stretch in stretches(400 * DAY, now, now).unwrap() {
                let kept = KEPT.iter().find(|(period, _)| *period == stretch.period);
                assert!(stretch.from >= now + LATE - kept.unwrap().1, "{stretch:?}");
            }
        }
    }

    #[test]
    fn a_time_without_numbers_is_refused_with_the_remedy() {
        let told = |lasts, until| stretches(lasts, until, NOW).unwrap_err();
        assert!(told(DAY, NOW + 1).contains(" is in the future: give"));
        let forgotten = told(456 * DAY, NOW);
        assert!(
            forgotten.starts_with(
                "CloudWatch keeps its numbers for 455 d, and the first of these would be 456 d old"
            ),
            "{forgotten}"
        );
        assert!(told(DAY, NOW - 455 * DAY).contains("a later --until"));
        assert!(told(0, NOW).starts_with("--for 0 s is shorter than a minute"));
    }

    #[test]
    fn all_that_cloudwatch_keeps_can_be_asked_for() {
        let found = stretches(455 * DAY, NOW, NOW).unwrap();
        let begin = found.first().map(|stretch| NOW - stretch.from);
        assert!(
            begin.is_some_and(|begin| (454 * DAY..455 * DAY).contains(&begin)),
            "{begin:?}"
        );
    }
}
