//! Event rows: `pk = <bucket>/<key>`, `sk`: see
//! [`identity::sort_key`](spillway::event::identity::sort_key).

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::Ledger;
use super::item::{Item, Reader, key, number, text};
use super::statements::Statement;
use super::update::Update;
use crate::error::AwsError;
use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution::outcome::Outcome;
use spillway::protocol::call::Written;
use spillway::record::row::{MAX_ERROR_BYTES, Row, RowKey, State};
use spillway::text::cut;
use spillway::{Millis, SCHEMA_VERSION};

/// Keys of one BatchGetItem.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const BATCH_GET: usize = 100;
/// How often the keys that a BatchGetItem left unprocessed are asked for again.
const BATCH_GET_ROUNDS: u32 = 5;

/// The rows of a batch.
pub type Rows = HashMap<RowKey, Result<Row, AwsError>>;

/// The facts that the end of an execution leaves in its row.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    pub state: State,
    pub outcome: &'a Outcome,
    /// So many of its attempts do not count.
    pub uncounted: u32,
    pub now: Millis,
    /// Seconds since the Unix epoch after which DynamoDB can delete the row; only for finished
    /// states.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>
    pub expires_at: Option<i64>,
}

impl Finish<'_> {
    fn update(&self) -> Update<'static> {
        let error = self.outcome.error.as_deref();
        let update = Update::default()
            .set("state", text(self.state.as_str()))
            .set("finished_at", number(self.now))
            .remove("state_machine_arn")
            .set_or_remove(
                "error",
                error.map(|error| text(cut(error, MAX_ERROR_BYTES))),
            )
            .set_or_remove("cause", self.outcome.cause.as_ref().map(text))
            .set_or_remove("expires_at", self.expires_at.map(number))
            .only_if("state", text(State::Started.as_str()))
            .only_if("execution", text(&self.outcome.execution));
        match self.uncounted {
            0 => update,
            uncounted => update.set("uncounted", number(uncounted)),
        }
    }

    /// Whether a row was written by this.
    fn is_in(&self, item: &Item) -> Result<bool, AwsError> {
        let reader = Reader::new(item);
        let is = |found: Option<String>, own: &str| found.as_deref() == Some(own);
        Ok(is(reader.optional_text("state")?, self.state.as_str())
            && is(reader.optional_text("execution")?, &self.outcome.execution)
            && reader.optional_number("finished_at")? == Some(self.now))
    }
}

pub(super) fn row(item: &Item) -> Result<Row, AwsError> {
    let reader = Reader::new(item).readable()?;
    let pk = reader.text("pk")?;
    let (bucket, object_key) = pk
        .split_once('/')
        .ok_or_else(|| reader.error("its pk is not <bucket>/<key>"))?;
    let sequencer = reader.optional_text("sequencer")?;
    let sequencer = sequencer.as_deref().map(Sequencer::parse).transpose();
    let sequencer = sequencer.map_err(|error| reader.error(error.to_string()))?;
    let state = reader.text("state")?;
    let state = State::parse(&state)
        .ok_or_else(|| reader.error(format!("its state {state} is not known")))?;
    let event = ObjectEvent {
        bucket: bucket.to_owned(),
        key: object_key.to_owned(),
        version_id: reader.optional_text("version_id")?,
        size: reader.optional_number("size")?,
        etag: reader.optional_text("etag")?,
        sequencer,
        event_name: reader.text("event_name")?,
        event_time: reader.text("event_time")?,
    };
    Ok(Row {
        event,
        state,
        attempt: reader.optional_number("attempt")?.unwrap_or_default(),
        execution: reader.optional_text("execution")?,
        lane: reader.optional_text("lane")?,
        uncounted: reader.optional_number("uncounted")?.unwrap_or_default(),
    })
}

/// Adds the attributes that every row has of its event. Returns the update.
pub(super) fn event_known<'a>(
    update: Update<'a>,
    event: &ObjectEvent,
    lane: Option<&str>,
) -> Update<'a> {
    update
        .set("v", number(SCHEMA_VERSION))
        .set("event_name", text(&event.event_name))
        .set("event_time", text(&event.event_time))
        .set_or_remove("size", event.size.map(number))
        .set_or_remove("etag", event.etag.as_ref().map(text))
        .set_or_remove("version_id", event.version_id.as_ref().map(text))
        .set_or_remove(
            "sequencer",
            event.sequencer.as_ref().map(|it| text(it.as_str())),
        )
        .set_or_remove("lane", lane.map(text))
}

impl Ledger {
    /// Reads the rows at these keys. Returns those that exist. A row that cannot be read is an
    /// error of its own, so that it does not stop the others.
    pub async fn rows(&self, keys: &[RowKey]) -> Result<Rows, AwsError> {
        let mut rows = Rows::new();
        // DynamoDB refuses a batch that names a key twice.
        let keys: BTreeSet<&RowKey> = keys.iter().collect();
        let keys: Vec<&RowKey> = keys.into_iter().collect();
        let keys: Vec<Item> = keys.into_iter().map(|row| key(&row.pk, &row.sk)).collect();
        for item in self.batch_get(keys).await? {
            let reader = Reader::new(&item);
            let at = RowKey {
                pk: reader.text("pk")?,
                sk: reader.text("sk")?,
            };
            rows.insert(at, row(&item));
        }
        Ok(rows)
    }

    /// Reads the items at these keys, none of them twice. Returns those that exist.
    pub(super) async fn batch_get(&self, keys: Vec<Item>) -> Result<Vec<Item>, AwsError> {
        let mut items = Vec::new();
        for keys in keys.chunks(BATCH_GET) {
            self.batch_get_some(keys.to_vec(), &mut items).await?;
        }
        Ok(items)
    }

    async fn batch_get_some(
        &self,
        mut wanted: Vec<Item>,
        items: &mut Vec<Item>,
    ) -> Result<(), AwsError> {
        const CALL: &str = "reading rows";
        for round in 0..BATCH_GET_ROUNDS {
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .map_err(|error| AwsError::request(CALL, &error))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, request)
                .send()
                .await
                .map_err(|error| AwsError::call(CALL, &error))?;
            let found = answer.responses.unwrap_or_default().into_values();
            items.extend(found.flatten());
            // A key left unprocessed says nothing about whether its row exists.
            let unprocessed = answer.unprocessed_keys.unwrap_or_default();
            wanted = unprocessed
                .into_values()
                .flat_map(|rest| rest.keys)
                .collect();
            if wanted.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50 << round)).await;
        }
        let reason = format!(
            "{} rows were left unprocessed {BATCH_GET_ROUNDS} times",
            wanted.len()
        );
        Err(AwsError::Passing { call: CALL, reason })
    }

    /// Reads one row, strongly. Returns `None` if there is none.
    pub async fn row(&self, at: &RowKey) -> Result<Option<Row>, AwsError> {
        self.row_item(at).await?.as_ref().map(row).transpose()
    }

    /// Reads one row's item, strongly. Returns `None` if there is none.
    pub(super) async fn row_item(&self, at: &RowKey) -> Result<Option<Item>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(&at.pk, &at.sk)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading a row", &error))?;
        Ok(answer.item)
    }

    /// Writes that an object event is about to be queued, unless it has a row of any state.
    pub async fn enqueue(
        &self,
        event: &ObjectEvent,
        lane: Option<&str>,
        now: Millis,
    ) -> Result<Written, AwsError> {
        let update = event_known(Update::default(), event, lane)
            .set("state", text(State::Queued.as_str()))
            .set("attempt", number(0))
            .set("queued_at", number(now))
            .only_if_absent();
        self.write_row(event, update, "writing a row").await
    }

    pub(super) async fn write_row(
        &self,
        event: &ObjectEvent,
        update: Update<'_>,
        call: &'static str,
    ) -> Result<Written, AwsError> {
        let at = RowKey::of(event);
        match self.update(key(&at.pk, &at.sk), update, call).await? {
            Ok(_) => Ok(Written::Now),
            Err(found) => {
                let row = found.as_ref().map(row).transpose()?;
                Ok(Written::Lost(row.map(Box::new)))
            }
        }
    }

    /// Finishes several rows, as [`Ledger::finish`] does each.
    pub async fn finish_all(
        &self,
        finishes: Vec<(&RowKey, Finish<'_>)>,
    ) -> Vec<Result<Written, AwsError>> {
        let statement = |(at, finish): &(&RowKey, Finish<'_>)| {
            Statement::update(&at.pk, &at.sk, finish.update())
        };
        let alone = |(at, finish)| self.finish(at, finish);
        let call = "writing outcomes";
        self.write_or(finishes, call, statement, |_| Written::Now, alone)
            .await
    }

    /// Writes the end of an execution into its row, on condition that the row is still claimed for
    /// it.
    ///
    /// A row that shows this very end is success: the SDK repeats a write whose answer was lost.
    pub async fn finish(&self, at: &RowKey, finish: Finish<'_>) -> Result<Written, AwsError> {
        const CALL: &str = "writing an outcome";
        let written = self
            .update(key(&at.pk, &at.sk), finish.update(), CALL)
            .await?;
        match written {
            Ok(_) => Ok(Written::Now),
            Err(Some(found)) if finish.is_in(&found)? => Ok(Written::Now),
            Err(found) => {
                let row = found.as_ref().map(row).transpose()?;
                Ok(Written::Lost(row.map(Box::new)))
            }
        }
    }
}
