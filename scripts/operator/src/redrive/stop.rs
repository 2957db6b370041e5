//! Ctrl-C and its like, heard between two steps: a step that has begun is finished, so that nothing
//! is sent without being counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::fault::Fault;

/// The exit status of a program that was interrupted.
const STOPPED: i32 = 130;

/// Whether a person or a supervisor has asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens: the first SIGINT, SIGTERM or SIGHUP only sets the mark; a second one ends the
    /// program at once.
    pub fn heard() -> Result<Self, Fault> {
        let stop = Self::default();
        for kind in [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ] {
            // A program under nohup is to outlive the terminal.
            if kind == SignalKind::hangup() && ignores_hangups() {
                continue;
            }
            let mut signals = signal(kind)
                .map_err(|error| Fault::failed(format!("signals cannot be heard: {error}")))?;
            let mark = stop.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    if mark.0.swap(true, Ordering::Relaxed) {
                        eprintln!("stopped; messages that were not moved are in their old queue");
                        std::process::exit(STOPPED);
                    }
                }
            });
        }
        Ok(stop)
    }

    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Returns whether the process began with SIGHUP ignored. Linux tells; elsewhere nobody does.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal 1 is the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}
