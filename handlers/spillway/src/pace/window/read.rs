//! Reading windows from JSON. Every error names the window, the field and the remedy.

use std::collections::HashMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{MINUTES_PER_DAY, Minute, Window, Windows};
use crate::pace::bound::Bounds;
use crate::pace::layout::Layout;
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

/// The fault of a list of windows.
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
    #[error("the window {window:?}: it bounds the lane {lane:?}, which there is not")]
    Lane { window: String, lane: String },
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
    for (index, fields) in list.into_iter().enumerate() {
        windows.push(window(index, fields, &zones)?);
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
    index: usize,
    fields: Map<String, Value>,
    zones: &TimeZoneDatabase,
) -> Result<Window, WindowError> {
    let mut fields = Fields {
        window: format!("number {}", index + 1),
        within: String::new(),
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
            "give 00:00 to 23:59; only to can be 24:00",
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
    let lanes = lanes(&mut fields)?;
    if !pause && pace == Partial::default() && lanes.is_empty() {
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
        lanes,
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

fn lanes(fields: &mut Fields) -> Result<Bounds, WindowError> {
    const REMEDY: &str = "give the lanes' bounds, such as {\"bulk\": {\"max_concurrency\": 5}}";
    let of_lanes = match fields.take("lanes") {
        None => return Ok(Bounds::new()),
        Some(Value::Object(lanes)) => lanes,
        Some(other) => return Err(fields.wrong("lanes", format!("is {other}"), REMEDY)),
    };
    let mut bounds = Bounds::new();
    for (lane, inner) in of_lanes {
        let Value::Object(inner) = inner else {
            return Err(fields.wrong(&format!("lanes.{lane}"), format!("is {inner}"), REMEDY));
        };
        let mut inner = Fields {
            window: fields.window.clone(),
            within: format!("lanes.{lane}."),
            fields: inner,
        };
        let max = inner.whole("max_concurrency")?;
        let max = max.ok_or_else(|| fields.wrong(&format!("lanes.{lane}"), "is empty", REMEDY))?;
        inner.end()?;
        bounds.insert(lane, max);
    }
    Ok(bounds)
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
        within: "pace.".to_owned(),
        fields: inner,
    };
    let pace = Partial {
        max_concurrency: inner.whole("max_concurrency")?,
        starts_per_second: inner.number("starts_per_second")?,
        burst: inner.whole("burst")?,
        starts_per_tick: inner.whole("starts_per_tick")?,
    };
    inner.end()?;
    // The ranges do not depend on each other, so over one pace in range is over any. Of the layouts
    // the widest one counts here: `Windows::check` knows the configured one.
    let any = Pace {
        max_concurrency: 1,
        starts_per_second: 1.0,
        burst: 1,
        starts_per_tick: None,
        layout: Layout::Sixteen,
    };
    match pace.over(&any).validate() {
        Ok(_) => Ok(pace),
        Err(error) => Err(WindowError::Pace {
            window: inner.window,
            error,
        }),
    }
}

/// Returns a time of day, `HH:MM`.
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

/// Returns a date, or a range of them.
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
    within: String,
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

    /// Takes a field out. `null` is the same as absent.
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

    /// Refuses fields that are left: a misspelt one would do nothing.
    fn end(&self) -> Result<(), WindowError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(field) => Err(self.wrong(field, "is unknown", "remove it, or correct its name")),
        }
    }
}

#[cfg(test)]
mod tests;
