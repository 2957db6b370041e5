//! The control item as the operator's program reads and writes it. Each override comes with the
//! person who set it, the time, the reason and the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Ledger;
use super::about::{ABOUT, About, VALUE, about};
use super::control;
use super::item::{Item, Reader, key, number, text};
use crate::error::AwsError;
use spillway::event::time::iso;
use spillway::pace::bound;
use spillway::pace::control::{Control, OVERRIDES, is_override};

const PARTITION: &str = "control";
const ITEM: &str = "dispatch";
const REVISION: &str = "revision";

/// The control item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steering {
    pub control: Control,
    /// By the override's name.
    pub about: BTreeMap<String, About>,
    /// Grows with each write. 0: there is no item, or a person wrote it by hand.
    pub revision: u64,
}

fn about_value(about: &About, value: Option<&AttributeValue>) -> AttributeValue {
    let until = about.until.map(iso);
    let parts = [
        ("by", &about.by),
        ("since", &about.since),
        ("note", &about.note),
        ("until", &until),
    ];
    let parts = parts.into_iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some((name.to_owned(), text(value)))
    });
    let value = value.map(|value| (VALUE.to_owned(), value.clone()));
    AttributeValue::M(parts.chain(value).collect())
}

fn item(steering: &Steering) -> Item {
    let Control {
        paused,
        circuit,
        pace,
        lanes,
        since,
        note,
        until: _,
    } = &steering.control;
    let mut item = key(PARTITION, ITEM);
    let mut set = |name: &str, value: Option<AttributeValue>| {
        if let Some(value) = value {
            item.insert(name.to_owned(), value);
        }
    };
    set("paused", paused.map(AttributeValue::Bool));
    set("circuit", circuit.map(|hold| text(hold.as_str())));
    set("max_concurrency", pace.max_concurrency.map(number));
    set("starts_per_second", pace.starts_per_second.map(number));
    set("burst", pace.burst.map(number));
    set("starts_per_tick", pace.starts_per_tick.map(number));
    for (lane, max) in lanes {
        set(&bound::named(lane), Some(number(*max)));
    }
    set("since", since.as_ref().map(text));
    set("note", note.as_ref().map(text));
    set(REVISION, Some(number(steering.revision)));
    let about: HashMap<String, AttributeValue> = steering
        .about
        .iter()
        .map(|(name, about)| (name.clone(), about_value(about, item.get(name))))
        .collect();
    if !about.is_empty() {
        item.insert(ABOUT.to_owned(), AttributeValue::M(about));
    }
    item
}

/// A value as a person would write it.
fn plainly(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) => format!("{text:?}"),
        AttributeValue::N(digits) => digits.clone(),
        AttributeValue::Bool(flag) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

impl Ledger {
    /// Reads the control item, strongly: half a read unit more than an eventually consistent read.
    /// Fails, as a tick does, with the fault that it finds.
    pub async fn steering(&self) -> Result<Steering, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, ITEM)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading the control item", &error))?;
        let Some(item) = answer.item else {
            return Ok(Steering::default());
        };
        let mut about = about(&item)?;
        about.retain(|name, _| is_override(name));
        Ok(Steering {
            control: control::read(&item)?,
            about,
            revision: Reader::new(&item)
                .optional_number(REVISION)?
                .unwrap_or_default(),
        })
    }

    /// Writes the control item over the one that `seen` was read from. Returns `false` if somebody
    /// else wrote it since.
    ///
    /// A person who writes it by hand leaves the revision as it is. The condition therefore
    /// compares the overrides too.
    pub async fn steer(&self, seen: &Steering, next: &Steering) -> Result<bool, AwsError> {
        const CALL: &str = "writing the control item";
        let mut request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(next)));
        let before = item(seen);
        let mut conditions = Vec::new();
        let of_lanes = [seen, next].map(|it| it.control.lanes.keys());
        let of_lanes = of_lanes
            .into_iter()
            .flatten()
            .map(|lane| bound::named(lane));
        let of_lanes: BTreeSet<String> = of_lanes.collect();
        let names = OVERRIDES.into_iter().chain([REVISION]);
        let names = names.chain(of_lanes.iter().map(String::as_str));
        for (index, name) in names.enumerate() {
            request = request.expression_attribute_names(format!("#{index}"), name);
            match before
                .get(name)
                .filter(|_| name != REVISION || seen.revision > 0)
            {
                Some(value) => {
                    request =
                        request.expression_attribute_values(format!(":{index}"), value.clone());
                    conditions.push(format!("#{index} = :{index}"));
                }
                None => conditions.push(format!("attribute_not_exists(#{index})")),
            }
        }
        let answer = request
            .condition_expression(conditions.join(" AND "))
            .send()
            .await;
        let Err(error) = answer else { return Ok(true) };
        match error.as_service_error() {
            // The SDK repeats a write whose answer was lost: an item that is this very one is
            // success.
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                Ok(self.steering().await? == *next)
            }
            _ => Err(AwsError::call(CALL, &error)),
        }
    }

    /// Deletes a control item that cannot be read, and returns its content. Returns `None` if it
    /// can be read by now, or if somebody has changed it meanwhile.
    pub async fn forget_steering(&self) -> Result<Option<String>, AwsError> {
        const CALL: &str = "deleting the control item";
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, ITEM)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading the control item", &error))?;
        let Some(item) = answer.item else {
            return Ok(None);
        };
        if about(&item).is_ok() && control::read(&item).is_ok() {
            return Ok(None);
        }
        let mut attributes: Vec<(&String, &AttributeValue)> = item
            .iter()
            .filter(|(name, _)| !["pk", "sk"].contains(&name.as_str()))
            .collect();
        attributes.sort_by_key(|(name, _)| *name);
        let mut request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(PARTITION, ITEM)));
        let mut conditions = vec!["attribute_exists(pk)".to_owned()];
        for (index, (name, value)) in attributes.iter().enumerate() {
            conditions.push(format!("#{index} = :{index}"));
            request = request
                .expression_attribute_names(format!("#{index}"), *name)
                .expression_attribute_values(format!(":{index}"), (*value).clone());
        }
        let answer = request
            .condition_expression(conditions.join(" AND "))
            .send()
            .await;
        let told: Vec<String> = attributes
            .iter()
            .map(|(name, value)| format!("{name} = {}", plainly(value)))
            .collect();
        match answer {
            Ok(_) => Ok(Some(told.join(", "))),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(AwsError::call(CALL, &error)),
            },
        }
    }
}
