//! The attribute `about` of the control item. For each override: the person who set it, the time,
//! the reason and the end.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Item, Reader};
use crate::error::AwsError;
use spillway::Millis;
use spillway::event::time::millis;

pub(super) const ABOUT: &str = "about";

/// The author, reason and times of one override, beside its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    pub by: Option<String>,
    pub since: Option<String>,
    pub note: Option<String>,
    /// When it ends by itself.
    pub until: Option<Millis>,
}

/// The value that an entry is about. With another one by now, a person has written that by hand
/// since: the entry is not of it.
pub(super) const VALUE: &str = "value";

/// Reads `about`. Returns its entries, without those for a value that the item no longer has.
pub(super) fn about(item: &Item) -> Result<BTreeMap<String, About>, AwsError> {
    let reader = Reader::new(item);
    let entries = match item.get(ABOUT) {
        None | Some(AttributeValue::Null(_)) => return Ok(BTreeMap::new()),
        Some(AttributeValue::M(entries)) => entries,
        Some(_) => return Err(reader.error("its attribute about is not a map")),
    };
    let mut about = BTreeMap::new();
    for (name, entry) in entries {
        let AttributeValue::M(entry) = entry else {
            return Err(reader.error(format!("its attribute about.{name} is not a map")));
        };
        if entry
            .get(VALUE)
            .is_some_and(|value| item.get(name) != Some(value))
        {
            continue;
        }
        let entry = Reader::new(entry);
        let wrong = |what: &str| reader.error(format!("its attribute about.{name}: {what}"));
        let text = |of: &str| {
            entry
                .optional_text(of)
                .map_err(|_| wrong(&format!("{of} is not a string")))
        };
        let until = match text("until")? {
            None => None,
            Some(until) => Some(millis(&until).ok_or_else(|| {
                wrong(&format!(
                    "until is {until:?}, which is no time such as 2026-11-22T10:00:00Z"
                ))
            })?),
        };
        let entry = About {
            by: text("by")?,
            since: text("since")?,
            note: text("note")?,
            until,
        };
        about.insert(name.clone(), entry);
    }
    Ok(about)
}

/// Returns the overrides that end by themselves, each with its end.
pub(super) fn until(item: &Item) -> Result<BTreeMap<String, Millis>, AwsError> {
    let ends = about(item)?.into_iter();
    let ends = ends.filter_map(|(name, about)| Some((name, about.until?)));
    Ok(ends.collect())
}
