//! Which events were started, and how often.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use fake_aws::Execution;

use crate::objects;

/// Counts the executions that really began. Cheap to clone.
#[derive(Clone)]
pub struct Tally(Arc<Mutex<Counts>>);

struct Counts {
    /// Executions of each event, by its number.
    of: Vec<u32>,
    never: u32,
    twice: u32,
    executions: u32,
    last: Option<Instant>,
}

impl Tally {
    /// Returns a tally of events numbered from 0.
    pub fn of(events: u32) -> Self {
        Self(Arc::new(Mutex::new(Counts {
            of: vec![0; events as usize],
            never: events,
            twice: 0,
            executions: 0,
            last: None,
        })))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an execution that has begun. One that has nothing to do with the events is not
    /// counted.
    pub fn began(&self, execution: &Execution) {
        let mut counts = self.counts();
        let mut known = false;
        for number in objects::named(&execution.input) {
            let Some(times) = counts.of.get_mut(number as usize) else {
                continue;
            };
            *times += 1;
            let times = *times;
            known = true;
            counts.never -= u32::from(times == 1);
            counts.twice += u32::from(times == 2);
        }
        if known {
            counts.executions += 1;
            counts.last = Some(Instant::now());
        }
    }

    /// Returns the executions of at least one of the events.
    pub fn executions(&self) -> u32 {
        self.counts().executions
    }

    /// Returns the events that no execution was started for.
    pub fn never(&self) -> u32 {
        self.counts().never
    }

    /// Returns the events that more than one execution was started for.
    pub fn twice(&self) -> u32 {
        self.counts().twice
    }

    /// Returns when the newest execution began.
    pub fn last(&self) -> Option<Instant> {
        self.counts().last
    }
}
