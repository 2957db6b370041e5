use super::*;
use jiff::ToSpan;
use proptest::prelude::*;

fn window(fields: &str) -> Window {
    let json = format!(r#"[{{"name": "w", "priority": 1, "pause": true, {fields}}}]"#);
    parse(&json).unwrap().0.remove(0)
}

fn instant(text: &str) -> Millis {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// Checks at which of these instants, in UTC, a window holds.
#[track_caller]
fn check(fields: &str, instants: &[(&str, bool)]) {
    let window = window(fields);
    for (text, holds) in instants {
        assert_eq!(window.holds_at(instant(text)), *holds, "{fields} at {text}");
    }
}

/// Minutes of the 48 hours since `from` in which a window holds.
fn minutes(fields: &str, from: &str) -> usize {
    let (window, from) = (window(fields), instant(from));
    (0..48 * 60)
        .filter(|minute| window.holds_at(from + minute * 60_000))
        .count()
}

#[test]
fn from_is_in_and_to_is_out() {
    check(
        r#""timezone": "Asia/Seoul", "from": "20:00", "to": "24:00""#,
        &[
            ("2026-11-23T10:59:59.999Z", false),
            ("2026-11-23T11:00:00Z", true),
            ("2026-11-23T14:59:59.999Z", true),
            ("2026-11-23T15:00:00Z", false),
        ],
    );
    // Kathmandu is 5 hours and 45 minutes ahead.
    check(
        r#""timezone": "Asia/Kathmandu", "from": "00:00", "to": "05:45""#,
        &[
            ("2026-11-22T18:14:59Z", false),
            ("2026-11-22T18:15:00Z", true),
            ("2026-11-22T23:59:59Z", true),
            ("2026-11-23T00:00:00Z", false),
        ],
    );
}

#[test]
fn without_times_it_is_the_whole_day_there() {
    check(
        r#""timezone": "Asia/Seoul", "dates": ["2026-12-24/2026-12-25", "2027-01-01"]"#,
        &[
            ("2026-12-23T14:59:59Z", false),
            ("2026-12-23T15:00:00Z", true),
            ("2026-12-25T14:59:59Z", true),
            ("2026-12-25T15:00:00Z", false),
            ("2026-12-31T15:00:00Z", true),
            ("2027-01-01T15:00:00Z", false),
        ],
    );
    // One of them alone.
    check(
        r#""from": "22:00""#,
        &[
            ("2026-11-23T23:59:59Z", true),
            ("2026-11-24T00:00:00Z", false),
        ],
    );
    check(
        r#""to": "02:00""#,
        &[
            ("2026-11-23T00:00:00Z", true),
            ("2026-11-23T02:00:00Z", false),
        ],
    );
}

#[test]
fn over_midnight_the_day_is_that_on_which_it_began() {
    // 2026-11-27 is a Friday.
    check(
        r#""from": "22:00", "to": "06:00", "days": ["FRI"]"#,
        &[
            ("2026-11-27T05:59:00Z", false),
            ("2026-11-27T21:59:00Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T05:59:59Z", true),
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-28T22:00:00Z", false),
        ],
    );
    check(
        r#""from": "22:00", "to": "06:00", "dates": ["2026-12-31"]"#,
        &[
            ("2026-12-31T01:00:00Z", false),
            ("2026-12-31T23:00:00Z", true),
            ("2027-01-01T05:00:00Z", true),
            ("2027-01-01T22:30:00Z", false),
        ],
    );
    // To midnight, either way of writing it.
    check(
        r#""from": "20:00", "to": "00:00""#,
        &[
            ("2026-11-27T23:59:59Z", true),
            ("2026-11-28T00:00:00Z", false),
        ],
    );
}

#[test]
fn days_and_dates_must_both_hold() {
    // 2026-12-24 is a Thursday.
    check(
        r#""days": ["MON", "FRI"], "dates": ["2026-12-24/2026-12-27"]"#,
        &[
            ("2026-12-21T12:00:00Z", false),
            ("2026-12-24T12:00:00Z", false),
            ("2026-12-25T12:00:00Z", true),
            ("2026-12-28T12:00:00Z", false),
        ],
    );
}

#[test]
fn a_gap_shortens_what_it_falls_into_and_skips_what_lies_within() {
    for (zone, from, skipped) in [
        ("America/New_York", "2026-03-08T00:00:00Z", 60),
        ("Europe/Berlin", "2026-03-28T12:00:00Z", 60),
        ("Australia/Lord_Howe", "2026-10-03T00:00:00Z", 30),
        ("Asia/Seoul", "2026-03-08T00:00:00Z", 0),
    ] {
        let held = |times: &str| minutes(&format!(r#""timezone": "{zone}", {times}"#), from);
        // Twice in 48 hours, once with the gap.
        assert_eq!(
            held(r#""from": "01:30", "to": "03:30""#),
            240 - skipped,
            "{zone}"
        );
        assert_eq!(
            held(r#""from": "22:00", "to": "06:00""#) % 480,
            (960 - skipped) % 480,
            "{zone}"
        );
    }
    let within = r#""timezone": "America/New_York", "from": "02:10", "to": "02:50", "dates": ["2026-03-08"]"#;
    assert_eq!(minutes(within, "2026-03-08T00:00:00Z"), 0);
    // A window that begins within the gap begins when the clock goes on.
    check(
        r#""timezone": "America/New_York", "from": "02:30", "to": "04:00""#,
        &[
            ("2026-03-08T06:59:59Z", false),
            ("2026-03-08T07:00:00Z", true),
            ("2026-03-08T08:00:00Z", false),
        ],
    );
}

#[test]
fn a_fold_counts_twice() {
    for (zone, from, repeated) in [
        ("America/New_York", "2026-11-01T02:00:00Z", 60),
        ("Europe/Berlin", "2026-10-24T12:00:00Z", 60),
        ("Australia/Lord_Howe", "2026-04-04T06:00:00Z", 30),
        ("Asia/Kathmandu", "2026-11-01T00:00:00Z", 0),
    ] {
        let held = |times: &str| minutes(&format!(r#""timezone": "{zone}", {times}"#), from);
        assert_eq!(
            held(r#""from": "01:00", "to": "03:00""#),
            240 + repeated,
            "{zone}"
        );
    }
    // Twice, and once in between not.
    check(
        r#""timezone": "America/New_York", "from": "01:10", "to": "01:50""#,
        &[
            ("2026-11-01T05:10:00Z", true),
            ("2026-11-01T05:50:00Z", false),
            ("2026-11-01T06:00:00Z", false),
            ("2026-11-01T06:10:00Z", true),
            ("2026-11-01T06:50:00Z", false),
        ],
    );
}

#[test]
fn a_day_that_begins_at_one_is_a_day() {
    // Cairo's clocks go from 00:00 to 01:00 on 2026-04-24.
    check(
        r#""timezone": "Africa/Cairo", "dates": ["2026-04-24"]"#,
        &[
            ("2026-04-23T21:59:59Z", false),
            ("2026-04-23T22:00:00Z", true),
            ("2026-04-24T20:59:59Z", true),
            ("2026-04-24T21:00:00Z", false),
        ],
    );
}

#[test]
fn the_lowest_priority_number_wins() {
    let windows = parse(
        r#"[{"name": "night", "priority": 7, "from": "20:00", "to": "24:00", "pace": {"max_concurrency": 500}},
            {"name": "freeze", "priority": 0, "dates": ["2026-12-24"], "pause": true}]"#,
    )
    .unwrap();
    let name = |text| {
        windows
            .in_force(instant(text))
            .map(|window| window.name.as_str())
    };
    assert_eq!(name("2026-12-23T21:00:00Z"), Some("night"));
    assert_eq!(name("2026-12-24T21:00:00Z"), Some("freeze"));
    assert_eq!(name("2026-12-25T12:00:00Z"), None);
}

const DAYS: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];

proptest! {
    /// Against the definition: the local time lies between a begin and its end, both local times.
    #[test]
    fn it_holds_between_begin_and_end(
        zone in proptest::sample::select(vec![
            "UTC", "America/New_York", "Europe/Berlin", "Asia/Seoul", "Australia/Lord_Howe", "Asia/Kathmandu",
            "Africa/Cairo", "America/Nuuk", "Pacific/Chatham", "Africa/Casablanca",
        ]),
        from in 0i64..1440, to in 0i64..=1440, day in 0usize..7, second in 0i64..2 * 366 * 86_400,
    ) {
        prop_assume!(from != to);
        let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        let fields = format!(
            r#""timezone": "{zone}", "from": "{}", "to": "{}", "days": ["{}"]"#, time(from), time(to), DAYS[day]
        );
        let window = window(&fields);
        let at = instant("2026-01-01T00:00:00Z") + second * 1_000;
        let local = Timestamp::from_millisecond(at).unwrap().to_zoned(window.timezone.clone()).datetime();
        let length = if from < to { to - from } else { 1440 - from + to };
        let holds = (0..2).any(|ago| {
            let date = local.date() - ago.days();
            let begin = date.at(0, 0, 0, 0) + from.minutes();
            let of_day = date.weekday().to_monday_zero_offset() as usize == day;
            of_day && begin <= local && local < begin + length.minutes()
        });
        prop_assert_eq!(window.holds_at(at), holds);
    }
}
