//! The lease: `pk = lease`, `sk = dispatch`.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Ledger;
use super::circuit::{self, CIRCUIT};
use super::item::{Item, Reader, key, number, text};
use super::update::Update;
use crate::error::AwsError;
use spillway::pace::day::DayStarts;
use spillway::pace::layout::Layout;
use spillway::pace::tokens::Carried;
use spillway::record::layouts::{Layouts, Said};
use spillway::record::lease::{ALL_STARTS, Lap, Left};
use spillway::{Millis, SCHEMA_VERSION};

/// The holder that released the lease last.
const RELEASED_BY: &str = "released_by";

/// The time at which the lease's number of tokens was true.
const TOKENS_AT: &str = "tokens_at";

/// Reconcile's lasting mark, here because every tick reads this item.
const LISTED: &str = "listed";
/// Events can wait for their tenants. A mark that lasts.
const DEFERS: &str = "defers";

/// The number of partitions in which slots are put, and the time since which some can still lie in
/// the old layout. A copy of `tokens_at` stands beside them. Every tick that puts slots writes
/// `tokens_at`, also a tick of a release that knows one partition only. If the two differ, such a
/// tick has run since.
const SLOT_PARTITIONS: &str = "slot_partitions";
const SLOT_PARTITIONS_AT: &str = "slot_partitions_at";
const OLD_SLOTS_SINCE: &str = "old_slots_since";

/// The terms on which a tick takes the lease.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// A random token of this invocation.
    pub holder: String,
    pub now: Millis,
    /// From then on another tick can have it, unless it is renewed.
    pub expires_at: Millis,
}

/// A lease that this invocation holds.
#[derive(Debug, Clone)]
pub struct Lease {
    holder: String,
    pub held_since: Millis,
    /// As the last tick left it.
    pub left: Left,
}

impl Lease {
    /// Returns the token by which it is held.
    pub fn holder(&self) -> &str {
        &self.holder
    }
}

/// Whether the lease was this invocation's until it gave it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    Now,
    /// Another tick took it before: this one outlived its lease.
    Lost,
}

/// Whether the lease was still this invocation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    Now,
    Lost,
}

/// Whether the lease was to be had.
#[derive(Debug, Clone)]
pub enum Taken {
    Mine(Box<Lease>),
    /// Another tick runs, or died less than its lease ago.
    Busy,
}

pub(super) fn left(item: Option<&Item>) -> Result<Left, AwsError> {
    let Some(item) = item else {
        return Ok(Left::default());
    };
    let reader = Reader::new(item).readable()?;
    let carried = (
        reader.optional_number("tokens")?,
        reader.optional_number(TOKENS_AT)?,
    );
    let rate = reader.optional_number("rate")?;
    let tokens = match carried {
        (Some(tokens), Some(at)) => Some(Carried { tokens, at, rate }),
        _ => None,
    };
    Ok(Left {
        tokens,
        lap: Lap {
            began: reader.optional_number("lap_began")?.unwrap_or_default(),
            before: reader.optional_number("lap_before")?.unwrap_or_default(),
            down_to: reader.optional_number("lap_down_to")?,
            page: reader.optional_text("lap_page")?,
        },
        suspect_since: reader.optional_number("suspect_since")?,
        tick: reader.optional_text("tick")?,
        tick_starts: reader.optional_number("tick_starts")?.unwrap_or_default(),
        owed: reader.optional_numbers("owed")?.unwrap_or_default(),
        day: day(&reader)?,
        listed: reader.flag(LISTED)?,
        defers: reader.flag(DEFERS)?,
        layouts: layouts(&reader)?,
        circuit: circuit::read(item)?,
    })
}

/// Before there were several, slots lay in one partition, and each tick that put some had reserved
/// its starts.
fn layouts(reader: &Reader) -> Result<Said, AwsError> {
    let reserved = reader.optional_number::<Millis>(TOKENS_AT)?;
    let Some(partitions) = reader.optional_number(SLOT_PARTITIONS)? else {
        let before = Said::Layouts(Layouts::default());
        return Ok(reserved.map_or(Said::Nothing, |_| before));
    };
    let layout = Layout::parse(partitions);
    let current = layout.ok_or_else(|| {
        reader.error(format!(
            "its attribute {SLOT_PARTITIONS} is {partitions}, which is neither 1 nor 16"
        ))
    })?;
    let layouts = Layouts {
        current,
        old_since: reader.optional_number(OLD_SLOTS_SINCE)?,
    };
    let at = reader.optional_number::<Millis>(SLOT_PARTITIONS_AT)?;
    Ok(match at == reserved {
        true => Said::Layouts(layouts),
        false => Said::Outdated(layouts),
    })
}

/// `tokens_at`: as the lease has it from then on.
fn set_layouts(update: Update<'_>, layouts: Layouts, tokens_at: Option<Millis>) -> Update<'_> {
    update
        .set(SLOT_PARTITIONS, number(layouts.current.partitions()))
        .set_or_remove(SLOT_PARTITIONS_AT, tokens_at.map(number))
        .set_or_remove(OLD_SLOTS_SINCE, layouts.old_since.map(number))
}

fn lost(call: &'static str) -> AwsError {
    AwsError::Call {
        call,
        reason:
            "another tick took the lease meanwhile: run spillway status, which names its holder"
                .into(),
    }
}

fn day(reader: &Reader) -> Result<Option<DayStarts>, AwsError> {
    let Some(day) = reader.optional_text("day")? else {
        return Ok(None);
    };
    let day = day
        .parse()
        .map_err(|_| reader.error(format!("its attribute day is {day:?}, which is no date")))?;
    Ok(Some(DayStarts {
        day,
        starts: reader.optional_number("day_starts")?.unwrap_or_default(),
        next_day: reader
            .optional_number("next_day_starts")?
            .unwrap_or_default(),
    }))
}

fn set_day<'a>(update: Update<'a>, day: &DayStarts) -> Update<'a> {
    let next_day = (day.next_day > 0).then(|| number(day.next_day));
    update
        .set("day", text(day.day.to_string()))
        .set("day_starts", number(day.starts))
        .set_or_remove("next_day_starts", next_day)
}

impl Ledger {
    /// Takes the lease if it is free, expired or already this invocation's. The attributes that the
    /// last tick left stay in the item. The SDK repeats a write whose answer was lost, and so finds
    /// them again.
    pub async fn take_lease(&self, request: LeaseRequest) -> Result<Taken, AwsError> {
        let update = Update::default()
            .set("v", number(SCHEMA_VERSION))
            .set("holder", text(&request.holder))
            .set("held_since", number(request.now))
            .set("expires_at_ms", number(request.expires_at))
            .only_if_absent_below_or(
                ("holder", text(&request.holder)),
                ("expires_at_ms", number(request.now)),
            );
        match self
            .update(key("lease", "dispatch"), update, "taking the lease")
            .await?
        {
            Ok(before) => Ok(Taken::Mine(Box::new(Lease {
                holder: request.holder,
                held_since: request.now,
                left: left(before.as_ref())?,
            }))),
            Err(_) => Ok(Taken::Busy),
        }
    }

    /// Writes the worst case of this tick, before it does anything. No tokens are left, every start
    /// for its scheduled time is made, and slots taken since it began are suspect. With a limit for
    /// the day, the most that it can start counts as started.
    pub async fn reserve(
        &self,
        lease: &Lease,
        tick: Option<&str>,
        day: Option<&DayStarts>,
        layouts: Layouts,
        defers: bool,
    ) -> Result<(), AwsError> {
        const CALL: &str = "reserving the tick's starts";
        let update = Update::default()
            .set("tokens", number(0))
            .set(TOKENS_AT, number(lease.held_since))
            .set_if_absent("suspect_since", number(lease.held_since))
            .set_or_remove("tick", tick.map(text))
            .set("tick_starts", number(ALL_STARTS))
            .only_if("holder", text(&lease.holder));
        let update = match day {
            Some(day) => set_day(update, day),
            None => update,
        };
        let update = set_layouts(update, layouts, Some(lease.held_since));
        let update = match defers {
            true => update.set(DEFERS, AttributeValue::Bool(true)),
            false => update,
        };
        let written = self.update(key("lease", "dispatch"), update, CALL).await?;
        written.map(drop).map_err(|_| lost(CALL))
    }

    /// Writes a change of layouts, before anything rests on it.
    pub async fn change_layouts(&self, lease: &Lease, layouts: Layouts) -> Result<(), AwsError> {
        const CALL: &str = "changing the slot partitions";
        let update = Update::default().only_if("holder", text(&lease.holder));
        let tokens_at = lease.left.tokens.map(|carried| carried.at);
        let update = set_layouts(update, layouts, tokens_at);
        let written = self.update(key("lease", "dispatch"), update, CALL).await?;
        written.map(drop).map_err(|_| lost(CALL))
    }

    /// Renews the lease. With a limit for the day, writes the most that the tick can start on its
    /// day until the lease expires.
    pub async fn renew_lease(
        &self,
        lease: &Lease,
        expires_at: Millis,
        day: Option<&DayStarts>,
    ) -> Result<Renewed, AwsError> {
        let update = Update::default()
            .set("expires_at_ms", number(expires_at))
            .only_if("holder", text(&lease.holder));
        let update = match day {
            Some(day) => set_day(update, day),
            None => update,
        };
        let written = self
            .update(key("lease", "dispatch"), update, "renewing the lease")
            .await?;
        Ok(match written {
            Ok(_) => Renewed::Now,
            Err(_) => Renewed::Lost,
        })
    }

    /// Writes since when slots of this tick can lack their start. A lease that was lost or released
    /// meanwhile is left alone.
    pub async fn checkpoint(&self, lease: &Lease, suspect_since: Millis) -> Result<(), AwsError> {
        let update = Update::default()
            .set("suspect_since", number(suspect_since))
            .only_if("holder", text(&lease.holder));
        let written = self
            .update(key("lease", "dispatch"), update, "writing a checkpoint")
            .await?;
        drop(written);
        Ok(())
    }

    /// Reads the lease. Returns its record of the layouts in which slots lie.
    pub async fn layouts(&self) -> Result<Said, AwsError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key("lease", "dispatch")))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| AwsError::call("reading the lease", &error))?;
        Ok(left(answer.item.as_ref())?.layouts)
    }

    /// Marks that versions without a version id are about to be found: from the next tick on, an
    /// event can be of one of them.
    pub async fn mark_listed(&self) -> Result<(), AwsError> {
        let update = Update::default()
            .set("v", number(SCHEMA_VERSION))
            .set(LISTED, AttributeValue::Bool(true));
        let written = self
            .update(
                key("lease", "dispatch"),
                update,
                "marking that a bucket was listed",
            )
            .await?;
        drop(written);
        Ok(())
    }

    /// Gives the lease back with the truth. A lease that was lost meanwhile is left alone.
    pub async fn release_lease(&self, lease: &Lease, left: &Left) -> Result<Released, AwsError> {
        // One lane is owed nothing.
        let owed = (left.owed.len() > 1)
            .then(|| AttributeValue::L(left.owed.iter().map(number).collect()));
        let mut update = Update::default()
            .remove("holder")
            .remove("held_since")
            .remove("expires_at_ms")
            .set(RELEASED_BY, text(&lease.holder))
            .set("lap_began", number(left.lap.began))
            .set("lap_before", number(left.lap.before))
            .set_or_remove("lap_down_to", left.lap.down_to.map(number))
            .set_or_remove("lap_page", left.lap.page.as_ref().map(text))
            .set_or_remove("suspect_since", left.suspect_since.map(number))
            .set("tick_starts", number(left.tick_starts))
            .set_or_remove("owed", owed)
            .only_if("holder", text(&lease.holder));
        if let Some(carried) = left.tokens {
            update = update
                .set("tokens", number(carried.tokens))
                .set(TOKENS_AT, number(carried.at))
                .set_or_remove("rate", carried.rate.map(number));
        }
        if let Some(day) = &left.day {
            update = set_day(update, day);
        }
        if let Said::Layouts(layouts) = left.layouts {
            update = set_layouts(update, layouts, left.tokens.map(|carried| carried.at));
        }
        update = update.set_or_remove(CIRCUIT, left.circuit.as_ref().map(circuit::write));
        let released = self
            .update(key("lease", "dispatch"), update, "releasing the lease")
            .await?;
        let Err(found) = released else {
            return Ok(Released::Now);
        };
        // The SDK repeats a write whose answer was lost: then the first one released it.
        let released_by = match &found {
            Some(item) => Reader::new(item).optional_text(RELEASED_BY)?,
            None => None,
        };
        Ok(if released_by.as_ref() == Some(&lease.holder) {
            Released::Now
        } else {
            Released::Lost
        })
    }
}
