//! `discard`: dead letters are dropped for good, and the ledger keeps the author and the reason.

use aws::ledger::{Discarded, Ledger};
use aws_sdk_sqs::types::Message;
use spillway::event::ObjectEvent;
use spillway::message;
use spillway::record::row::{RowKey, State};

use super::letters::{contents, id};
use super::queue::Found;
use crate::fault::Fault;
use crate::options::Stage;
use crate::time;

/// The author of a drop, and the reason.
#[derive(Debug, Clone)]
pub struct Discarding<'a> {
    pub ledger: &'a Ledger,
    pub stage: Stage,
    pub by: &'a str,
    pub note: &'a str,
}

impl Discarding<'_> {
    /// Records that these messages are dropped: an item for each, and a mark in each row with a
    /// failed last attempt.
    pub async fn record(&self, source: &Found, messages: &[Message]) -> Result<(), Fault> {
        let now = time::now();
        for letter in messages {
            let about = contents(letter);
            let body = letter.body.as_deref().unwrap_or_default();
            let attempt = letter
                .message_attributes
                .as_ref()
                .and_then(|attributes| attributes.get("attempt")?.string_value());
            let record = Discarded {
                attempt,
                message_id: id(letter),
                stage: self.stage.word(),
                queue: source.name(),
                objects: &about.objects,
                reason: &about.error,
                body,
                by: self.by,
                note: self.note,
                now,
            };
            self.ledger.record_discarded(record).await?;
            for at in events(body).iter().map(RowKey::of) {
                let row = self.ledger.row(&at).await?;
                if let Some(row) = row.filter(|row| row.state == State::Dead) {
                    self.ledger
                        .record_discard(&at, (row.state, row.attempt), self.by, self.note, now)
                        .await?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the object events of a body; none if it is not understood.
fn events(body: &str) -> Vec<ObjectEvent> {
    message::parse(body)
        .map(message::Body::into_events)
        .unwrap_or_default()
}
