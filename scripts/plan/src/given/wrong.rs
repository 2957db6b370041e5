//! What is wrong with what was given.

use thiserror::Error;

/// What is wrong with what was given: it names the input and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Wrong(pub String);

impl Wrong {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
