//! Hunting on several threads, watched: an input that never ends is a failure too.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::corpus;
use crate::cpu;
use crate::hunt::{Failure, Hunt, Tally};
use crate::target::Target;

/// CPU time of the process within which an input must end. The work of others on the machine is not
/// in it.
const ENDS: Duration = Duration::from_secs(20);
/// Inputs of one target before the next one's turn.
const TURN: u64 = 200;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    Time(Instant),
    /// So many inputs of every target, on every thread.
    Inputs(u64),
}

/// The counts of a target's hunts.
#[derive(Default, Clone, Copy)]
pub struct Sight {
    pub tally: Tally,
    pub kinds: usize,
}

/// The result of a run.
#[derive(Default)]
pub struct Outcome {
    /// In the order of the targets.
    pub sights: Vec<Sight>,
    pub failures: Vec<(&'static Target, Failure)>,
}

enum Report {
    Failure(&'static Target, Failure),
    Done(Vec<Sight>),
}

/// The input of a thread, and the CPU time of the process when it began.
type At = Arc<Mutex<Option<(Duration, &'static Target, Vec<u8>)>>>;

/// Hunts on `jobs` threads. Their seeds follow from `seed`.
pub fn run(targets: &[&'static Target], until: Until, jobs: u64, seed: u64) -> Outcome {
    let (sender, reports) = mpsc::channel();
    let threads: Vec<At> = (0..jobs)
        .map(|job| {
            let (at, sender) = (At::default(), sender.clone());
            let (seen, targets) = (at.clone(), targets.to_vec());
            // It is not joined: one that never ends is left behind.
            thread::spawn(move || work(&targets, until, seed.wrapping_add(job), &seen, &sender));
            at
        })
        .collect();
    drop(sender);
    let mut outcome = Outcome {
        sights: vec![Sight::default(); targets.len()],
        failures: Vec::new(),
    };
    loop {
        match reports.recv_timeout(Duration::from_secs(1)) {
            Ok(Report::Failure(target, failure)) => outcome.failures.push((target, failure)),
            Ok(Report::Done(sights)) => {
                for (sum, sight) in outcome.sights.iter_mut().zip(sights) {
                    sum.tally.understood += sight.tally.understood;
                    sum.tally.refused += sight.tally.refused;
                    sum.kinds = sum.kinds.max(sight.kinds);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return outcome,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(stuck) = threads.iter().find_map(|at| stuck(at, ENDS)) {
                    outcome.failures.push(stuck);
                    return outcome;
                }
            }
        }
    }
}

/// Returns the input on which a thread hangs.
fn stuck(at: &At, ends: Duration) -> Option<(&'static Target, Failure)> {
    let at = at.lock().unwrap_or_else(PoisonError::into_inner);
    let (began, target, input) = at.as_ref()?;
    let late = cpu::of_process().saturating_sub(*began) > ends;
    late.then(|| {
        let failure = Failure {
            input: input.clone(),
            says: format!("it does not end within {} s of CPU time", ENDS.as_secs()),
            endless: true,
        };
        (*target, failure)
    })
}

fn work(targets: &[&'static Target], until: Until, seed: u64, at: &At, sender: &Sender<Report>) {
    let mut hunts: Vec<Hunt> = targets.iter().map(|target| hunt(target, seed)).collect();
    let mut turns: u64 = 0;
    let over = |turns: u64| match until {
        Until::Time(time) => Instant::now() >= time,
        Until::Inputs(inputs) => turns * TURN >= inputs,
    };
    while !over(turns) {
        turns += 1;
        for hunt in &mut hunts {
            for _ in 0..TURN {
                let input = hunt.input();
                let now = (cpu::of_process(), hunt.target, input.clone());
                *at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                if let Some(failure) = hunt.give(input) {
                    // The receiver is gone: so is the need to tell it.
                    let _ = sender.send(Report::Failure(hunt.target, failure));
                }
            }
        }
    }
    *at.lock().unwrap_or_else(PoisonError::into_inner) = None;
    let sight = |hunt: &Hunt| Sight {
        tally: hunt.tally,
        kinds: hunt.kinds(),
    };
    let _ = sender.send(Report::Done(hunts.iter().map(sight).collect()));
}

fn hunt(target: &'static Target, seed: u64) -> Hunt {
    let inputs = corpus::of(target).expect("the corpus is beside this file");
    let pool = inputs.into_iter().map(|input| input.bytes).collect();
    Hunt::new(target, pool, seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::named;

    #[test]
    fn an_input_that_does_not_end_is_told() {
        let messages = named("messages").unwrap();
        let began = cpu::of_process();
        let at: At = Arc::new(Mutex::new(Some((began, messages, b"{}".to_vec()))));
        assert!(stuck(&at, Duration::from_secs(3_600)).is_none());
        // Some CPU time goes by.
        while cpu::of_process() == began {}
        let (target, failure) = stuck(&at, Duration::ZERO).unwrap();
        assert_eq!((target.name, &failure.input[..]), ("messages", &b"{}"[..]));
        assert!(failure.endless);
        assert!(stuck(&At::default(), Duration::ZERO).is_none());
    }
}
