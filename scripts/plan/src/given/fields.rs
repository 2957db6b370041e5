//! Options that have fields, such as `200000,at=2h,every=1d`.

use std::collections::BTreeMap;
use std::str::FromStr;

use spillway::Millis;

use crate::length::{MINUTE, SECOND, length};

/// The first word of an option, and its fields.
#[derive(Debug)]
pub struct Fields {
    pub first: String,
    fields: BTreeMap<String, String>,
}

impl Fields {
    /// Reads an option with fields that are among `known`. Returns it.
    pub fn read(text: &str, known: &[&str]) -> Result<Self, String> {
        let mut parts = text.split(',');
        let first = parts.next().unwrap_or_default().trim().to_owned();
        let mut fields = BTreeMap::new();
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = name.trim();
            if !known.contains(&name) {
                let known = known.join(", ");
                return Err(format!("'{name}' is no field of it: there are {known}"));
            }
            if fields
                .insert(name.to_owned(), value.trim().to_owned())
                .is_some()
            {
                return Err(format!("'{name}' is given twice"));
            }
        }
        Ok(Self { first, fields })
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.fields.get(name).cloned()
    }

    /// Returns whether a flag is given: it has no value.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.fields.get(name).map(String::as_str) {
            None => Ok(false),
            Some("") => Ok(true),
            Some(value) => Err(format!("'{name}={value}': give {name} alone")),
        }
    }

    /// Returns a length of time, above 0.
    pub fn length(&self, name: &str) -> Result<Option<Millis>, String> {
        let read = |text: &String| fine(text).map_err(|wrong| format!("{name}: {wrong}"));
        self.fields.get(name).map(read).transpose()
    }

    pub fn number<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, String> {
        let read = |text: &String| {
            // No number of a field is below 0, or has no digits, such as NaN.
            let plain = text.starts_with(|first: char| first.is_ascii_digit() || first == '.');
            let number = text.replace('_', "").parse().ok().filter(|_| plain);
            number.ok_or_else(|| format!("'{name}={text}': give {what}"))
        };
        self.fields.get(name).map(read).transpose()
    }
}

/// Reads a length such as `250ms`, `2.5s`, `30m` or `2h`.
pub fn fine(text: &str) -> Result<Millis, String> {
    if let Ok(length) = length(text) {
        return Ok(length);
    }
    let (digits, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, SECOND),
        (None, None) => (text.strip_suffix('m').unwrap_or_default(), MINUTE),
    };
    let plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    match digits.parse::<f64>() {
        Ok(number) if plain && number < 1e7 => Ok((number * unit as f64).round() as Millis),
        _ => Err(format!(
            "'{text}' is no length of time: give one such as 250ms, 2.5s, 30m, 2h or 3d"
        )),
    }
}

/// Reads a share such as `2%` or `0.02`.
pub fn share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|number| number / 100.0),
        None => text.trim().parse(),
    };
    match number {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!(
            "'{text}' is no share: give one from 0% to 100%, such as 2%"
        )),
    }
}

/// Reads a whole number above 0, such as `200000` or `200_000`.
pub fn count(text: &str) -> Result<u32, String> {
    match text.replace('_', "").parse() {
        Ok(0) | Err(_) => Err(format!(
            "'{text}' is no number of uploads: give a whole one above 0, such as 200000"
        )),
        Ok(count) => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_name() {
        let fields = Fields::read("5, at=2h ,lane=bulk", &["at", "lane"]).unwrap();
        assert_eq!(fields.first, "5");
        assert_eq!(fields.length("at"), Ok(Some(7_200_000)));
        assert_eq!(fields.text("lane").as_deref(), Some("bulk"));
        assert_eq!(fields.length("over"), Ok(None));
        let told = Fields::read("5,att=2h", &["at", "lane"]).unwrap_err();
        assert_eq!(told, "'att' is no field of it: there are at, lane");
        let told = Fields::read("5,at=soon", &["at"]).unwrap().length("at");
        assert!(told.unwrap_err().starts_with("at: 'soon' is no length"));
    }

    #[test]
    fn lengths_can_be_short() {
        assert_eq!(fine("250ms"), Ok(250));
        assert_eq!(fine("2.5s"), Ok(2_500));
        assert_eq!(fine("30m"), Ok(1_800_000));
        for wrong in ["", "s", "-1s", "1e3s", "2.5", "ms"] {
            assert!(fine(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn shares_are_percents_or_numbers() {
        assert_eq!(share("2%"), Ok(0.02));
        assert_eq!(share("0.5"), Ok(0.5));
        assert!(share("101%").is_err() && share("-1%").is_err() && share("x").is_err());
    }
}
