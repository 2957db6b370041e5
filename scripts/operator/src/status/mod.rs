//! `status`: one screen that says whether a pipeline is healthy, and why nothing starts.

pub mod gather;
pub mod report;
pub mod seen;
pub mod verdict;
pub mod watch;

use serde_json::json;

use self::report::Report;
use crate::answer::Answer;
use crate::connect::Connected;
use crate::fault::Fault;
use crate::options::Status;
use crate::pipeline::Pipeline;

/// The exit status of `status --check` of a pipeline that is not healthy.
const NOT_HEALTHY: u8 = 3;

/// Looks at a pipeline.
pub async fn look(connected: &Connected, pipeline: &Pipeline) -> Result<Report, Fault> {
    let seen = gather::gather(connected, pipeline).await?;
    Ok(Report::of(pipeline, &seen))
}

pub async fn status(
    connected: &Connected,
    pipeline: &Pipeline,
    options: &Status,
) -> Result<Answer, Fault> {
    if options.watch {
        watch::watch(connected, pipeline, options.every).await?;
        return Ok(Answer::new("", json!({})));
    }
    let report = look(connected, pipeline).await?;
    let json = serde_json::to_value(&report).unwrap_or_default();
    let mut answer = Answer::new(report.text(), json);
    if options.check && !report.healthy {
        answer.status = NOT_HEALTHY;
    }
    Ok(answer)
}
