//! Every pipeline of the account and Region, by the tag that the module gives its `dispatch`.

use serde_json::json;

use super::names::of_dispatch;
use crate::answer::{Answer, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::services::tags::function_of;

/// The tag of a pipeline's `dispatch`. Its value is the pipeline's name.
pub const TAG: &str = "spillway:pipeline";

pub async fn list(connected: &Connected) -> Result<Answer, Fault> {
    let mut pipelines = Vec::new();
    for arn in connected.api.tagged_functions(TAG).await? {
        if let Some(name) = of_dispatch(function_of(&arn)) {
            pipelines.push((name.to_owned(), arn));
        }
    }
    pipelines.sort();
    let region = &connected.region;
    let json = json!({
        "region": region,
        "pipelines": pipelines.iter().map(|(name, arn)| json!({"name": name, "dispatch_arn": arn})).collect::<Vec<_>>(),
    });
    if pipelines.is_empty() {
        let text = format!(
            "No pipeline in {region}: no function has the tag {TAG}. One that an older release applied lacks it until the next apply; \
             its name is all that --pipeline needs."
        );
        return Ok(Answer::new(text, json));
    }
    let heading = match pipelines.len() {
        1 => format!("1 pipeline in {region}.\n\n"),
        number => format!("{number} pipelines in {region}.\n\n"),
    };
    let rows = std::iter::once(vec!["pipeline".to_owned(), "dispatch".to_owned()]).chain(
        pipelines
            .iter()
            .map(|(name, arn)| vec![name.clone(), arn.clone()]),
    );
    Ok(Answer::new(
        heading + &table(&rows.collect::<Vec<_>>()),
        json,
    ))
}
