//! An operator's overrides, their time and their reason.

use super::in_force::InForce;
use crate::text::cut;

/// Bytes of `since` and `note` that are shown.
const MAX_WORDS_BYTES: usize = 200;

/// The operator's overrides. A tick knows none at first, so each tick logs them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overridden {
    /// The names of the numbers that are overridden; empty: none is.
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
