//! A message that was understood, and what is known of its object's version.

use aws::queue::Message;
use spillway::event::time;
use spillway::event::{ObjectEvent, Sequencer};
use spillway::execution;
use spillway::reconcile::place;
use spillway::record::head::Head;
use spillway::record::row::{Row, RowKey};
use spillway::record::version;
use spillway::rules::batch::Member;

/// A message that asks for one attempt of one object event.
pub(crate) struct Candidate {
    pub message: Message,
    pub event: ObjectEvent,
    pub attempt: u32,
    pub standing: Standing,
}

impl Member for Candidate {
    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn object(&self) -> (&str, &str) {
        (&self.event.bucket, &self.event.key)
    }

    fn bytes(&self) -> usize {
        execution::input::bytes(&self.event)
    }
}

/// What is known of a candidate's version beside its row.
#[derive(Debug, Clone, Default)]
pub(crate) enum Standing {
    /// S3 reported it, and nothing else did.
    #[default]
    Reported,
    /// Reconcile found it before S3 reported it, which now has: it goes by the row of what was found.
    Adopted(Option<Sequencer>),
    /// Reconcile found it; these are its object's rows, as far as they were asked for.
    Found(Vec<Row>),
    /// Reconcile found it, and S3 has reported it: it goes by the row of that.
    Superfluous,
    /// It was found, and a claim by the row of its event may be on the wire: to be looked at later.
    Unclear,
}

impl Candidate {
    /// Of two of one object the older one compares below the other. What was found comes last: its place is not known yet.
    pub(crate) fn in_time(&self) -> (RowKey, bool, Option<Sequencer>) {
        let object = RowKey {
            sk: String::new(),
            ..RowKey::of(&self.event)
        };
        let sequencer = self.event.sequencer.clone();
        (object, sequencer.is_none(), sequencer)
    }

    /// The place of its version among those of its object.
    pub(crate) fn version(&self, head: &Head) -> String {
        match &self.standing {
            Standing::Reported | Standing::Superfluous | Standing::Unclear => {
                place::of(&self.event, &[], head)
            }
            Standing::Found(story) => place::of(&self.event, story, head),
            Standing::Adopted(sequencer) => {
                let time = time::millis(&self.event.event_time).unwrap_or_default();
                let sequencer = sequencer.as_ref().map(Sequencer::as_str);
                version::found(sequencer, time, &RowKey::of(&self.event).sk)
            }
        }
    }
}
