//! `ingest`: takes in the object events that S3 invokes it with. The ledger first, then the events
//! queue.
//!
//! An invocation succeeds only if every one of its records is safe: queued, or known to the ledger.
//! Otherwise it fails, after all other records were queued: Lambda invokes it again, and keeps an
//! event that fails to the end. The order of calls is decided in `spillway::protocol::ingesting`;
//! here its machine is driven.

pub mod config;
mod counts;
mod error;
mod ingest;

use aws::clients::Clients;
use aws::shell::{Parts, Shell};

pub use config::Config;
pub use counts::Counts;
pub use error::IngestError;
pub use ingest::Ingested;

/// The handler's state: built once, used by every invocation.
#[derive(Debug, Clone)]
pub struct Ingest {
    config: Config,
    shell: Shell,
}

impl Ingest {
    pub fn new(config: Config, clients: Clients) -> Self {
        let shell = Shell::new(Parts::new(&clients, &config.pipeline));
        Self { config, shell }
    }

    /// Returns the pipeline's name.
    pub fn pipeline(&self) -> &str {
        &self.config.pipeline.name
    }
}
