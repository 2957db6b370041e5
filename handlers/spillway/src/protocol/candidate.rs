//! One attempt of one object event that is asked for: by a message, or by an event that waited for
//! its tenant.

use std::hash::Hash;

use crate::event::{ObjectEvent, Sequencer, time};
use crate::execution::input;
use crate::message::Received;
use crate::reconcile::place;
use crate::record::deferred::{Deferred, Place};
use crate::record::head::Head;
use crate::record::row::{Row, RowKey};
use crate::record::version;
use crate::rules::batch::Member;

/// A message that was understood, or an event that waited.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    pub carrier: Carrier,
    /// The index of the lane that it came by.
    pub lane: usize,
    pub event: ObjectEvent,
    pub attempt: u32,
    /// S3's own report: nothing writes a row for its event before it is claimed.
    pub is_report: bool,
    pub standing: Standing,
}

/// The message or item that brought a candidate. It is deleted once the ledger owns the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Carrier {
    Message(Received),
    /// It waited for its tenant: its item.
    Deferred(Place),
}

impl Carrier {
    /// Returns the id by which it is told from others of its pipeline.
    pub fn id(&self) -> &str {
        match self {
            Self::Message(message) => &message.id,
            Self::Deferred(place) => &place.sk,
        }
    }
}

/// How the version of a candidate became known, beside its row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Standing {
    /// S3 reported it, and nothing else did.
    #[default]
    Reported,
    /// Reconcile found it before S3 reported it. It uses the row of the found version.
    Adopted(Option<Sequencer>),
    /// Reconcile found it. The rows of its object, as far as they were read.
    Found(Vec<Row>),
}

impl Member for Candidate {
    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn object(&self) -> impl Eq + Hash {
        (&self.event.bucket, &self.event.key)
    }

    fn bytes(&self) -> usize {
        input::bytes(&self.event)
    }
}

impl Candidate {
    /// Returns whether its event hardly has a row yet. One that was received before can have been
    /// claimed then.
    pub fn is_new(&self) -> bool {
        let first = matches!(&self.carrier, Carrier::Message(message) if message.receives <= 1);
        self.is_report && self.attempt == 1 && first
    }

    /// Returns the place at which it waited for its tenant; `None`: a message brought it.
    pub fn place(&self) -> Option<&Place> {
        match &self.carrier {
            Carrier::Deferred(place) => Some(place),
            Carrier::Message(_) => None,
        }
    }

    /// Returns the candidate of an event that waited in a lane. `None`: it waits no longer, or its
    /// row cannot be read.
    pub fn of_deferred(deferred: &Deferred, lane: usize) -> Option<Self> {
        let row = deferred.row.as_ref().ok()?.as_ref()?;
        (!deferred.is_gone()).then(|| Self {
            carrier: Carrier::Deferred(deferred.place.clone()),
            lane,
            event: row.event.clone(),
            attempt: deferred.attempt,
            is_report: false,
            standing: Standing::default(),
        })
    }

    /// Returns a key that sorts candidates by time: of two of one object the older one is less. A
    /// found one comes last, since its place is not known yet.
    pub fn in_time(&self) -> (RowKey, bool, Option<Sequencer>) {
        let object = RowKey {
            sk: String::new(),
            ..RowKey::of(&self.event)
        };
        let sequencer = self.event.sequencer.clone();
        (object, sequencer.is_none(), sequencer)
    }

    /// Returns the place of its version among those of its object.
    pub fn version(&self, head: &Head) -> String {
        match &self.standing {
            Standing::Reported => place::of(&self.event, &[], head),
            Standing::Found(rows) => place::of(&self.event, rows, head),
            Standing::Adopted(sequencer) => {
                let time = time::millis(&self.event.event_time).unwrap_or_default();
                let sequencer = sequencer.as_ref().map(Sequencer::as_str);
                version::found(sequencer, time, &RowKey::of(&self.event).sk)
            }
        }
    }
}
