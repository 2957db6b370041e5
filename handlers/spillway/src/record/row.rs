//! The event row: the ledger's record of one object event.

use crate::event::ObjectEvent;
use crate::event::identity;

/// Bytes kept of an execution's error name. With it, a row of a key of up to 300 bytes stays below
/// one write unit (1 KiB).
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>
pub const MAX_ERROR_BYTES: usize = 64;
/// Bytes kept of an execution's cause.
pub const MAX_CAUSE_BYTES: usize = 200;

/// The place of a row in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// `<bucket>/<key>`: all rows of one object are one query.
    pub pk: String,
    /// Which of the object's events it is of: [`identity::sort_key`].
    pub sk: String,
}

impl RowKey {
    pub fn of(event: &ObjectEvent) -> Self {
        Self {
            pk: format!("{}/{}", event.bucket, event.key),
            sk: identity::sort_key(event),
        }
    }
}

/// Returns the object's key, given the partition key of its rows.
pub fn key_of(pk: &str) -> Option<&str> {
    pk.split_once('/').map(|(_, key)| key)
}

/// The state of an object event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Known to the ledger before it was queued.
    Queued,
    /// Claimed: an execution of this attempt runs, or is about to. It holds a slot.
    Started,
    /// The last attempt failed; a message that asks for the next one is in the events queue.
    Retry,
    Succeeded,
    /// The last attempt failed for good; a message that asks for the next one is in the dead-letter
    /// queue.
    Dead,
    /// A newer version of the object was taken instead.
    Superseded,
    /// Waits for another execution of its object to end.
    Waiting,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Started,
        Self::Retry,
        Self::Succeeded,
        Self::Dead,
        Self::Superseded,
        Self::Waiting,
    ];

    /// Returns the ledger's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Started => "STARTED",
            Self::Retry => "RETRY",
            Self::Succeeded => "SUCCEEDED",
            Self::Dead => "DEAD",
            Self::Superseded => "SUPERSEDED",
            Self::Waiting => "WAITING",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Returns whether a row is finished. Finished rows can expire; all others are still owed an
    /// outcome.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Dead | Self::Superseded)
    }
}

/// A row, as far as the decisions need it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    pub event: ObjectEvent,
    pub state: State,
    /// The last attempt that was claimed; 0 when none was.
    pub attempt: u32,
    /// The execution of that attempt.
    pub execution: Option<String>,
    /// The lane that it came by, if the pipeline has several: its next attempts use the same.
    pub lane: Option<String>,
    /// So many of its attempts ended because the target takes no more, and do not count.
    pub uncounted: u32,
}

impl Row {
    /// Returns whether nothing but its being queued is known of it.
    pub fn is_untouched(&self) -> bool {
        self.state == State::Queued && self.attempt == 0
    }

    /// Returns whether the row is claimed for this very execution.
    pub fn is_started_by(&self, execution: &str) -> bool {
        self.state == State::Started && self.execution.as_deref() == Some(execution)
    }
}

/// How often an event was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tried {
    /// The last attempt.
    pub attempt: u32,
    /// So many of its attempts do not count.
    pub uncounted: u32,
}

impl Tried {
    pub fn of(row: &Row) -> Self {
        Self {
            attempt: row.attempt,
            uncounted: row.uncounted,
        }
    }

    /// Returns how many attempts count.
    pub fn counted(self) -> u32 {
        self.attempt.saturating_sub(self.uncounted)
    }
}

/// A row as it was read, as far as a condition goes: the attempt only ever grows, so attempt and
/// state are the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    pub state: State,
    pub attempt: u32,
}

impl From<&Row> for Seen {
    fn from(row: &Row) -> Self {
        Self {
            state: row.state,
            attempt: row.attempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;

    #[test]
    fn all_rows_of_an_object_are_one_partition() {
        let mut versioned = event("status/7.json", "0055AED6DCD90281E5");
        versioned.version_id = Some("v1".into());
        let key = RowKey::of(&versioned);
        assert_eq!(
            (key.pk.as_str(), key.sk.as_str()),
            ("uploads/status/7.json", "v#v1")
        );
        let other = RowKey::of(&event("status/7.json", "0055AED6DCD90281E6"));
        assert_eq!(
            (other.pk, other.sk.as_str()),
            (key.pk, "s#0055AED6DCD90281E6")
        );
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse("started"), None);
    }
}
