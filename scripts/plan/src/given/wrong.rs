//! Faults in the input.

use thiserror::Error;

/// A fault in the input: it names the input and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Wrong(pub String);

impl Wrong {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
