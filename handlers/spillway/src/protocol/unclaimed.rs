//! Slots for which nothing is claimed, as far as a tick knows: each is looked at once more when no
//! claim can land any longer. Meanwhile nobody can start an attempt of its event, and a tick that
//! waits for events can last a minute more.

use crate::Millis;
use crate::record::slot::Slot;
use crate::rules::sweep::claims_have_landed;

/// The unclaimed slots of a tick.
#[derive(Debug, Default)]
pub struct Unclaimed(Vec<Slot>);

impl Unclaimed {
    pub fn add(&mut self, slot: Slot) {
        self.0.push(slot);
    }

    /// Takes out the slots that are to be looked at now.
    pub fn due(&mut self, now: Millis) -> Vec<Slot> {
        let due = |slot: &Slot| claims_have_landed(slot, now);
        let (due, later) = std::mem::take(&mut self.0).into_iter().partition(due);
        self.0 = later;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::layout::Layout;
    use crate::record::row::RowKey;
    use crate::record::slot::Work;
    use crate::rules::sweep::CLAIM_LANDS_WITHIN;

    #[test]
    fn a_slot_is_looked_at_once_when_claims_have_landed() {
        let slot = |taken_at| Slot {
            execution: "e".into(),
            layout: Layout::One,
            lane: None,
            taken_at,
            work: Work::Row(RowKey {
                pk: "b/k".into(),
                sk: "s".into(),
            }),
            ordered: false,
            state_machine_arn: "machine".into(),
            pending: false,
            generation: None,
        };
        let mut unclaimed = Unclaimed::default();
        unclaimed.add(slot(0));
        unclaimed.add(slot(9));
        assert_eq!(unclaimed.due(CLAIM_LANDS_WITHIN - 1), []);
        assert_eq!(unclaimed.due(CLAIM_LANDS_WITHIN), [slot(0)]);
        assert_eq!(unclaimed.due(CLAIM_LANDS_WITHIN + 9), [slot(9)]);
        assert_eq!(unclaimed.due(Millis::MAX), []);
    }
}
