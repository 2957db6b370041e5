//! Events that wait in the queue are started: the work of `dispatch`, of the floor, and of
//! everything of that kind.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::pipeline::Pipeline;
use crate::runtime::Answer;
use crate::scenario::{Scenario, Work};
use crate::session::Session;

/// The time without a start after which the rest counts as lost: longer than a received message
/// stays hidden.
const PATIENCE: Duration = Duration::from_secs(150);
/// Between two invocations of which the first started nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// So many invocations in a row that fail and start nothing are the program's end.
const MOST_FAILURES: u32 = 5;

pub async fn prepare(
    scenario: &Scenario,
    pipeline: &Pipeline,
    endpoint: &str,
) -> Result<(), Failure> {
    let before = scenario.slots_taken * scenario.per_execution;
    let numbers = scenario.events..scenario.events + before;
    pipeline.start_in_process(scenario, numbers).await?;
    match &scenario.message_template {
        Some(template) => pipeline.upload_as(template, endpoint, 0..scenario.events),
        None => pipeline.upload(0..scenario.events),
    }
    Ok(())
}

/// Invokes the program until every event was started, or nothing more can come.
pub async fn drive(
    scenario: &Scenario,
    pipeline: &Pipeline,
    session: &mut Session,
) -> Result<u32, Failure> {
    let tally = &pipeline.tally;
    let mut progress = Instant::now();
    let mut failures = 0;
    for minute in 0.. {
        let before = tally.executions();
        let answer = session.invoke(&scheduled(minute)).await?;
        if tally.never() == 0 {
            break;
        }
        if tally.executions() > before {
            (progress, failures) = (Instant::now(), 0);
            continue;
        }
        if let Answer::Failed(problem) = answer {
            failures += 1;
            if failures == MOST_FAILURES {
                let problem = String::from_utf8_lossy(&problem);
                return Err(Failure::Program(format!(
                    "{failures} invocations in a row started nothing and failed, the last with: {problem}"
                )));
            }
        }
        let gone = scenario.work == Work::Messages && pipeline.events.messages().is_empty();
        if gone || progress.elapsed() > PATIENCE {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(tally.never())
}

/// Returns EventBridge's scheduled event, each a minute after the one before.
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled-event.html>
fn scheduled(minute: u32) -> Value {
    let (hour, minute) = (minute / 60 % 24, minute % 60);
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": fake_aws::ACCOUNT,
        "time": format!("2026-11-23T{hour:02}:{minute:02}:00Z"),
        "region": fake_aws::REGION,
        "resources": [format!("arn:aws:events:{}:{}:rule/tick", fake_aws::REGION, fake_aws::ACCOUNT)],
        "detail": {}
    })
}
