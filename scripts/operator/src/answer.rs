//! A command's answer: for a person and, with `--json`, for a program.

use std::io::{IsTerminal, Write};

use owo_colors::OwoColorize;
use serde_json::Value;

use crate::shown::plain_lines;

pub use plan::table::{count, sparkline, table};

/// The answer of a command that succeeded.
#[derive(Debug, Clone)]
pub struct Answer {
    pub text: String,
    pub json: Value,
    /// The exit status.
    pub status: u8,
}

impl Answer {
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            status: 0,
        }
    }

    /// Prints the answer. A closed pipe is no error: nobody reads it.
    pub fn print(&self, json: bool) {
        let text = match json {
            true => format!("{:#}", self.json),
            false if colours() => painted(plain_lines(&self.text).trim_end()),
            false => plain_lines(self.text.trim_end()),
        };
        let mut out = std::io::stdout().lock();
        drop(writeln!(out, "{text}").and_then(|()| out.flush()));
    }
}

/// Returns a text in colours: faults, warnings, and good news.
fn painted(text: &str) -> String {
    let paint = |line: &str| match line.trim_start().chars().next() {
        Some('✗') => line.red().to_string(),
        Some('!') => line.yellow().to_string(),
        Some('✓') => line.green().to_string(),
        _ if line.contains(": Not healthy: ") => line.red().bold().to_string(),
        _ if line.contains(": Healthy: ") => line.green().bold().to_string(),
        _ => line.to_owned(),
    };
    text.lines().map(paint).collect::<Vec<_>>().join("\n")
}

/// Returns whether a person looks at the output and wants colours.
/// <https://no-color.org>
pub fn colours() -> bool {
    std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_how_it_stands_is_painted() {
        assert_eq!(painted("lane  waiting"), "lane  waiting");
        assert_eq!(painted("  ✗ x\nplain"), "\u{1b}[31m  ✗ x\u{1b}[39m\nplain");
        assert!(painted("p (r): Healthy: 1 of 2 run").starts_with('\u{1b}'));
    }
}
