//! Reads and writes of the operator's program. They take more attributes than decisions need, and
//! the large reads are eventually consistent.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::future::try_join_all;

use super::Ledger;
use super::heads::{HEAD, head};
use super::item::{Item, Reader, key, number, text};
use super::lease::left;
use super::rows::row;
use super::slots::{UnreadableSlot, found};
use super::update::Update;
use super::waiters::partition;
use crate::error::AwsError;
use spillway::Millis;
use spillway::pace::layout::{Layout, Shard};
use spillway::record::head::Head;
use spillway::record::lease::Left;
use spillway::record::row::{Row, RowKey, State};
use spillway::record::slot::Slot;

/// The slots, a moment ago at the most.
#[derive(Debug, Clone, Default)]
pub struct SlotsSeen {
    pub slots: Vec<Slot>,
    /// Those that this release cannot read.
    pub unreadable: Vec<UnreadableSlot>,
    pub units: f64,
}

/// The lease item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LeaseSeen {
    /// The tick that has it; `None`: nobody has.
    pub holder: Option<String>,
    pub held_since: Option<Millis>,
    pub expires_at: Option<Millis>,
    pub left: Left,
}

/// A row with its times.
#[derive(Debug, Clone)]
pub struct RowSeen {
    pub key: RowKey,
    pub row: Row,
    pub state_machine_arn: Option<String>,
    pub queued_at: Option<Millis>,
    pub started_at: Option<Millis>,
    pub waiting_since: Option<Millis>,
    pub finished_at: Option<Millis>,
    pub error: Option<String>,
    pub cause: Option<String>,
    /// The run of reconcile that found it.
    pub run: Option<String>,
    /// The person who dropped it for good, and the reason.
    pub discarded_by: Option<String>,
    pub discarded_note: Option<String>,
    /// The attempt after which it was dropped.
    pub discarded_attempt: Option<u32>,
}

impl RowSeen {
    /// Returns whether a person has dropped it for good, and nobody has asked for another attempt
    /// since.
    pub fn is_discarded(&self) -> bool {
        self.row.state == State::Dead && self.discarded_attempt == Some(self.row.attempt)
    }
}

/// A version that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiterSeen {
    pub version: String,
    pub attempt: u32,
}

/// The ledger's items about one object.
#[derive(Debug, Clone, Default)]
pub struct ObjectSeen {
    pub rows: Vec<Result<RowSeen, String>>,
    pub head: Option<Head>,
    pub waiters: Vec<WaiterSeen>,
    pub units: f64,
}

/// The counts of a run of reconcile so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunSeen {
    pub counts: BTreeMap<String, f64>,
    pub problem: Option<String>,
}

/// A page of the rows in some states.
#[derive(Debug, Clone, Default)]
pub struct ScanPage {
    pub rows: Vec<Result<RowSeen, String>>,
    /// The first key of the next page; `None`: this was the last.
    pub next: Option<RowKey>,
    pub scanned: u64,
    pub units: f64,
}

fn seen(item: &Item) -> Result<RowSeen, AwsError> {
    let reader = Reader::new(item);
    let time = |name: &str| reader.optional_number(name);
    Ok(RowSeen {
        key: RowKey {
            pk: reader.text("pk")?,
            sk: reader.text("sk")?,
        },
        row: row(item)?,
        state_machine_arn: reader.optional_text("state_machine_arn")?,
        queued_at: time("queued_at")?,
        started_at: time("started_at")?,
        waiting_since: time("waiting_since")?,
        finished_at: time("finished_at")?,
        error: reader.optional_text("error")?,
        cause: reader.optional_text("cause")?,
        run: reader.optional_text("run")?,
        discarded_by: reader.optional_text("discarded_by")?,
        discarded_note: reader.optional_text("discarded_note")?,
        discarded_attempt: reader.optional_number("discarded_attempt")?,
    })
}

/// Returns whether an item's key is a row's, which ends in `<kind>#…`. Other items with a state are
/// no rows.
fn is_row(item: &Item) -> bool {
    let sk = Reader::new(item).text("sk");
    sk.is_ok_and(|sk| sk.contains('#'))
}

fn told(item: &Item) -> Result<RowSeen, String> {
    seen(item).map_err(|problem| problem.to_string())
}

impl Ledger {
    /// Reads every slot of both layouts, eventually consistent, at half the units of a strong read.
    /// The lease is not asked for the layouts: with a slot that was put meanwhile it could be older
    /// than the slots.
    pub async fn slots_seen(&self) -> Result<SlotsSeen, AwsError> {
        let shards = Layout::ALL.into_iter().flat_map(Layout::shards);
        let mut seen = SlotsSeen::default();
        for shard in try_join_all(shards.map(|shard| self.slots_seen_in(shard))).await? {
            seen.slots.extend(shard.slots);
            seen.unreadable.extend(shard.unreadable);
            seen.units += shard.units;
        }
        Ok(seen)
    }

    async fn slots_seen_in(&self, shard: Shard) -> Result<SlotsSeen, AwsError> {
        let mut seen = SlotsSeen::default();
        let mut from = None;
        loop {
            let page = self
                .shard_query(shard)
                .consistent_read(false)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call("reading the slots", &error))?;
            for item in page.items() {
                match found(item) {
                    Ok(slot) => seen.slots.push(slot),
                    Err(unreadable) => seen.unreadable.push(unreadable),
                }
            }
            let consumed = page.consumed_capacity.as_ref();
            seen.units += consumed
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(seen);
            }
        }
    }

    /// Reads the lease, strongly, without taking it: a read unit.
    pub async fn lease_seen(&self) -> Result<LeaseSeen, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key("lease", "dispatch")))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading the lease", &error))?;
        let Some(item) = answer.item else {
            return Ok(LeaseSeen::default());
        };
        let reader = Reader::new(&item);
        Ok(LeaseSeen {
            holder: reader.optional_text("holder")?,
            held_since: reader.optional_number("held_since")?,
            expires_at: reader.optional_number("expires_at_ms")?,
            left: left(Some(&item))?,
        })
    }

    /// Takes the lease from a holder that is dead, and leaves the numbers that its tick reserved.
    /// Returns `false` if it was renewed, released or taken since `seen` was read.
    pub async fn take_lease_from(&self, seen: &LeaseSeen) -> Result<bool, AwsError> {
        let Some(holder) = &seen.holder else {
            return Ok(false);
        };
        let update = Update::default()
            .remove("holder")
            .remove("held_since")
            .remove("expires_at_ms")
            .only_if("holder", text(holder))
            .only_if_still("expires_at_ms", seen.expires_at.map(number));
        let taken = self
            .update(
                key("lease", "dispatch"),
                update,
                "taking the lease from a dead tick",
            )
            .await?;
        Ok(taken.is_ok())
    }

    /// Reads all that the ledger knows of an object, `<bucket>/<key>`, strongly.
    pub async fn object_seen(&self, pk: &str) -> Result<ObjectSeen, AwsError> {
        let mut object = ObjectSeen::default();
        let (items, units) = self.partition_items(pk, "reading an object's rows").await?;
        object.units = units;
        for item in items {
            match Reader::new(&item).text("sk")?.as_str() {
                HEAD => object.head = Some(head(&item)?),
                _ => object.rows.push(told(&item)),
            }
        }
        if object.head.is_some() {
            let (items, units) = self
                .partition_items(&partition(pk), "reading the waiters")
                .await?;
            object.units += units;
            for item in items {
                let reader = Reader::new(&item);
                object.waiters.push(WaiterSeen {
                    version: reader.text("sk")?,
                    attempt: reader.number("attempt")?,
                });
            }
        }
        Ok(object)
    }

    async fn partition_items(
        &self,
        pk: &str,
        call: &'static str,
    ) -> Result<(Vec<Item>, f64), AwsError> {
        let (mut items, mut units, mut from) = (Vec::new(), 0.0, None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", text(pk))
                .consistent_read(true)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| AwsError::call(call, &error))?;
            let consumed = page.consumed_capacity.as_ref();
            units += consumed
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default();
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok((items, units));
            }
        }
    }

    /// Reads the rows at these keys with their times, strongly, and the heads of these objects.
    /// Returns those that exist. A row that cannot be read is an error of its own. Each key takes a
    /// read unit.
    pub async fn rows_seen(
        &self,
        rows: &[RowKey],
        heads: &[String],
    ) -> Result<(Vec<Result<RowSeen, String>>, BTreeMap<String, Head>), AwsError> {
        let mut keys: Vec<(&str, &str)> = rows
            .iter()
            .map(|row| (row.pk.as_str(), row.sk.as_str()))
            .chain(heads.iter().map(|pk| (pk.as_str(), HEAD)))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let keys = keys.into_iter().map(|(pk, sk)| key(pk, sk)).collect();
        let (mut seen_rows, mut seen_heads) = (Vec::new(), BTreeMap::new());
        for item in self.batch_get(keys).await? {
            let reader = Reader::new(&item);
            if reader.text("sk")? == HEAD {
                seen_heads.insert(reader.text("pk")?, head(&item)?);
            } else {
                seen_rows.push(told(&item));
            }
        }
        Ok((seen_rows, seen_heads))
    }

    /// Reads a page of about 1 MB of one of `segments` parts of the ledger, eventually consistent.
    /// Returns the rows that are in one of these states and whose `<bucket>/<key>` begins with
    /// `prefix`, if one is given.
    pub async fn scan_rows(
        &self,
        states: &[State],
        prefix: Option<&str>,
        segment: (u32, u32),
        from: Option<&RowKey>,
    ) -> Result<ScanPage, AwsError> {
        let names: Vec<String> = (0..states.len())
            .map(|index| format!(":state{index}"))
            .collect();
        let mut condition = format!("#state IN ({})", names.join(", "));
        let mut request = self
            .client
            .scan()
            .table_name(&self.table)
            .expression_attribute_names("#state", "state")
            .segment(i32::try_from(segment.0).unwrap_or_default())
            .total_segments(i32::try_from(segment.1).unwrap_or(1))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_exclusive_start_key(from.map(|from| key(&from.pk, &from.sk)));
        for (name, state) in names.into_iter().zip(states) {
            request = request.expression_attribute_values(name, text(state.as_str()));
        }
        if let Some(prefix) = prefix {
            condition.push_str(" AND begins_with(pk, :prefix)");
            request = request.expression_attribute_values(":prefix", text(prefix));
        }
        let page = request
            .filter_expression(condition)
            .send()
            .await
            .map_err(|error| AwsError::call("going over the ledger", &error))?;
        let next = match &page.last_evaluated_key {
            None => None,
            Some(last) => {
                let last = Reader::new(last);
                Some(RowKey {
                    pk: last.text("pk")?,
                    sk: last.text("sk")?,
                })
            }
        };
        let consumed = page.consumed_capacity.as_ref();
        Ok(ScanPage {
            rows: page
                .items()
                .iter()
                .filter(|item| is_row(item))
                .map(told)
                .collect(),
            next,
            scanned: u64::try_from(page.scanned_count).unwrap_or_default(),
            units: consumed
                .and_then(|consumed| consumed.capacity_units)
                .unwrap_or_default(),
        })
    }

    /// Returns the table's size in bytes, as DynamoDB knew it up to six hours ago.
    pub async fn bytes(&self) -> Result<u64, AwsError> {
        let answer = self
            .client
            .describe_table()
            .table_name(&self.table)
            .send()
            .await
            .map_err(|error| AwsError::call("describing the ledger", &error))?;
        let size = answer.table.and_then(|table| table.table_size_bytes);
        Ok(size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or_default())
    }

    /// Writes into a finished row the person who dropped it for good, the time and the reason.
    /// Returns `false` if the row is not as it was read.
    pub async fn record_discard(
        &self,
        at: &RowKey,
        seen: (State, u32),
        by: &str,
        note: &str,
        now: Millis,
    ) -> Result<bool, AwsError> {
        let update = Update::default()
            .set("discarded_by", text(by))
            .set("discarded_at", number(now))
            .set("discarded_note", text(note))
            .set("discarded_attempt", number(seen.1))
            .only_if("state", text(seen.0.as_str()))
            .only_if("attempt", number(seen.1));
        let written = self
            .update(key(&at.pk, &at.sk), update, "recording a discard")
            .await?;
        Ok(written.is_ok())
    }

    /// Reads the counts of a run of reconcile. Returns `None` before its first count.
    pub async fn run_seen(&self, run: &str) -> Result<Option<RunSeen>, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key("reconcile", run)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading a run of reconcile", &error))?;
        Ok(answer.item.map(|item| {
            let counts = item.iter().filter_map(|(name, value)| match value {
                AttributeValue::N(digits) if !["v", "expires_at"].contains(&name.as_str()) => {
                    Some((name.clone(), digits.parse().ok()?))
                }
                _ => None,
            });
            RunSeen {
                counts: counts.collect(),
                problem: match item.get("problem") {
                    Some(AttributeValue::S(problem)) => Some(problem.clone()),
                    _ => None,
                },
            }
        }))
    }
}
