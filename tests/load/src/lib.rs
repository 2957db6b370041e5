//! Runs ONE program under Lambda's runtime API against an AWS on loopback, and measures it. It
//! measures its start, CPU, memory and API calls, and whether any event was lost or started twice.
//!
//! The AWS is `fake-aws`, in this process, behind a real socket: real conditions, real capacity
//! units, every call counted. The program is anything that speaks the runtime API. `README.md` has
//! the interface.

pub mod ceiling;
pub mod cpu;
pub mod drive;
pub mod environment;
pub mod objects;
pub mod pipeline;
pub mod process;
pub mod quota;
pub mod report;
pub mod runtime;
pub mod scenario;
pub mod scratch;
pub mod server;
pub mod session;
pub mod tally;
pub mod work;

use thiserror::Error;

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("the scenario: {0}")]
    Scenario(String),
    #[error("the program: {0}")]
    Program(String),
    /// Of this machine, not of the program.
    #[error("cpu_share needs {0}")]
    Quota(String),
    #[error("{what}: {error}")]
    Io {
        what: &'static str,
        error: std::io::Error,
    },
}

impl Failure {
    /// Returns the exit code that stands for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Quota(_) => 2,
            _ => 1,
        }
    }

    /// Names the act during which an error came.
    pub fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { what, error }
    }
}
