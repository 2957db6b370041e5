//! Whether outcomes are settled: an unsettled one keeps its slot.

use spillway::Millis;

use super::{Finding, Level};
use crate::answer::count;
use crate::status::seen::{Seen, Stage};
use crate::time::span;

/// Outcomes are settled within seconds: an older one waits for something that is wrong.
const LATE_SECONDS: u64 = 120;
/// So many outcomes come at once without a fault.
const FEW: u64 = 20;

/// Adds the faults that keep outcomes from being settled. `limit`: of slots.
pub(super) fn settles(
    name: &str,
    seen: &Seen,
    limit: u32,
    nothing_starts: bool,
    findings: &mut Vec<Finding>,
) {
    let taken = (seen.slots.slots.len() + seen.slots.unreadable.len()) as u64;
    // With every slot taken, nothing starts because none is freed.
    let blocks = nothing_starts && taken >= u64::from(limit);
    let mut found = |code, level, what: String, next: String| {
        findings.push(Finding {
            code,
            level,
            what,
            next: Some(next),
            blocks,
        });
    };
    if seen.settle.mapped == Some(false) {
        found(
            "settle-disabled",
            Level::Stopped,
            format!("the event source mapping of {name}_settle is disabled, so no slot is freed"),
            format!("spillway -p {name} doctor"),
        );
    }
    if seen.settle.reserved == Some(0) {
        found(
            "settle-throttled",
            Level::Stopped,
            format!(
                "the function {name}_settle has a reserved concurrency of 0, so no slot is freed"
            ),
            format!("aws lambda delete-function-concurrency --function-name {name}_settle"),
        );
    }
    let metrics = seen.metrics.as_ref();
    let errors = metrics.map_or(0, |metrics| metrics.settle_errors);
    if errors > 0 {
        let said = seen.settle.last_problem.as_ref();
        let said = said.map(|line| format!(": {}", line.message));
        found(
            "settle-fails",
            Level::Degraded,
            format!(
                "{} of {name}_settle failed in the last 5 minutes{}",
                count(errors.into(), "call"),
                said.unwrap_or_default()
            ),
            format!("aws logs tail /aws/lambda/{name}_settle --since 10m"),
        );
    }
    let throttles = metrics.map_or(0, |metrics| metrics.settle_throttles);
    if throttles > 0 && seen.settle.reserved != Some(0) {
        found(
            "settle-throttled",
            Level::Degraded,
            format!(
                "Lambda throttled {} of {name}_settle in the last 5 minutes",
                count(throttles.into(), "call")
            ),
            format!("spillway -p {name} doctor"),
        );
    }
    if let Some(what) = behind(seen, limit) {
        found(
            "settle-behind",
            Level::Degraded,
            what,
            format!("spillway -p {name} doctor"),
        );
    }
}

/// Returns the words about outcomes that wait too long, or that are too many.
fn behind(seen: &Seen, limit: u32) -> Option<String> {
    let queue = seen.of(Stage::Outcomes).next()?;
    let oldest = seen.oldest(queue).unwrap_or_default();
    let old = oldest >= LATE_SECONDS;
    // Each of them keeps a slot; the age comes some minutes late.
    let many = queue.waiting >= FEW.max(u64::from(limit) / 2);
    if queue.waiting == 0 || !(old || many) {
        return None;
    }
    let age = match old {
        true => format!(", the oldest for {}", span(oldest as Millis * 1_000)),
        false => String::new(),
    };
    let outcomes = count(queue.waiting, "outcome");
    let wait = if queue.waiting == 1 { "waits" } else { "wait" };
    Some(format!("{outcomes} {wait} in {}{age}", queue.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::seen::{LogLine, Metrics, QueueSeen};

    fn seen(waiting: u64, oldest: Option<u64>) -> Seen {
        let queue = QueueSeen {
            stage: Stage::Outcomes,
            lane: None,
            name: "p_outcomes".into(),
            url: String::new(),
            waiting,
            in_flight: 0,
            delayed: 0,
        };
        let oldest = oldest.map(|oldest| ("p_outcomes".to_owned(), oldest));
        Seen {
            queues: vec![queue],
            metrics: Some(Metrics {
                oldest: oldest.into_iter().collect(),
                ..Metrics::default()
            }),
            ..Seen::default()
        }
    }

    fn told(seen: &Seen, limit: u32) -> Vec<(&'static str, Level, String)> {
        let mut findings = Vec::new();
        settles("p", seen, limit, true, &mut findings);
        let told = findings.into_iter();
        told.map(|one| (one.code, one.level, one.what)).collect()
    }

    #[test]
    fn a_settle_that_may_not_run_stops_everything() {
        let mut seen = seen(0, None);
        seen.settle.reserved = Some(0);
        seen.metrics.as_mut().unwrap().settle_throttles = 9;
        let told = told(&seen, 2);
        assert_eq!(
            (told.len(), told[0].0, told[0].1),
            (1, "settle-throttled", Level::Stopped)
        );
    }

    #[test]
    fn a_settle_that_fails_is_told_with_its_error() {
        let mut seen = seen(0, None);
        let metrics = seen.metrics.as_mut().unwrap();
        (metrics.settle_errors, metrics.settle_throttles) = (2, 3);
        let message = "the ledger denies".to_owned();
        seen.settle.last_problem = Some(LogLine { at: 0, message });
        let expected = "2 calls of p_settle failed in the last 5 minutes: the ledger denies";
        let told = told(&seen, 2);
        assert_eq!(
            told[0],
            ("settle-fails", Level::Degraded, expected.to_owned())
        );
        assert_eq!(
            (told[1].0, told[1].1),
            ("settle-throttled", Level::Degraded)
        );
    }

    #[test]
    fn outcomes_that_wait_for_long_or_are_many_are_told() {
        let old = told(&seen(1, Some(180)), 100);
        let expected = "1 outcome waits in p_outcomes, the oldest for 3 min";
        assert_eq!(
            old[0],
            ("settle-behind", Level::Degraded, expected.to_owned())
        );
        assert_eq!(
            told(&seen(50, None), 100)[0].2,
            "50 outcomes wait in p_outcomes"
        );
        // CloudWatch's numbers are some minutes old.
        for fine in [seen(0, Some(180)), seen(49, Some(119)), seen(49, None)] {
            assert_eq!(told(&fine, 100), []);
        }
        assert_eq!(told(&seen(19, None), 2), []);
    }

    #[test]
    fn with_every_slot_taken_it_is_why_nothing_starts() {
        let blocks = |limit, nothing_starts| {
            let mut findings = Vec::new();
            settles(
                "p",
                &seen(1, Some(180)),
                limit,
                nothing_starts,
                &mut findings,
            );
            findings[0].blocks
        };
        assert!(blocks(0, true) && !blocks(1, true) && !blocks(0, false));
    }
}
