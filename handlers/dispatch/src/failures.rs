//! What went wrong in a tick.

use tracing::warn;

use crate::error::TickError;

/// The failures of a tick.
#[derive(Debug, Default)]
pub struct Failures {
    /// The tick ends with it.
    pub first: Option<TickError>,
    /// What calls share is told once.
    last: Option<TickError>,
}

impl Failures {
    /// Something failed: it is logged, and the tick ends with the first failure.
    pub fn note(&mut self, problem: impl Into<TickError>) {
        let problem = problem.into();
        if self.last.as_ref() != Some(&problem) {
            warn!("{problem}");
            self.last = Some(problem.clone());
        }
        self.first.get_or_insert(problem);
    }
}
