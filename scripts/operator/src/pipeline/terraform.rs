//! A pipeline by the outputs of the root module that made it.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::names::of_dispatch;
use crate::fault::Fault;

/// Returns the names of the pipelines that a root module's outputs show.
pub fn pipelines(directory: &Path) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = outputs(directory)?.iter().flat_map(named_by).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Returns the values of a root module's outputs.
pub fn outputs(directory: &Path) -> Result<Vec<Value>, Fault> {
    let shown = directory.display();
    let output = Command::new("terraform")
        .arg(format!("-chdir={shown}"))
        .args(["output", "-json"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Fault::failed(format!(
                "terraform cannot be run ({error}): install it, or name the pipeline by --pipeline"
            ))
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Fault::failed(format!(
            "terraform output in {shown} failed: {}",
            said.trim()
        )));
    }
    let outputs: Value = serde_json::from_slice(&output.stdout).map_err(|error| {
        Fault::failed(format!("terraform output in {shown} is not JSON: {error}"))
    })?;
    let outputs = outputs.as_object().cloned().unwrap_or_default();
    Ok(outputs
        .into_iter()
        .filter_map(|(_, output)| output.get("value").cloned())
        .collect())
}

/// Chooses one of the pipelines that `directory` shows.
pub fn choose(directory: &Path, found: &[String], named: Option<&str>) -> Result<String, Fault> {
    let shown = directory.display();
    match (named, found) {
        (Some(name), _) if found.iter().any(|found| found == name) => Ok(name.to_owned()),
        (None, [name]) => Ok(name.clone()),
        (_, []) => Err(Fault::failed(format!(
            "the outputs of {shown} show no pipeline. Name it by --pipeline, or add to that root module: output \"spillway\" {{ \
             value = module.spillway }}"
        ))),
        (Some(name), _) => Err(Fault::failed(format!(
            "the outputs of {shown} show no pipeline {name}: they show {}",
            found.join(", ")
        ))),
        (None, _) => Err(Fault::failed(format!(
            "the outputs of {shown} show {} pipelines: choose one by --pipeline: {}",
            found.len(),
            found.join(", ")
        ))),
    }
}

/// Returns the pipelines that one output names: the whole module's outputs, its output `redrive`,
/// or its dispatch.
fn named_by(value: &Value) -> Vec<String> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let by_dispatch = text("/dispatch_function_name").and_then(of_dispatch);
    let ledger =
        text("/redrive/replay/ledger_table_name").or_else(|| text("/replay/ledger_table_name"));
    let by_ledger = ledger.and_then(|ledger| ledger.strip_suffix("_ledger"));
    match by_dispatch.or(by_ledger) {
        Some(name) => vec![name.to_owned()],
        // A map of modules, as for_each makes it.
        None => match value.as_object() {
            Some(parts) => parts
                .values()
                .filter(|part| part.is_object())
                .flat_map(named_by)
                .collect(),
            None => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pipeline_is_found_in_whatever_output_shows_it() {
        let redrive = json!({"replay": {"ledger_table_name": "a_ledger"}});
        assert_eq!(
            named_by(&json!({"dispatch_function_name": "a_dispatch", "redrive": redrive})),
            ["a"]
        );
        assert_eq!(named_by(&redrive), ["a"]);
        assert_eq!(named_by(&json!({"redrive": redrive, "other": 1})), ["a"]);
        let several = json!({"one": {"dispatch_function_name": "one_dispatch"}, "two": {"dispatch_function_name": "two_dispatch"}});
        assert_eq!(named_by(&several), ["one", "two"]);
        assert!(named_by(&json!({"bucket": "uploads"})).is_empty());
        assert!(named_by(&json!("a_dispatch")).is_empty());
    }

    #[test]
    fn of_several_one_is_chosen_by_its_name() {
        let directory = Path::new("infrastructure");
        let two = ["a".to_owned(), "b".to_owned()];
        assert_eq!(choose(directory, &two, Some("b")), Ok("b".into()));
        assert_eq!(choose(directory, &two[..1], None), Ok("a".into()));
        let said =
            |found: &[String], named| choose(directory, found, named).unwrap_err().to_string();
        assert!(said(&two, None).contains("2 pipelines: choose one by --pipeline: a, b"));
        assert!(said(&two, Some("c")).contains("no pipeline c: they show a, b"));
        assert!(said(&[], None).contains("no pipeline"));
    }
}
