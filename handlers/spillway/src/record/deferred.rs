//! Events that wait for their tenant: an item each, in a partition for each tenant and lane. So no
//! item grows with the number of events that wait. A directory names the partitions that can hold
//! any.
//!
//! The row says `WAITING` before its item is put. The row decides: an item whose row says something
//! else is forgotten.

use super::row::{Row, RowKey, State};
use crate::Millis;
use crate::event::{ObjectEvent, digest, time};

/// The events of one tenant that wait in one lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantQueue {
    /// The lane's name; in a pipeline of one lane empty.
    pub lane: String,
    pub tenant: String,
}

/// The place of an event that waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub queue: TenantQueue,
    /// Sorts by the event's time. An event that is deferred again has the same place, unless it was
    /// told with another time.
    pub sk: String,
}

impl Place {
    pub fn of(queue: TenantQueue, event: &ObjectEvent) -> Self {
        const DIGEST_BYTES: usize = 12;
        // An event whose time nobody can read is as old as any.
        let time = time::millis(&event.event_time).unwrap_or_default().max(0);
        let RowKey { pk, sk } = RowKey::of(event);
        let digest = digest::of([pk.as_str(), sk.as_str()], DIGEST_BYTES);
        Self {
            queue,
            sk: format!("{time:013}#{digest}"),
        }
    }
}

/// An event that waits for its tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Deferred {
    pub place: Place,
    /// The attempt that waits.
    pub attempt: u32,
    /// Its row, read after the item; `Err`: this release cannot read it.
    pub row: Result<Option<Row>, String>,
}

impl Deferred {
    /// Returns whether it waits no longer: its row has another state, or has had this attempt.
    pub fn is_gone(&self) -> bool {
        match &self.row {
            Ok(Some(row)) => row.state != State::Waiting || row.attempt >= self.attempt,
            Ok(None) => true,
            Err(_) => false,
        }
    }
}

/// A queue that the directory names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Named {
    pub queue: TenantQueue,
    /// Of the write that named it last: it is removed only if nobody named it since. `None`: this
    /// release cannot read it, and never removes it.
    pub token: Option<String>,
    /// When it was named first: since then some event of the tenant waits.
    pub since: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: &str, key: &str) -> ObjectEvent {
        let mut event = crate::event::tests::event(key, "1");
        event.event_time = time.to_owned();
        event
    }

    fn sk(time: &str, key: &str) -> String {
        let queue = TenantQueue {
            lane: String::new(),
            tenant: "acme".into(),
        };
        Place::of(queue, &event(time, key)).sk
    }

    #[test]
    fn places_sort_by_the_time_of_their_events() {
        let older = sk("2026-11-30T10:00:00.000Z", "b");
        let newer = sk("2026-11-30T10:00:00.001Z", "a");
        assert!(older < newer, "{older} {newer}");
        assert_eq!(older, sk("2026-11-30T10:00:00.000Z", "b"));
        assert_ne!(older, sk("2026-11-30T10:00:00.000Z", "c"));
        assert!(sk("never", "a") < older);
    }
}
