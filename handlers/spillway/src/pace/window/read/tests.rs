use super::*;
use crate::pace::bound::Bound;

#[test]
fn a_list_may_be_empty() {
    assert_eq!(parse("[]"), Ok(Windows::default()));
}

#[test]
fn nulls_are_absent() {
    let windows = parse(
        r#"[{"name": "w", "priority": 0, "timezone": null, "from": null, "to": null, "days": null, "dates": null,
            "pause": null, "pace": {"max_concurrency": 0, "starts_per_second": null, "burst": null}}]"#,
    )
    .unwrap();
    assert_eq!(windows.0[0].pace.max_concurrency, Some(0));
    assert!(!windows.0[0].pause);
}

#[test]
fn a_window_bounds_lanes_that_there_are() {
    let windows = parse(
        r#"[{"name": "night", "priority": 1, "lanes": {"bulk": {"max_concurrency": 500}, "urgent": {"max_concurrency": 0}}}]"#,
    )
    .unwrap();
    let bounds = [("bulk".to_owned(), 500), ("urgent".to_owned(), 0)];
    assert_eq!(windows.0[0].lanes, bounds.into());
    let lane = |lane: &str| Bound {
        lane: lane.to_owned(),
        max: None,
    };
    let known = [lane("urgent"), lane("bulk")];
    assert_eq!(windows.check_lanes(&known), Ok(()));
    let wrong = windows.check_lanes(&known[..1]).unwrap_err().to_string();
    assert_eq!(
        wrong,
        "the window \"night\": it bounds the lane \"bulk\", which there is not"
    );
}

#[test]
fn what_is_wrong_names_window_field_and_remedy() {
    for (fields, message) in [
        (
            r#""from": "8:00""#,
            r#"from is "8:00": give a time as HH:MM"#,
        ),
        (r#""from": "24:00""#, "from is 24:00: give 00:00 to 23:59"),
        (r#""to": "24:01""#, r#"to is "24:01": give a time"#),
        (r#""to": "12:60""#, r#"to is "12:60": give a time"#),
        (r#""to": 8"#, "to is 8: give a time"),
        (
            r#""from": "08:00", "to": "08:00""#,
            "to is the same as from: give another time",
        ),
        (
            r#""timezone": "Asia/Soul""#,
            r#"timezone is "Asia/Soul", which is unknown: give a name of the IANA"#,
        ),
        (
            r#""timezone": "asia/seoul""#,
            r#"timezone is "asia/seoul", which is unknown"#,
        ),
        (r#""days": ["MO"]"#, r#"days has "MO": give MON"#),
        (r#""days": []"#, "days is []: give MON"),
        (r#""days": "MON""#, r#"days is "MON": give MON"#),
        (
            r#""dates": ["2026-02-30"]"#,
            r#"dates has "2026-02-30": give dates"#,
        ),
        (
            r#""dates": ["20260203"]"#,
            r#"dates has "20260203": give dates"#,
        ),
        (r#""dates": ["2026-12-27/2026-12-24"]"#, "dates has"),
        (
            r#""dates": ["2026-12-24/2026-12-25/2026-12-26"]"#,
            "dates has",
        ),
        (r#""pause": "yes""#, r#"pause is "yes": give true"#),
        (r#""pace": 5"#, "pace is 5: give the numbers"),
        (r#""lanes": 5"#, "lanes is 5: give the lanes' bounds"),
        (r#""lanes": {"bulk": 5}"#, "lanes.bulk is 5: give the"),
        (r#""lanes": {"bulk": {}}"#, "lanes.bulk is empty: give the"),
        (
            r#""lanes": {"bulk": {"max_concurrency": -1}}"#,
            "lanes.bulk.max_concurrency is -1: give a whole number",
        ),
        (
            r#""lanes": {"bulk": {"max_concurrency": 1, "min_share": 0}}"#,
            "lanes.bulk.min_share",
        ),
        (
            r#""pace": {"max_concurency": 5}"#,
            "pace.max_concurency is unknown: remove it",
        ),
        (
            r#""pace": {"burst": 1.5}"#,
            "pace.burst is 1.5: give a whole number",
        ),
        (
            r#""pace": {"burst": 0}"#,
            "pace: burst is 0: give at least 1",
        ),
        (
            r#""pace": {"starts_per_second": "5"}"#,
            r#"pace.starts_per_second is "5": give a number"#,
        ),
        (
            r#""pace": {"starts_per_second": 4001}"#,
            "pace: starts_per_second is 4001: give",
        ),
        (
            r#""pause": false"#,
            "pace is empty: give pause = true, or a pace",
        ),
        (
            r#""pace": {}"#,
            "pace is empty: give pause = true, or a pace",
        ),
        (r#""tz": "UTC""#, "tz is unknown: remove it"),
    ] {
        let action = if fields.contains("pa") {
            ""
        } else {
            r#""pause": true, "#
        };
        let json = format!(r#"[{{"name": "night", "priority": 1, {action}{fields}}}]"#);
        let error = parse(&json).expect_err(fields).to_string();
        assert!(error.starts_with(r#"the window "night": "#), "{error}");
        assert!(error.contains(message), "{error}");
    }
    let error = |json: &str| parse(json).unwrap_err().to_string();
    assert!(error(r#"[{"priority": 1}]"#).starts_with(r#"the window "number 1": name is missing"#));
    assert!(error(r#"[{"name": "a", "pause": true}]"#).contains("priority is missing"));
    assert!(error(r#"[{"name": "a", "priority": -1}]"#).contains("priority is -1"));
    assert!(error("{}").starts_with("it is not a JSON list of windows"));
}

#[test]
fn names_and_priorities_are_distinct_and_few() {
    let one = |name: &str, priority: usize| {
        format!(r#"{{"name": "{name}", "priority": {priority}, "pause": true}}"#)
    };
    let list = |windows: &[String]| parse(&format!("[{}]", windows.join(",")));
    assert_eq!(
        list(&[one("a", 1), one("a", 2)]),
        Err(WindowError::Name("a".into()))
    );
    let same = list(&[one("a", 1), one("b", 1)]).unwrap_err();
    assert_eq!(
        same.to_string(),
        r#"the windows "a" and "b" have the priority 1: give each its own, the lowest wins"#
    );
    let many = |count: usize| {
        (0..count)
            .map(|n| one(&n.to_string(), n))
            .collect::<Vec<_>>()
    };
    assert!(list(&many(50)).is_ok());
    assert_eq!(list(&many(51)), Err(WindowError::Count(51)));
}

#[test]
fn every_zone_of_the_database_is_known() {
    let zones = TimeZoneDatabase::bundled();
    for name in zones.available() {
        let json =
            format!(r#"[{{"name": "w", "priority": 1, "pause": true, "timezone": "{name}"}}]"#);
        assert!(parse(&json).is_ok(), "{name}");
    }
}
