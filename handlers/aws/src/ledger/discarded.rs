//! Messages that a person dropped for good: `pk = discarded`, `sk = <when>#<message id>`. The name
//! of a bucket is followed by a `/` in every row's key, so no row has this key.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Ledger;
use super::item::{key, number, text};
use crate::error::AwsError;
use spillway::event::time::iso;
use spillway::text::cut;
use spillway::{Millis, SCHEMA_VERSION};

const PARTITION: &str = "discarded";
/// The record is kept as long as an execution can be looked up, and longer.
const KEPT_SECONDS: i64 = 400 * 24 * 60 * 60;
/// Bytes of a message's body that are kept: with them it can be sent again, unless it is cut.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A message that is about to be dropped.
#[derive(Debug, Clone, Copy)]
pub struct Discarded<'a> {
    pub message_id: &'a str,
    pub stage: &'a str,
    pub queue: &'a str,
    /// `<bucket>/<key>` of each object.
    pub objects: &'a [String],
    pub reason: &'a str,
    pub body: &'a str,
    /// The message's attribute: to send it again, it is needed too.
    pub attempt: Option<&'a str>,
    pub by: &'a str,
    pub note: &'a str,
    pub now: Millis,
}

impl Ledger {
    /// Records the person who dropped a message, the time and the reason. Doing it again does no
    /// harm.
    pub async fn record_discarded(&self, of: Discarded<'_>) -> Result<(), AwsError> {
        let objects = of.objects.iter().map(text).collect();
        let at = format!("{}#{}", iso(of.now), of.message_id);
        let mut request = self.client.put_item().set_item(Some(key(PARTITION, &at)));
        if let Some(attempt) = of.attempt {
            request = request.item("attempt", text(attempt));
        }
        request
            .table_name(&self.table)
            .item("v", number(SCHEMA_VERSION))
            .item("stage", text(of.stage))
            .item("queue", text(of.queue))
            .item("objects", AttributeValue::L(objects))
            .item("reason", text(of.reason))
            .item("body", text(cut(of.body, MAX_BODY_BYTES)))
            .item("cut", AttributeValue::Bool(of.body.len() > MAX_BODY_BYTES))
            .item("by", text(of.by))
            .item("note", text(of.note))
            .item("at", number(of.now))
            .item("expires_at", number(of.now / 1_000 + KEPT_SECONDS))
            .send()
            .await
            .map_err(|error| AwsError::call("recording a dropped message", &error))?;
        Ok(())
    }
}
