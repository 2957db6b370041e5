//! Executions, as Step Functions has them, and the faults of a start.

use spillway::rules::order::Order;

use super::Protocol;
use crate::world::{
    Broken, EXECUTIONS, Event, Execution, Fate, World, attempt_of, candidates, event_of, is_batch,
};

impl Protocol {
    pub(super) fn ends(&self, execution: Execution) -> Vec<Fate> {
        let mut ends = vec![Fate::Succeeded, Fate::Failed];
        if is_batch(execution) {
            ends.extend(candidates(execution).map(|event| Fate::Reported(1 << event)));
        }
        ends
    }

    /// Starts an execution as Step Functions does: once for a name. Notes the property that this
    /// breaks.
    pub(super) fn start(&self, world: &mut World, execution: Execution, input: u8) {
        if world.fate(execution) != Fate::Unknown {
            return;
        }
        let attempt = attempt_of(execution);
        let of_event = |other: Execution, event: Event| world.input(other) & 1 << event != 0;
        let others =
            (0..EXECUTIONS as Execution).filter(|&other| world.fate(other) != Fate::Unknown);
        let mut broken = Vec::new();
        for other in others {
            let fate = world.fate(other);
            for event in self
                .events()
                .filter(|event| input & 1 << event != 0 && of_event(other, *event))
            {
                let succeeded = match fate {
                    Fate::Succeeded => true,
                    Fate::Reported(failed) => failed & 1 << event == 0,
                    _ => false,
                };
                match attempt_of(other) {
                    earlier if earlier == attempt => broken.push(Broken::Twice),
                    earlier if earlier > attempt => broken.push(Broken::Early),
                    _ if succeeded || !fate.has_closed() => broken.push(Broken::Early),
                    _ => {}
                }
            }
            if self.ordered() {
                let (this, that) = (event_of(execution), event_of(other));
                if !fate.has_closed() {
                    broken.push(Broken::AtOnce);
                }
                if self.bounds.order == Order::Latest && that > this {
                    broken.push(Broken::Backwards);
                }
            }
        }
        broken
            .into_iter()
            .for_each(|invariant| world.broke(invariant));
        world.executions[usize::from(execution)] = Fate::Running;
        if is_batch(execution) {
            world.inputs[usize::from(candidates(execution)[0])] = input;
        }
        if world.slot(execution).is_none() {
            world.broke(Broken::WithoutSlot);
        }
        if self.bounds.lease_ends == 0 && world.running() > self.bounds.max_concurrency as usize {
            world.broke(Broken::Over);
        }
    }
}
