//! The numbers of a run that are compared.

use std::fmt;

use plan::engine::answers::{Answers, ByTenant, OfTenants, percentile};
use spillway::Millis;

/// A plan and a run agree on a number that differs by this share of the run's at most, or by a
/// second.
const SHARE: f64 = 0.05;
const A_SECOND: f64 = 1_000.0;
/// Of a lane with fewer uploads the 99th percentile is the wait of a single one.
const UPLOADS_OF_A_LANE: usize = 100;
const WHOSE: [&str; 3] = ["the heaviest tenant", "the other tenants", "no tenant"];

/// The numbers of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// From the last upload of a wave until all of it is done, of the slowest wave.
    pub drained: Millis,
    /// The most messages that waited at once.
    pub peak: usize,
    /// From upload to start, by lane, sorted.
    pub waits: Vec<Vec<u32>>,
    /// The same by tenant: of the heaviest one, of all others, and without a tenant.
    pub by_tenant: Vec<OfTenants>,
    /// The most executions that ran at once.
    pub most_running: usize,
    /// Executions in all, and those that the target refused.
    pub executions: usize,
    pub refused: usize,
}

/// Returns the numbers by tenant; empty: no upload names one.
pub fn tenants_of(by_tenant: &ByTenant) -> Vec<OfTenants> {
    let ByTenant {
        of_heaviest,
        of_others,
        of_none,
        ..
    } = by_tenant.clone();
    match by_tenant.heaviest {
        Some(_) => vec![of_heaviest, of_others, of_none],
        None => Vec::new(),
    }
}

impl Measured {
    pub fn of(answers: &Answers) -> Self {
        Self {
            drained: answers.drained_after().unwrap_or_default(),
            peak: answers.most_waiting.0,
            waits: answers.waits.clone(),
            by_tenant: tenants_of(&answers.by_tenant),
            most_running: answers.most_running.0,
            executions: answers.starts as usize,
            refused: answers.refused as usize,
        }
    }

    /// Returns numbers by their names, in milliseconds. They are the time to drain, and the median
    /// and the 99th percentile of the waits: of all lanes, and of each large one. They are the same
    /// of the heaviest tenant, and of the others.
    fn times(&self) -> Vec<(String, f64)> {
        let mut all: Vec<u32> = self.waits.iter().flatten().copied().collect();
        all.sort_unstable();
        let lanes = self.waits.iter().enumerate();
        let large = lanes.filter(|(_, waits)| waits.len() >= UPLOADS_OF_A_LANE);
        let large = large.map(|(lane, waits)| (format!(" of lane {lane}"), waits));
        let mut times = vec![("drained".to_owned(), self.drained as f64)];
        for (whose, waits) in [(String::new(), &all)].into_iter().chain(large) {
            for percent in [50.0, 99.0] {
                let wait = percentile(waits, percent).unwrap_or_default();
                times.push((format!("p{percent}{whose}"), wait.into()));
            }
        }
        let tenants = WHOSE.iter().zip(&self.by_tenant);
        for (whose, of) in tenants.filter(|(_, of)| of.waits.len() >= UPLOADS_OF_A_LANE) {
            let drained = of.drained_after().unwrap_or_default();
            times.push((format!("drained of {whose}"), drained as f64));
            for percent in [50.0, 99.0] {
                let wait = percentile(&of.waits, percent).unwrap_or_default();
                times.push((format!("p{percent} of {whose}"), wait.into()));
            }
        }
        times
    }

    /// Returns the numbers that differ too much from a run, in words.
    pub fn apart_from(&self, run: &Self) -> Vec<String> {
        let within =
            |own: f64, other: f64, least: f64| (own - other).abs() <= least.max(SHARE * other);
        let times = self.times().into_iter().zip(run.times());
        let mut apart: Vec<String> = times
            .filter(|((name, own), (others, other))| {
                name != others || !within(*own, *other, A_SECOND)
            })
            .map(|((name, own), (_, other))| {
                format!(
                    "{name}: {:.1} s, and not {:.1} s",
                    own / A_SECOND,
                    other / A_SECOND
                )
            })
            .collect();
        for (what, own, other) in [
            ("wait", self.peak, run.peak),
            ("run", self.most_running, run.most_running),
        ] {
            if !within(own as f64, other as f64, 1.0) {
                apart.push(format!("{own} {what} at once, and not {other}"));
            }
        }
        for (what, own, other) in [
            ("executions", self.executions, run.executions),
            ("refusals", self.refused, run.refused),
        ] {
            if !within(own as f64, other as f64, 1.0) {
                apart.push(format!("{own} {what}, and not {other}"));
            }
        }
        apart
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, millis) in self.times() {
            write!(f, "{name} {:.1} s, ", millis / A_SECOND)?;
        }
        write!(
            f,
            "{} wait and {} run at once, {} executions, {} refused",
            self.peak, self.most_running, self.executions, self.refused
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_tenant(wait: u32) -> OfTenants {
        OfTenants {
            last_upload: Some(0),
            done: Some(wait.into()),
            waits: vec![wait; 100],
        }
    }

    #[test]
    fn each_number_can_be_apart() {
        let run = Measured {
            drained: 100_000,
            peak: 100,
            waits: vec![vec![50_000; 99], (0..100).map(|it| it * 1_000).collect()],
            by_tenant: vec![of_tenant(20_000)],
            most_running: 10,
            executions: 100,
            refused: 10,
        };
        assert!(run.apart_from(&run).is_empty());
        let near = Measured {
            drained: 105_000,
            peak: 95,
            most_running: 11,
            executions: 105,
            refused: 11,
            ..run.clone()
        };
        assert!(near.apart_from(&run).is_empty());
        let far = Measured {
            drained: 94_000,
            peak: 106,
            waits: vec![vec![60_000; 99], (0..100).map(|it| it * 1_100).collect()],
            by_tenant: vec![of_tenant(22_000)],
            most_running: 12,
            executions: 106,
            refused: 12,
        };
        assert_eq!(far.apart_from(&run).len(), 12, "{:?}", far.apart_from(&run));
    }
}
