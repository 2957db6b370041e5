//! A case: the command line of a plan.

use std::fmt;

use clap::Parser;
use plan::engine;
use plan::engine::answers::Answers;
use plan::given::options::Options;
use plan::given::wrong::Wrong;
use plan::given::{Given, read};

use super::measured::Measured;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

/// The arguments of a `spillway plan`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case(pub Vec<String>);

impl Case {
    /// Reads a line whose parts lie between spaces.
    pub fn of_line(line: &str) -> Self {
        Self(line.split_whitespace().map(str::to_owned).collect())
    }

    /// Reads the options, as `spillway plan` does.
    pub fn given(&self) -> Result<Given, Wrong> {
        let line = ["plan".to_owned()]
            .into_iter()
            .chain(self.0.iter().cloned());
        let line = Line::try_parse_from(line).map_err(|error| Wrong::new(error.to_string()))?;
        read(&line.options, None, None)
    }

    pub fn answers(given: &Given) -> Answers {
        engine::run(&given.setup(), &given.arrivals.all)
    }

    pub fn planned(given: &Given) -> Measured {
        Measured::of(&Self::answers(given))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
