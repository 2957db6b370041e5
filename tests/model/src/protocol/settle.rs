//! Outcomes: the core's machine, call by call.

use spillway::protocol::call::Call;
use spillway::protocol::execution_rows::Terms;
use spillway::protocol::settling::Settling;
use spillway::protocol::{CallId, Machine};

use super::calls::Caller;
use super::step::Wrong;
use super::{Protocol, Step};
use crate::world::{EXECUTIONS, Execution, SettleOf, World};

impl Protocol {
    pub(super) fn settle_steps(&self, world: &World, steps: &mut Vec<Step>) {
        for (settle, number) in world.settles.iter().zip(0u8..) {
            if let Some(settle) = settle {
                let ids = settle.settling.outstanding();
                steps.extend(ids.map(|id| Step::Settle(number, id)));
            }
        }
        // Those that are idle are alike: one of them receives.
        if let Some(idle) = world.settles.iter().position(Option::is_none) {
            let told =
                (0..EXECUTIONS as Execution).filter(|&it| world.outcomes[usize::from(it)] > 0);
            steps.extend(told.map(|execution| Step::TakeOutcome(idle as u8, execution)));
        }
    }

    pub(super) fn take_outcome(&self, world: &mut World, number: u8, execution: Execution) {
        world.outcomes[usize::from(execution)] -= 1;
        let outcome = self.outcome(world, execution);
        world.settles[usize::from(number)] = Some(SettleOf {
            execution,
            settling: Box::new(Settling::new(outcome)),
            fresh: false,
            late: Vec::new(),
        });
    }

    fn settle_terms(&self) -> Terms<'_> {
        Terms {
            pipeline: &self.pipeline,
            retry: &self.retry,
            reports: self.bounds.batches,
            adapt: None,
        }
    }

    /// Returns a call of settle that is outstanding.
    pub(super) fn call_of_settle(&self, world: &World, number: u8, id: CallId) -> Call {
        let settle = world.settles[usize::from(number)].as_ref();
        let call = settle.and_then(|settle| settle.settling.call(id, &self.settle_terms()));
        call.expect("what is outstanding is a call")
    }

    /// Makes a call of settle, and tells it the answer.
    pub(super) fn settle(&self, world: &mut World, number: u8, id: CallId, wrong: Option<Wrong>) {
        let call = self.call_of_settle(world, number, id);
        let answer = self.make(world, Caller::Settle(number), call, wrong);
        let Some(settle) = &mut world.settles[usize::from(number)] else {
            return;
        };
        let terms = self.settle_terms();
        settle
            .settling
            .answered(id, answer, &terms, &mut Vec::new());
        if settle.settling.outstanding().next().is_some() {
            return;
        }
        // The outcome comes again.
        if settle.settling.has_failed() {
            world.outcomes[usize::from(settle.execution)] += 1;
        }
        world.settles[usize::from(number)] = None;
    }
}
