//! Plans by their command lines.

use clap::Parser;
use plan::Told;
use plan::given::options::Options;
use plan::given::wrong::Wrong;
use plan::told::report::Report;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

/// Answers a command line without the program's name; clap's refusals come as the others do.
pub fn try_plan(arguments: &[&str]) -> Result<Told, Wrong> {
    let line = Line::try_parse_from(["plan"].iter().chain(arguments));
    let line = line.map_err(|error| Wrong::new(error.to_string()))?;
    plan::plan(&line.options, None, None)
}

/// Answers a line with parts between spaces.
pub fn told(line: &str) -> Told {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    try_plan(&arguments).unwrap_or_else(|wrong| panic!("{line}: {wrong}"))
}

pub fn report(line: &str) -> Report {
    serde_json::from_value(told(line).json).expect("a report")
}

pub fn wrong(line: &str) -> String {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    try_plan(&arguments).expect_err(line).to_string()
}

pub fn codes(report: &Report) -> Vec<&str> {
    report.warnings.iter().map(|it| it.code.as_str()).collect()
}
