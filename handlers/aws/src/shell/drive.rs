//! Drives machines: makes their calls, and tells them the answers, until all are done. A call that
//! fails for now is made again: a machine receives only failures that do not pass.

use std::time::Duration;

use futures_util::future::{FutureExt, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};
use spillway::Millis;
use spillway::protocol::Machine;
use spillway::protocol::call::{Answer, Call};
use spillway::protocol::patience::Patience;
use tracing::{trace, warn};

use super::{Answered, Shell, Tag, UnderWay};
use crate::clock::Clock;
use crate::error::AwsError;
use crate::queue::ENTRIES;

/// The terms of machines, and the receiver of their facts.
pub trait Guide<M: Machine> {
    fn terms(&self) -> M::Terms<'_>;

    /// Returns when the last call must have ended.
    fn end_by(&self) -> Millis;

    /// Returns the time from which on no call is made and no machine receives an answer: another
    /// process can be at work.
    fn calls_until(&self) -> Millis {
        Millis::MAX
    }

    /// Notes that the ledger has taken a write.
    fn ledger_took(&self, _now: Millis) {}

    /// Returns when the ledger last took a write of those that are made beside these: as long as it
    /// takes some, it is not out.
    fn ledger_took_at(&self) -> Option<Millis> {
        None
    }

    /// Takes in the facts that the machine at `index` found by an answer, or the reason why a call
    /// has none.
    fn told(&self, index: usize, machine: &M, facts: Vec<M::Fact>, problem: Option<AwsError>);
}

/// Drives machines, at most `at_once` of them at a time, in their order.
pub async fn drive<M: Machine>(
    shell: &Shell,
    guide: &impl Guide<M>,
    machines: &mut [M],
    at_once: usize,
) {
    let mut waiting = 0..machines.len();
    let mut active = 0;
    let mut ready: Vec<usize> = Vec::new();
    let mut outstanding: Vec<Tag> = Vec::new();
    let mut requests = Requests::default();
    let mut patience = Patience::default();
    loop {
        while active < at_once
            && let Some(index) = waiting.next()
        {
            active += 1;
            ready.push(index);
        }
        let mut calls = Vec::new();
        let late = shell.clock.now() >= guide.calls_until();
        for index in ready.drain(..) {
            let Some(machine) = machines.get(index) else {
                continue;
            };
            let terms = guide.terms();
            let mut done = true;
            for id in machine.outstanding() {
                done = false;
                let tag = (index, id);
                if !outstanding.contains(&tag)
                    && let Some(call) = machine.call(id, &terms)
                {
                    trace!(decision = ?call, "call");
                    outstanding.push(tag);
                    calls.push((tag, call));
                }
            }
            // A machine that is done can have a call under way whose answer no longer matters to
            // it.
            done = done && !outstanding.iter().any(|(other, _)| *other == index);
            active -= usize::from(done);
        }
        let not_made = match late {
            true => std::mem::take(&mut calls),
            false => Vec::new(),
        };
        let answers = match not_made.is_empty() {
            true => requests.next(shell, calls).await,
            false => Some(not_made.into_iter().map(without_answer).collect()),
        };
        let Some(answers) = answers else {
            if waiting.is_empty() {
                return;
            }
            continue;
        };
        let now = shell.clock.now();
        if answers.iter().any(is_written) {
            guide.ledger_took(now);
        }
        let took_at = guide.ledger_took_at();
        let pause = pause(&mut patience, &answers, took_at, now, guide.end_by());
        let mut again = Vec::new();
        for Answered {
            tag,
            answer,
            problem,
        } in answers
        {
            if pause.is_some()
                && let Some(problem) = problem.as_ref().filter(|it| it.passes())
                && let Some(machine) = machines.get(tag.0)
                && let Some(call) = machine.call(tag.1, &guide.terms())
            {
                warn!("{problem}; the call is made again");
                again.push((tag, call));
                continue;
            }
            trace!(decision = ?answer, "answer");
            outstanding.retain(|other| *other != tag);
            let (index, id) = tag;
            let Some(machine) = machines.get_mut(index) else {
                continue;
            };
            let mut facts = Vec::new();
            machine.answered(id, answer, &guide.terms(), &mut facts);
            guide.told(index, machine, facts, problem);
            if !ready.contains(&index) {
                ready.push(index);
            }
        }
        if let Some(pause) = pause.filter(|_| !again.is_empty()) {
            requests.later(shell, again, pause);
        }
    }
}

fn is_written(answered: &Answered) -> bool {
    matches!(answered.answer, Answer::Written(_))
}

fn without_answer((tag, _): (Tag, Call)) -> Answered {
    Answered {
        tag,
        answer: Answer::Unclear,
        problem: None,
    }
}

/// Makes a call that is no machine's, again and again while it fails for now. `end_by`: when it
/// must have ended.
pub async fn patiently<T, F>(
    clock: Clock,
    end_by: Millis,
    call: impl Fn() -> F,
) -> Result<T, AwsError>
where
    F: Future<Output = Result<T, AwsError>>,
{
    let mut patience = Patience::default();
    loop {
        let problem = match call().await {
            Err(problem) if problem.passes() => problem,
            result => return result,
        };
        let Some(pause) = patience.failed(clock.now(), end_by) else {
            return Err(problem);
        };
        warn!("{problem}; the call is made again");
        tokio::time::sleep(Duration::from_millis(pause.unsigned_abs())).await;
    }
}

/// Returns the pause before failed calls are made again. `None`: none is.
fn pause(
    patience: &mut Patience,
    answers: &[Answered],
    ledger_took_at: Option<Millis>,
    now: Millis,
    end_by: Millis,
) -> Option<Duration> {
    let passes = |it: &&Answered| it.problem.as_ref().is_some_and(AwsError::passes);
    let failed = answers.iter().filter(passes).count();
    if failed < answers.len() {
        patience.succeeded();
    }
    if failed == 0 {
        return None;
    }
    if let Some(at) = ledger_took_at {
        patience.others_succeeded(at);
    }
    let pause = patience.failed(now, end_by)?;
    Some(Duration::from_millis(pause.unsigned_abs()))
}

/// The requests of machines that are driven together.
#[derive(Default)]
struct Requests<'a> {
    under_way: FuturesUnordered<UnderWay<'a>>,
    /// Starts among them.
    starts: usize,
    /// Calls that nothing comes after, and that each would cost a request. They wait for others of
    /// their kind while requests are under way that can lead to some.
    last: Vec<(Tag, Call)>,
}

impl<'a> Requests<'a> {
    /// Makes calls, and returns the answers that come next. `None`: nothing is under way.
    async fn next(&mut self, shell: &'a Shell, calls: Vec<(Tag, Call)>) -> Option<Vec<Answered>> {
        let is_start = |call: &Call| matches!(call, Call::Start { .. });
        self.starts += calls.iter().filter(|(_, call)| is_start(call)).count();
        let (last, calls): (Vec<_>, Vec<_>) = calls.into_iter().partition(|(_, call)| {
            matches!(
                call,
                Call::Delete { .. } | Call::Hide { .. } | Call::FreeSlot { .. }
            )
        });
        self.last.extend(last);
        self.under_way.extend(shell.submit(calls));
        if self.under_way.len() == self.starts || self.last.len() >= ENTRIES {
            self.under_way
                .extend(shell.submit(std::mem::take(&mut self.last)));
        }
        let answers = self.under_way.next().await?;
        let started = answers
            .iter()
            .any(|it| matches!(it.answer, Answer::Start(_)));
        self.starts -= usize::from(started);
        Some(answers)
    }

    /// Makes calls after a pause.
    fn later(&mut self, shell: &'a Shell, calls: Vec<(Tag, Call)>, pause: Duration) {
        let later = async move {
            tokio::time::sleep(pause).await;
            let answers = join_all(shell.submit(calls)).await;
            answers.into_iter().flatten().collect()
        };
        self.under_way.push(later.boxed());
    }
}
