//! Understanding a message: one that is not one attempt of one object event is split, dropped or
//! refused.

use super::candidate::{Candidate, Carrier, Standing};
use super::fate::Fate;
use super::splitting::Splitting;
use super::terms::Pipeline;
use crate::lane::source::Source;
use crate::message::admission::{Admission, LeftOut, admit};
use crate::message::{self, Body, MessageError, Received};

/// A message, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Understood {
    /// It asks for one attempt of one object event.
    Candidate(Candidate),
    Other(Splitting),
}

/// Understands a message of a lane. `folder_markers`: the sources whose folder markers are
/// processed.
pub fn understand(
    message: Received,
    lane: usize,
    folder_markers: &[Source],
    pipeline: &Pipeline,
) -> (Understood, LeftOut) {
    let read = || -> Result<_, MessageError> {
        let body = message::parse(&message.body)?;
        let attempt = body.attempt(message.attempt.as_deref())?;
        let is_report = matches!(body, Body::Reported(_));
        Ok((admit(body, folder_markers), attempt, is_report))
    };
    let (admitted, attempt, is_report) = match read() {
        Ok(admitted) => admitted,
        Err(error) => {
            let fate = Fate::DeadLetter(error.to_string());
            let refused = Splitting::leaving(message, lane, fate);
            return (Understood::Other(refused), LeftOut::default());
        }
    };
    let left_out = admitted.left_out;
    let understood = match admitted.decide() {
        Admission::Take(event) => Understood::Candidate(Candidate {
            carrier: Carrier::Message(message),
            lane,
            event,
            attempt,
            is_report,
            standing: Standing::default(),
        }),
        Admission::Drop => Understood::Other(Splitting::leaving(message, lane, Fate::Delete)),
        Admission::Refuse(reason) => {
            let fate = Fate::DeadLetter(reason);
            Understood::Other(Splitting::leaving(message, lane, fate))
        }
        Admission::Split { events, refused } => {
            let parts = Splitting::new(message, lane, &events, &refused, pipeline);
            Understood::Other(parts)
        }
    };
    (understood, left_out)
}
