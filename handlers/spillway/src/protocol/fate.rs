//! The fate of a message.

use super::call::{Answer, Call, Queue};
use super::candidate::{Candidate, Carrier};
use super::fact::{Fact, Scope};
use super::terms::Terms;
use crate::message::Received;
use crate::message::outgoing::Outgoing;
use crate::record::row::Row;
use crate::rules::attempt::oddity;

/// How long a message is hidden by [`Fate::Later`], in seconds, by how often it was received.
/// Mostly its cause ends within moments. SQS counts whole seconds.
const LATER_SECONDS: [u32; 4] = [1, 5, 20, 60];
/// The same of [`Fate::Soon`]: a slot that nobody goes on with is freed 45 s after it was taken.
const SOON_SECONDS: [u32; 3] = [1, 5, 20];

/// The fate of a message that claims nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Nothing is left to do for it.
    Delete,
    /// It can be received again at once.
    HandBack,
    /// It comes again in a moment, and later each time: the last attempt still runs, or something
    /// is unclear.
    Later,
    /// It comes again in a moment: another message has the slot of its attempt.
    Soon,
    /// It is hidden for so many seconds.
    Hide(u32),
    /// It goes to the dead-letter queue with this reason, and is deleted then.
    DeadLetter(String),
}

impl Fate {
    /// Returns the call that does it; of a dead letter the first one.
    pub fn call(&self, message: &Received, lane: usize, terms: &Terms<'_>) -> Call {
        let hide = |seconds| Call::Hide {
            lane,
            receipt: message.receipt.clone(),
            seconds,
        };
        match self {
            Self::Delete => Call::Delete {
                lane,
                receipt: message.receipt.clone(),
            },
            Self::HandBack => hide(0),
            Self::Later => hide(hidden(&LATER_SECONDS, message.receives)),
            Self::Soon => hide(hidden(&SOON_SECONDS, message.receives)),
            Self::Hide(seconds) => hide(*seconds),
            Self::DeadLetter(reason) => Call::Send {
                to: Queue::DeadLetters(lane),
                message: Outgoing::dead_letter(message, terms.pipeline.lane_name(lane), reason),
            },
        }
    }

    /// Returns the call by which a candidate meets this fate, of a dead letter the first one.
    /// `None`: there is none, since an event that waits for its tenant goes on waiting.
    pub fn of(&self, candidate: &Candidate, terms: &Terms<'_>) -> Option<Call> {
        match (&candidate.carrier, self) {
            (Carrier::Message(message), _) => Some(self.call(message, candidate.lane, terms)),
            (Carrier::Deferred(place), Self::Delete) => Some(Call::ForgetDeferred {
                place: place.clone(),
                attempt: candidate.attempt,
            }),
            (Carrier::Deferred(_), _) => None,
        }
    }

    /// Returns whether there is such a call.
    pub fn has_call(&self, candidate: &Candidate) -> bool {
        matches!(candidate.carrier, Carrier::Message(_)) || *self == Self::Delete
    }

    /// Takes in the answer to the call. Returns `true` when a dead letter was sent, and the message
    /// is to be deleted.
    pub fn done(&self, answer: &Answer, facts: &mut Vec<Fact>) -> bool {
        match self {
            Self::Delete => false,
            Self::HandBack | Self::Later | Self::Soon | Self::Hide(_) => {
                facts.push(Fact::HandedBack);
                false
            }
            Self::DeadLetter(reason) if *answer == Answer::Done => {
                let reason = reason.clone();
                facts.push(Fact::DeadLettered { reason });
                true
            }
            // It stays hidden, and comes again.
            Self::DeadLetter(_) => {
                facts.push(Fact::Failed(Scope::One));
                false
            }
        }
    }

    /// Returns the fate of a message whose attempt the ledger owns, given its row.
    pub fn stale(candidate: &Candidate, row: Option<&Row>, facts: &mut Vec<Fact>) -> Self {
        let Candidate { event, attempt, .. } = candidate;
        facts.push(Fact::Stale {
            key: event.key.clone(),
            attempt: *attempt,
            oddity: row.and_then(|row| oddity(event, *attempt, row)),
        });
        Self::Delete
    }

    /// Returns the fate of a message about an item that this release cannot read.
    pub fn unreadable(reason: String, facts: &mut Vec<Fact>) -> Self {
        facts.push(Fact::Unreadable {
            reason: reason.clone(),
        });
        Self::DeadLetter(reason)
    }
}

fn hidden(seconds: &[u32], receives: u32) -> u32 {
    let before = receives.saturating_sub(1) as usize;
    let longest = seconds.last().copied().unwrap_or_default();
    seconds.get(before).copied().unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_hidden_longer_each_time() {
        let receives = [0, 1, 2, 3, 4, 20];
        let all = |seconds: &[u32]| receives.map(|receives| hidden(seconds, receives));
        assert_eq!(all(&LATER_SECONDS), [1, 1, 5, 20, 60, 60]);
        assert_eq!(all(&SOON_SECONDS), [1, 1, 5, 20, 20, 20]);
    }
}
