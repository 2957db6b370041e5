//! Freeing a slot that certainly nothing is claimed for: its batch first, since only slots are
//! looked after.

use super::call::{Answer, Call};
use super::fact::{Fact, Scope};
use crate::record::slot::{Slot, Work};

/// A slot that is being freed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Freeing {
    pub slot: Slot,
    forgotten: bool,
}

impl Freeing {
    pub fn new(slot: Slot) -> Self {
        let forgotten = slot.work != Work::Batch;
        Self { slot, forgotten }
    }

    pub fn call(&self) -> Call {
        if self.forgotten {
            Call::FreeUnused(self.slot.clone())
        } else {
            Call::ForgetBatch(self.slot.execution.clone())
        }
    }

    /// Goes on. Returns `true` at the end.
    pub fn answered(&mut self, answer: &Answer, facts: &mut Vec<Fact>) -> bool {
        match (answer, self.forgotten) {
            (Answer::Done, true) => facts.push(Fact::Freed),
            (Answer::Done, false) => {
                self.forgotten = true;
                return false;
            }
            _ => {
                facts.push(Fact::Suspect(self.slot.taken_at));
                facts.push(Fact::Failed(Scope::Nothing));
            }
        }
        true
    }
}
