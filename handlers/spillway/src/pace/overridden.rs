//! What an operator overrides, since when and why.

use super::in_force::InForce;
use crate::text::cut;

/// Bytes of `since` and `note` that are shown.
const MAX_WORDS_BYTES: usize = 200;

/// What the operator overrides. A tick knows of nothing at first, so each tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overridden {
    /// The names of what is overridden; empty: nothing is.
    pub what: String,
    pub since: Option<String>,
    pub note: Option<String>,
}

impl Overridden {
    pub fn by(now: &InForce<'_>) -> Self {
        let words = |said: &Option<String>| Some(cut(said.as_deref()?, MAX_WORDS_BYTES).to_owned());
        if now.overrides.is_empty() {
            return Self::default();
        }
        Self {
            what: now.overrides.join(", "),
            since: words(&now.since),
            note: words(&now.note),
        }
    }
}
