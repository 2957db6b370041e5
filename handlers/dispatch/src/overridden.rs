//! What an operator overrides, told once a tick and whenever it changes.

use spillway::pace::in_force::InForce;
use spillway::text::cut;
use tracing::info;

/// Of `since` and `note`, so much is logged.
const MAX_WORDS_BYTES: usize = 200;

/// What the operator overrides, since when and why. A tick knows of nothing at first, so each tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overridden {
    what: String,
    since: Option<String>,
    note: Option<String>,
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

    pub fn tell(&self, window: Option<&str>) {
        let Self { what, since, note } = self;
        let (since, note) = (since.as_deref(), note.as_deref());
        if what.is_empty() {
            info!("the control item overrides nothing any more");
        } else {
            info!(
                overrides = what,
                since, note, window, "the control item overrides"
            );
        }
    }
}
