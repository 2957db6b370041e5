//! Reading and writing the ledger's attribute values. An attribute of another type than expected is
//! named.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::error::AwsError;
use spillway::{SCHEMA_VERSION, readable};

/// An item as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Returns the key of an item.
pub fn key(pk: &str, sk: &str) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// Reads one item's attributes; every error names the item and the attribute.
pub struct Reader<'a> {
    item: &'a Item,
}

impl<'a> Reader<'a> {
    pub fn new(item: &'a Item) -> Self {
        Self { item }
    }

    /// Refuses an item that a release too far from this one wrote.
    pub fn readable(self) -> Result<Self, AwsError> {
        match self.optional_number("v")? {
            Some(version) if !readable(version) => Err(self.error(format!(
                "its schema version is {version}, and this release reads {SCHEMA_VERSION} and its neighbours: apply the \
                 release that wrote it"
            ))),
            _ => Ok(self),
        }
    }

    /// The item's key, for people.
    fn key(&self) -> String {
        let part = |name| {
            self.item
                .get(name)
                .and_then(|value| value.as_s().ok())
                .map_or("?", |part| part)
        };
        format!("item (pk = {}, sk = {})", part("pk"), part("sk"))
    }

    pub fn error(&self, reason: impl Into<String>) -> AwsError {
        AwsError::Ledger {
            item: self.key(),
            reason: reason.into(),
        }
    }

    pub fn optional_text(&self, name: &str) -> Result<Option<String>, AwsError> {
        match self.item.get(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.error(format!("its attribute {name} is not a string"))),
        }
    }

    pub fn text(&self, name: &str) -> Result<String, AwsError> {
        let value = self.optional_text(name)?;
        value.ok_or_else(|| self.error(format!("its attribute {name} is missing")))
    }

    pub fn optional_number<T: FromStr>(&self, name: &str) -> Result<Option<T>, AwsError> {
        match self.item.get(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::N(digits)) => {
                let wrong = |_| {
                    self.error(format!(
                        "its attribute {name} is {digits}, which is out of range"
                    ))
                };
                digits.parse().map(Some).map_err(wrong)
            }
            Some(_) => Err(self.error(format!("its attribute {name} is not a number"))),
        }
    }

    pub fn number<T: FromStr>(&self, name: &str) -> Result<T, AwsError> {
        let value = self.optional_number(name)?;
        value.ok_or_else(|| self.error(format!("its attribute {name} is missing")))
    }

    /// Reads a flag. Returns `false` when it is absent.
    pub fn flag(&self, name: &str) -> Result<bool, AwsError> {
        Ok(self.optional_flag(name)?.unwrap_or_default())
    }

    pub fn optional_flag(&self, name: &str) -> Result<Option<bool>, AwsError> {
        match self.item.get(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.error(format!("its attribute {name} is not true or false"))),
        }
    }

    /// Reads a list of strings. Returns an empty one when it is absent.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, AwsError> {
        let wrong = || self.error(format!("its attribute {name} is not a list of strings"));
        match self.item.get(name) {
            None | Some(AttributeValue::Null(_)) => Ok(Vec::new()),
            Some(AttributeValue::L(list)) => list
                .iter()
                .map(|value| value.as_s().cloned().map_err(|_| wrong()))
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// Reads a list of numbers. Returns `None` when it is absent.
    pub fn optional_numbers<T: FromStr>(&self, name: &str) -> Result<Option<Vec<T>>, AwsError> {
        let wrong = || self.error(format!("its attribute {name} is not a list of numbers"));
        match self.item.get(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::L(list)) => list
                .iter()
                .map(|value| value.as_n().ok().and_then(|digits| digits.parse().ok()))
                .collect::<Option<Vec<T>>>()
                .map(Some)
                .ok_or_else(wrong),
            Some(_) => Err(wrong()),
        }
    }
}
