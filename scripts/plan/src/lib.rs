//! `spillway plan`: the run of a pipeline with given numbers, in virtual time, without AWS.
//!
//! The engine runs the core's own pace, shares, windows and receiving. Its input is read from
//! options, files and Terraform plans; the answer is told as text, as JSON, as a page, or beside
//! another answer.

pub mod costs;
pub mod engine;
mod finding;
pub mod given;
pub mod length;
pub mod table;
pub mod told;

use serde_json::Value;

use finding::Wanted;
use given::options::Options;
use given::wrong::Wrong;
use told::report::Report;
use told::{comparing, making, page, text};

/// The answer of a plan.
#[derive(Debug)]
pub struct Told {
    pub text: String,
    pub json: Value,
    /// Whether the search found a number; `true` without a search.
    pub found: bool,
}

/// Answers the command line. `region`, `name`: from the options that every command has.
pub fn plan(options: &Options, region: Option<&str>, name: Option<&str>) -> Result<Told, Wrong> {
    // Before anything takes time.
    let before = match &options.compare {
        Some(file) => {
            let json = std::fs::read_to_string(file);
            let name = file.display().to_string();
            let json = json.map_err(|error| {
                Wrong::new(format!(
                    "{name} cannot be read ({error}): give the file of an answer with --json"
                ))
            })?;
            Some((comparing::read(&json, &name)?, name))
        }
        None => None,
    };
    let given = given::read(options, region, name)?;
    if let (Some(number), Some(drain_within)) = (options.find, options.drain_within) {
        let wanted = Wanted {
            number,
            drain_within,
            cost_below: options.cost_below,
        };
        let found = finding::find(given, &wanted)?;
        return Ok(Told {
            text: found.text,
            json: found.json,
            found: found.found,
        });
    }
    let answers = engine::run(&given.setup(), &given.arrivals.all);
    let report = making::report(&given, &answers);
    let mut told = text::text(&report);
    if let Some((before, file)) = &before {
        told = format!(
            "{}: {}.\n\n{}",
            report.pipeline,
            report.sentence,
            comparing::text(before, &report, file)
        );
    }
    if let Some(file) = &options.html {
        let page = page::page(&report, before.as_ref().map(|(before, _)| before));
        std::fs::write(file, page).map_err(|error| {
            Wrong::new(format!(
                "--html {} cannot be written: {error}",
                file.display()
            ))
        })?;
        told.push_str(&format!("\nThe page is {}.\n", file.display()));
    }
    Ok(Told {
        text: told,
        json: json(&report, before.map(|(before, _)| before))?,
        found: true,
    })
}

/// Returns the report; with --compare beside the other one.
fn json(report: &Report, before: Option<Report>) -> Result<Value, Wrong> {
    let value = |report: &Report| {
        serde_json::to_value(report).map_err(|error| Wrong::new(format!("no JSON: {error}")))
    };
    match before {
        None => value(report),
        Some(before) => Ok(serde_json::json!({"before": value(&before)?, "now": value(report)?})),
    }
}
