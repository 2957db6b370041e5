//! Settling the outcomes of one invocation.

use std::sync::{Mutex, PoisonError};

use aws::clock::Clock;
use aws::error::AwsError;
use aws::shell::{Guide, Shell, drive};
use serde::Deserialize;
use spillway::Millis;
use spillway::pace::adapt::health::sum;
use spillway::protocol::ended::Ended;
use spillway::protocol::execution_rows::Terms;
use spillway::protocol::reporting::Reporting;
use tracing::{error, warn};

use crate::Settle;
use crate::counts::{Counts, Values};
use crate::facts;

/// The fields of a message in Lambda's SQS event that settle needs.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsRecord {
    pub message_id: String,
    pub body: String,
}

/// How an invocation went.
#[derive(Debug, Default)]
pub struct Settled {
    pub counts: Counts,
    pub values: Values,
    /// The ids of messages that must come again.
    pub failed: Vec<String>,
}

/// The terms of an invocation's machines, and their facts.
struct Outcomes<'a> {
    settle: &'a Settle,
    records: &'a [SqsRecord],
    deadline: Millis,
    counts: Mutex<Counts>,
    /// When the slot of each was put, as far as it has one.
    held: Mutex<Vec<Option<Millis>>>,
}

impl Guide<Reporting> for Outcomes<'_> {
    fn terms(&self) -> Terms<'_> {
        let Settle { config, shell } = self.settle;
        Terms {
            pipeline: &shell.pipeline,
            retry: &config.retry,
            reports: config.events_per_execution > 1,
            adapt: config.adapt.as_ref(),
        }
    }

    fn end_by(&self) -> Millis {
        self.deadline
    }

    fn told(&self, index: usize, _: &Reporting, facts: Vec<Ended>, problem: Option<AwsError>) {
        let record = self.records.get(index);
        let message_id = record.map_or("", |record| record.message_id.as_str());
        let unreadable = |fact: &Ended| matches!(fact, Ended::Unreadable { .. });
        if let Some(problem) = problem.filter(|_| !facts.iter().any(unreadable)) {
            error!(message_id, "{problem}");
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for fact in facts {
            if let Ended::Held { taken_at } = fact {
                self.held(index, taken_at);
            }
            facts::tell(fact, message_id, &mut counts);
        }
    }
}

impl Outcomes<'_> {
    fn held(&self, index: usize, taken_at: Millis) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.get_mut(index) {
            *held = Some(taken_at);
        }
    }
}

impl Settle {
    /// Counts the ends for the target's health. Those that cannot be added are missing: dispatch
    /// uses a share.
    async fn count_health(&self, shell: &Shell, reports: &[Reporting]) {
        let Some(adapt) = &self.config.adapt else {
            return;
        };
        let health = sum(reports.iter().filter_map(|report| report.health(adapt)));
        if health.is_empty() {
            return;
        }
        if let Err(problem) = shell.ledger.add_health(&health).await {
            warn!("the ends of executions are not counted for the circuit: {problem}");
        }
    }

    /// Settles every outcome of an invocation; one that fails does not hold up the others.
    /// `deadline`: when Lambda ends the function.
    pub async fn settle(&self, records: &[SqsRecord], clock: Clock, deadline: Millis) -> Settled {
        let shell = self.shell.at(clock);
        let mut counts = Counts::default();
        let understand = |record: &SqsRecord| {
            let mut facts = Vec::new();
            let report = Reporting::of_message(&record.body, &mut facts);
            for fact in facts {
                facts::tell(fact, &record.message_id, &mut counts);
            }
            report
        };
        let mut reports: Vec<Reporting> = records.iter().map(understand).collect();
        let outcomes = Outcomes {
            settle: self,
            records,
            deadline,
            counts: Mutex::new(counts),
            held: Mutex::new(vec![None; records.len()]),
        };
        let all = reports.len();
        drive(&shell, &outcomes, &mut reports, all).await;
        let held = outcomes.held.into_inner();
        let held = held.unwrap_or_else(PoisonError::into_inner);
        let settled = held.iter().zip(&reports);
        let settled = settled.filter(|(_, report)| !report.has_failed());
        let took = |taken_at: &Millis| u64::try_from(clock.now() - taken_at).unwrap_or_default();
        let took = settled.filter_map(|(held, _)| held.as_ref().map(took));
        let took: Vec<u64> = took.collect();
        let counts = outcomes.counts.into_inner();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        let failed = records.iter().zip(&reports);
        let failed: Vec<String> = failed
            .filter(|(_, report)| report.has_failed())
            .map(|(record, _)| record.message_id.clone())
            .collect();
        counts.outcomes += u32::try_from(records.len()).unwrap_or(u32::MAX);
        counts.needs_person = counts.redriven;
        counts.unsettled_outcomes += u32::try_from(failed.len()).unwrap_or(u32::MAX);
        let values = Values::of(&counts, took);
        self.count_health(&shell, &reports).await;
        Settled {
            counts,
            values,
            failed,
        }
    }
}
