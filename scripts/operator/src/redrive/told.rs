//! How a redrive tells of itself: lines as it goes on, a bar on a terminal, and the counts at its
//! end for a program.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::shown::{plain, plain_lines};

/// Lines elsewhere than on a terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Messages that are shown of those that would move.
pub const SAMPLE: usize = 10;

/// The stream for lines: with `--json` the standard output is for the answer alone.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub json: bool,
}

impl Told {
    pub fn line(self, text: &str) {
        let text = plain_lines(text);
        match self.json {
            true => eprintln!("{text}"),
            false => println!("{text}"),
        }
        drop(std::io::stdout().flush());
    }

    /// Prints the first messages that would move.
    pub fn sample(self, lines: &[String], of: u64) {
        for line in lines.iter().take(SAMPLE) {
            self.line(&format!("  {}", plain(line)));
        }
        let shown = lines.len().min(SAMPLE) as u64;
        if of > shown {
            self.line(&format!("  … and {} more", of - shown));
        }
    }
}

/// A bar on a terminal, a line every few seconds elsewhere.
#[derive(Debug)]
pub struct Progress {
    told: Told,
    bar: bool,
    shown: Instant,
    done: &'static str,
}

impl Progress {
    pub fn new(told: Told, done: &'static str) -> Self {
        Self {
            told,
            bar: !told.json && std::io::stdout().is_terminal(),
            shown: Instant::now(),
            done,
        }
    }

    pub fn show(&mut self, done: u64, total: u64, more: &str) {
        let total = total.max(done);
        if self.bar {
            let filled = (done * 30)
                .checked_div(total)
                .map_or(30, |filled| filled as usize);
            let bar = format!("{}{}", "#".repeat(filled), ".".repeat(30 - filled));
            print!("\r[{bar}] {done} of {total} {}{more} ", self.done);
            drop(std::io::stdout().flush());
        } else if self.shown.elapsed() >= LINE_EVERY {
            self.shown = Instant::now();
            self.told
                .line(&format!("{done} of {total} {}{more}", self.done));
        }
    }

    pub fn end(&self) {
        if self.bar {
            println!();
        }
    }
}
