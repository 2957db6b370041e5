//! `tick`: runs a tick now.

use serde_json::Value;

use crate::answer::{Answer, table};
use crate::connect::Connected;
use crate::fault::Fault;
use crate::permission::explained;
use crate::pipeline::Pipeline;

/// Invokes `dispatch` and waits for the end of the tick.
pub async fn tick(connected: &Connected, pipeline: &Pipeline) -> Result<Answer, Fault> {
    let function = pipeline.names.function("dispatch");
    let answer = connected.api.invoke(&function, "{}").await?;
    let said: Value = serde_json::from_str(&answer.payload).unwrap_or_default();
    if answer.failed {
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        let failure = format!(
            "the tick failed: {}: {}",
            text("errorType"),
            text("errorMessage")
        );
        return Err(Fault::failed(explained(&failure)));
    }
    Ok(Answer::new(text(pipeline.name(), &said), said))
}

/// Returns the counts of a tick that are not 0.
fn text(name: &str, counts: &Value) -> String {
    let number = |name: &str| counts.get(name).and_then(Value::as_u64).unwrap_or_default();
    if number("LeaseBusy") > 0 {
        return format!(
            "Another tick of {name} holds the lease and works: `spillway -p {name} status` says until when."
        );
    }
    let paused = if number("Paused") > 0 {
        " It is paused."
    } else {
        ""
    };
    let sentence = format!(
        "The tick of {name} took {:.1} s: {} received, {} started.{paused}\n\n",
        number("DurationMilliseconds") as f64 / 1_000.0,
        number("Received"),
        number("Started")
    );
    let rows = counts
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, count)| count.as_f64() != Some(0.0));
    let rows = rows.map(|(name, count)| vec![name.clone(), count.to_string()]);
    sentence + &table(&rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_ticks_counts_are_told_without_zeros() {
        let told = text(
            "p",
            &json!({"Received": 3, "Started": 2, "Stale": 0, "DurationMilliseconds": 1_500, "Paused": 0}),
        );
        assert!(
            told.starts_with("The tick of p took 1.5 s: 3 received, 2 started.\n\n"),
            "{told}"
        );
        assert!(!told.contains("Stale"));
        assert!(text("p", &json!({"LeaseBusy": 1})).contains("Another tick of p holds the lease"));
        assert!(text("p", &json!({"Paused": 1})).contains("It is paused."));
    }
}
