//! The kinds of work: their needs, the invocations of the program, and the work left undone.

mod events;
mod ingest;
mod payloads;
mod settle;

use crate::Failure;
use crate::pipeline::Pipeline;
use crate::scenario::{Scenario, Work};
use crate::session::Session;
use payloads::Payloads;

/// The way in which the program will be invoked.
pub enum Prepared {
    /// Nothing at all: it is only started.
    Nothing,
    /// The schedule's event, while events wait in the queue.
    Schedule,
    /// Each of these.
    Payloads(Payloads),
}

/// Makes the resources of the work, before the program starts.
pub async fn prepare(
    scenario: &Scenario,
    pipeline: &Pipeline,
    endpoint: &str,
) -> Result<Prepared, Failure> {
    match scenario.work {
        Work::StartUp => Ok(Prepared::Nothing),
        Work::Dispatch | Work::Messages => {
            events::prepare(scenario, pipeline, endpoint).await?;
            Ok(Prepared::Schedule)
        }
        Work::Settle => Ok(Prepared::Payloads(
            settle::prepare(scenario, pipeline).await?,
        )),
        Work::Ingest => Ok(Prepared::Payloads(ingest::prepare(scenario))),
    }
}

/// Lets the program do it. Returns the number of events that were not processed.
pub async fn drive(
    scenario: &Scenario,
    pipeline: &Pipeline,
    prepared: Prepared,
    session: &mut Session,
) -> Result<u32, Failure> {
    match prepared {
        Prepared::Nothing => Ok(0),
        Prepared::Schedule => events::drive(scenario, pipeline, session).await,
        Prepared::Payloads(payloads) => {
            payloads.drive(session).await?;
            Ok(match scenario.work {
                Work::Settle => settle::left(scenario, pipeline),
                _ => ingest::left(scenario, pipeline),
            })
        }
    }
}
