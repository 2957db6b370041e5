//! Reading windows from JSON. Every error names the window, the field and the remedy.

use std::collections::HashMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{MINUTES_PER_DAY, Minute, Window, Windows};
use crate::pace::{Pace, PaceError, Partial};

/// Windows of one pipeline, at most: they come in the function's environment, which is small.
pub const MAX_WINDOWS: usize = 50;

const DAYS: [(&str, Weekday); 7] = [
    ("MON", Weekday::Monday),
    ("TUE", Weekday::Tuesday),
    ("WED", Weekday::Wednesday),
    ("THU", Weekday::Thursday),
    ("FRI", Weekday::Friday),
    ("SAT", Weekday::Saturday),
    ("SUN", Weekday::Sunday),
];

/// What is wrong with a list of windows.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum WindowError {
    #[error("it is not a JSON list of windows: {0}")]
    Json(String),
    #[error("it has {0} windows: give at most {MAX_WINDOWS}")]
    Count(usize),
    #[error("two windows are named {0:?}: give each its own name")]
    Name(String),
    #[error(
        "the windows {one:?} and {other:?} have the priority {priority}: give each its own, the lowest wins"
    )]
    Priority {
        one: String,
        other: String,
        priority: u32,
    },
    #[error("the window {window:?}: {field} {wrong}: {remedy}")]
    Field {
        window: String,
        field: String,
        wrong: String,
        remedy: &'static str,
    },
    #[error("the window {window:?}: pace: {error}")]
    Pace { window: String, error: PaceError },
}

/// Reads the windows.
pub fn parse(json: &str) -> Result<Windows, WindowError> {
    let list: Vec<Map<String, Value>> =
        serde_json::from_str(json).map_err(|error| WindowError::Json(error.to_string()))?;
    if list.len() > MAX_WINDOWS {
        return Err(WindowError::Count(list.len()));
    }
    let zones = TimeZoneDatabase::bundled();
    let mut windows = Vec::new();
    for (place, fields) in list.into_iter().enumerate() {
        windows.push(window(place, fields, &zones)?);
    }
    windows.sort_by_key(|window| window.priority);
    let mut names = HashMap::new();
    let mut priorities = HashMap::new();
    for window in &windows {
        if names.insert(&window.name, ()).is_some() {
            return Err(WindowError::Name(window.name.clone()));
        }
        if let Some(one) = priorities.insert(window.priority, &window.name) {
            return Err(WindowError::Priority {
                one: one.clone(),
                other: window.name.clone(),
                priority: window.priority,
            });
        }
    }
    Ok(Windows(windows))
}

fn window(
    place: usize,
    fields: Map<String, Value>,
    zones: &TimeZoneDatabase,
) -> Result<Window, WindowError> {
    let mut fields = Fields {
        window: format!("number {}", place + 1),
        within: "",
        fields,
    };
    let name = fields.text("name", "give it a name")?;
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| fields.wrong("name", "is missing", "give it a name"))?;
    fields.window.clone_from(&name);
    let priority = fields.whole("priority")?.ok_or_else(|| {
        fields.wrong(
            "priority",
            "is missing",
            "give a whole number, the lowest wins",
        )
    })?;
    let timezone = timezone(&mut fields, zones)?;
    let from = fields.time("from")?.unwrap_or(0);
    let to = fields.time("to")?.unwrap_or(MINUTES_PER_DAY);
    if from == MINUTES_PER_DAY {
        return Err(fields.wrong(
            "from",
            "is 24:00",
            "give 00:00 to 23:59; only to may be 24:00",
        ));
    }
    if from == to {
        let remedy = "give another time, or remove from and to for the whole day";
        return Err(fields.wrong("to", "is the same as from", remedy));
    }
    let days = fields.list(
        "days",
        day,
        "give MON, TUE, WED, THU, FRI, SAT or SUN, or remove it",
    )?;
    let dates = fields.list(
        "dates",
        dates,
        "give dates as 2026-12-24 or ranges as 2026-12-24/2026-12-27, or remove it",
    )?;
    let pause = match fields.take("pause") {
        None => false,
        Some(Value::Bool(pause)) => pause,
        Some(other) => {
            return Err(fields.wrong("pause", format!("is {other}"), "give true, or remove it"));
        }
    };
    let pace = pace(&mut fields)?;
    if !pause && pace == Partial::default() {
        let remedy = "give pause = true, or a pace with at least one number";
        return Err(fields.wrong("pace", "is empty", remedy));
    }
    fields.end()?;
    Ok(Window {
        name,
        priority,
        timezone,
        from,
        to,
        days,
        dates,
        pause,
        pace,
    })
}

fn timezone(fields: &mut Fields, zones: &TimeZoneDatabase) -> Result<TimeZone, WindowError> {
    const REMEDY: &str = "give a name of the IANA database, such as Asia/Seoul or UTC";
    let Some(name) = fields.text("timezone", REMEDY)? else {
        return Ok(TimeZone::UTC);
    };
    match zones.get(&name) {
        // The database finds asia/seoul too, of which the name is not that.
        Ok(zone) if zone.iana_name() == Some(name.as_str()) => Ok(zone),
        _ => Err(fields.wrong("timezone", format!("is {name:?}, which is unknown"), REMEDY)),
    }
}

fn pace(fields: &mut Fields) -> Result<Partial, WindowError> {
    let inner = match fields.take("pace") {
        None => return Ok(Partial::default()),
        Some(Value::Object(inner)) => inner,
        Some(other) => {
            let remedy = "give the numbers to override, such as {\"max_concurrency\": 500}";
            return Err(fields.wrong("pace", format!("is {other}"), remedy));
        }
    };
    let mut inner = Fields {
        window: fields.window.clone(),
        within: "pace.",
        fields: inner,
    };
    let pace = Partial {
        max_concurrency: inner.whole("max_concurrency")?,
        starts_per_second: inner.number("starts_per_second")?,
        burst: inner.whole("burst")?,
        starts_per_tick: inner.whole("starts_per_tick")?,
    };
    inner.end()?;
    // The ranges do not depend on each other, so over one pace in range is over any.
    let any = Pace {
        max_concurrency: 1,
        starts_per_second: 1.0,
        burst: 1,
        starts_per_tick: None,
    };
    match pace.over(&any).validate() {
        Ok(_) => Ok(pace),
        Err(error) => Err(WindowError::Pace {
            window: inner.window,
            error,
        }),
    }
}

/// A time of day, `HH:MM`.
fn minute(text: &str) -> Option<Minute> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (Minute, Minute) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= MINUTES_PER_DAY).then_some(minutes)
}

fn day(text: &str) -> Option<Weekday> {
    let (_, day) = DAYS.iter().find(|(name, _)| *name == text)?;
    Some(*day)
}

/// A date, or a range of them.
fn dates(text: &str) -> Option<(Date, Date)> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let (first, last) = (date(first)?, date(last)?);
    (first <= last).then_some((first, last))
}

fn date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    // The parser knows other forms of a date as well.
    (date.to_string() == text).then_some(date)
}

/// The fields of one window that are still to be read.
struct Fields {
    window: String,
    /// The object they are in, with a full stop.
    within: &'static str,
    fields: Map<String, Value>,
}

impl Fields {
    fn wrong(&self, field: &str, wrong: impl Into<String>, remedy: &'static str) -> WindowError {
        WindowError::Field {
            window: self.window.clone(),
            field: format!("{}{field}", self.within),
            wrong: wrong.into(),
            remedy,
        }
    }

    /// `null` is the same as absent.
    fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    fn text(&mut self, field: &str, remedy: &'static str) -> Result<Option<String>, WindowError> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(field, format!("is {other}"), remedy)),
        }
    }

    fn time(&mut self, field: &str) -> Result<Option<Minute>, WindowError> {
        const REMEDY: &str = "give a time as HH:MM, such as 08:30";
        let Some(text) = self.text(field, REMEDY)? else {
            return Ok(None);
        };
        match minute(&text) {
            Some(minute) => Ok(Some(minute)),
            None => Err(self.wrong(field, format!("is {text:?}"), REMEDY)),
        }
    }

    fn list<T>(
        &mut self,
        field: &str,
        read: fn(&str) -> Option<T>,
        remedy: &'static str,
    ) -> Result<Option<Vec<T>>, WindowError> {
        let Some(value) = self.take(field) else {
            return Ok(None);
        };
        let items = value.as_array().filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| self.wrong(field, format!("is {value}"), remedy))?;
        let read = |item: &Value| {
            let text = item.as_str().and_then(read);
            text.ok_or_else(|| self.wrong(field, format!("has {item}"), remedy))
        };
        items.iter().map(read).collect::<Result<_, _>>().map(Some)
    }

    fn whole(&mut self, field: &str) -> Result<Option<u32>, WindowError> {
        let Some(value) = self.take(field) else {
            return Ok(None);
        };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(field, format!("is {value}"), "give a whole number from 0")),
        }
    }

    fn number(&mut self, field: &str) -> Result<Option<f64>, WindowError> {
        let Some(value) = self.take(field) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(field, format!("is {value}"), "give a number")),
        }
    }

    /// Nothing may be left: a misspelt field would hold nothing.
    fn end(&self) -> Result<(), WindowError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(field) => Err(self.wrong(field, "is unknown", "remove it, or correct its name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                r#""pace": {"starts_per_second": 401}"#,
                "pace: starts_per_second is 401: give",
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
        assert!(
            error(r#"[{"priority": 1}]"#).starts_with(r#"the window "number 1": name is missing"#)
        );
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
}
