//! Rows of versions that reconcile found, and the other rows of their objects.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::Ledger;
use super::conditional::done_or_needless;
use super::heads::HEAD;
use super::item::{Reader, key, number, text};
use super::rows::{event_known, row};
use super::update::Update;
use crate::error::AwsError;
use spillway::Millis;
use spillway::event::ObjectEvent;
use spillway::protocol::call::Written;
use spillway::record::row::{Row, RowKey, State};

/// One of an object's rows.
#[derive(Debug, Clone)]
pub struct Story {
    pub row: Row,
    /// The run of reconcile that found it.
    pub run: Option<String>,
}

/// A version that is about to be queued.
#[derive(Debug, Clone, Copy)]
pub struct FoundVersion<'a> {
    pub event: &'a ObjectEvent,
    /// The lane of its source, in a pipeline of several.
    pub lane: Option<&'a str>,
    /// The run that found it.
    pub run: &'a str,
    pub now: Millis,
}

impl Ledger {
    /// Reads all rows of an object. Returns them, and the read units they took.
    pub async fn story(&self, pk: &str, consistent: bool) -> Result<(Vec<Story>, f64), AwsError> {
        let (mut story, mut units, mut from) = (Vec::new(), 0.0, None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(pk))
                .consistent_read(consistent)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading an object's rows", &error))?;
            units += page
                .consumed_capacity
                .as_ref()
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default();
            for item in page.items() {
                let reader = Reader::new(item);
                if reader.text("sk")? != HEAD {
                    story.push(Story {
                        row: row(item)?,
                        run: reader.optional_text("run")?,
                    });
                }
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok((story, units));
            }
        }
    }

    /// Writes that a found version is about to be queued, unless it has a row of any state.
    pub async fn enqueue_found(&self, found: FoundVersion<'_>) -> Result<Written, AwsError> {
        let update = event_known(Update::default(), found.event, found.lane)
            .set("state", text(State::Queued.as_str()))
            .set("attempt", number(0))
            .set("queued_at", number(found.now))
            .set("run", text(found.run))
            .only_if_absent();
        self.write_row(found.event, update, "writing a row").await
    }

    /// Removes a row of a version that has another one, unless it was processed since it was read.
    pub async fn withdraw(&self, at: &RowKey) -> Result<(), AwsError> {
        let answer = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(&at.pk, &at.sk)))
            .condition_expression("#state = :queued AND #attempt = :none")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#attempt", "attempt")
            .expression_attribute_values(":queued", text(State::Queued.as_str()))
            .expression_attribute_values(":none", AttributeValue::N("0".into()))
            .send()
            .await;
        done_or_needless(answer, "removing a second row")
    }
}
