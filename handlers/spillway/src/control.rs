//! The control item: what an operator wrote to override the pace, or to pause.

use crate::pace::Partial;

/// The control item's content. What it does not name stays as configured, or as the window in force says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Control {
    /// An operator's word wins: `false` goes on although a window pauses. `None`: nothing was said.
    pub paused: Option<bool>,
    pub pace: Partial,
}
