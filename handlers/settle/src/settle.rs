//! Settling the outcomes of one invocation.

use std::sync::{Mutex, PoisonError};

use aws::clock::Clock;
use aws::error::AwsError;
use aws::shell::{Guide, drive};
use serde::Deserialize;
use spillway::Millis;
use spillway::protocol::ended::Ended;
use spillway::protocol::execution_rows::Terms;
use spillway::protocol::reporting::Reporting;
use tracing::error;

use crate::Settle;
use crate::counts::Counts;
use crate::facts;

/// What settle needs of a message in Lambda's SQS event.
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
    /// The ids of messages that must come again.
    pub failed: Vec<String>,
}

/// What an invocation's machines go by, and what they came to know.
struct Outcomes<'a> {
    settle: &'a Settle,
    records: &'a [SqsRecord],
    deadline: Millis,
    counts: Mutex<Counts>,
}

impl Guide<Reporting> for Outcomes<'_> {
    fn terms(&self) -> Terms<'_> {
        let Settle { config, shell } = self.settle;
        Terms {
            pipeline: &shell.pipeline,
            retry: &config.retry,
            reports: config.events_per_execution > 1,
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
            facts::tell(fact, message_id, &mut counts);
        }
    }
}

impl Settle {
    /// Settles every outcome of an invocation; one that fails does not hold up the others. `deadline`: when Lambda ends the
    /// function.
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
        };
        let all = reports.len();
        drive(&shell, &outcomes, &mut reports, all).await;
        let counts = outcomes.counts.into_inner();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        let failed = records.iter().zip(&reports);
        let failed: Vec<String> = failed
            .filter(|(_, report)| report.has_failed())
            .map(|(record, _)| record.message_id.clone())
            .collect();
        counts.outcomes += u32::try_from(records.len()).unwrap_or(u32::MAX);
        counts.unsettled_outcomes += u32::try_from(failed.len()).unwrap_or(u32::MAX);
        Settled { counts, failed }
    }
}
