//! Patience with a service that fails for now. A call is made again after a pause, until nothing
//! has succeeded for a few seconds.

use crate::Millis;

/// The longest that a call takes, all of the SDK's repetitions included.
pub const CALL_WITHIN: Millis = 10_000;
/// How long nothing succeeds before a failure is believed to last.
const PATIENCE: Millis = 8_000;
/// The first pause before a call is made again. The SDK has repeated it several times by then.
const FIRST_PAUSE: Millis = 200;
/// The longest pause.
const LONGEST_PAUSE: Millis = 2_000;

/// How long calls that are made together have failed.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Since when nothing has succeeded.
    failing_since: Option<Millis>,
    pause: Millis,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            failing_since: None,
            pause: FIRST_PAUSE,
        }
    }
}

impl Patience {
    /// Records that a call has succeeded.
    pub fn succeeded(&mut self) {
        self.failing_since = None;
        self.pause = FIRST_PAUSE;
    }

    /// Records that a call beside these has succeeded then: the service takes some, and these have
    /// to wait their turn.
    pub fn others_succeeded(&mut self, at: Millis) {
        self.failing_since = self.failing_since.map(|since| since.max(at));
    }

    /// Records that a call has failed for now. `end_by`: the time by which the last call must have
    /// ended. Returns after how many milliseconds it is made again, or `None` if it is not.
    pub fn failed(&mut self, now: Millis, end_by: Millis) -> Option<Millis> {
        let since = *self.failing_since.get_or_insert(now);
        let pause = self.pause;
        if now - since >= PATIENCE || now + pause > end_by.saturating_sub(CALL_WITHIN) {
            return None;
        }
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_patience_ends() {
        let mut patience = Patience::default();
        let mut now = 0;
        let mut pauses = Vec::new();
        while let Some(pause) = patience.failed(now, Millis::MAX) {
            pauses.push(pause);
            now += pause;
        }
        assert_eq!(pauses, [200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
        assert!(now >= PATIENCE);
    }

    #[test]
    fn a_success_begins_anew() {
        let mut patience = Patience::default();
        assert_eq!(patience.failed(0, Millis::MAX), Some(200));
        assert_eq!(patience.failed(PATIENCE - 1, Millis::MAX), Some(400));
        patience.succeeded();
        assert_eq!(patience.failed(PATIENCE + 1, Millis::MAX), Some(200));
    }

    #[test]
    fn the_success_of_another_call_keeps_patience_alive() {
        let mut patience = Patience::default();
        assert_eq!(patience.failed(0, Millis::MAX), Some(200));
        patience.others_succeeded(1);
        // The pauses still grow: this call is one of too many.
        assert_eq!(patience.failed(PATIENCE, Millis::MAX), Some(400));
        assert_eq!(patience.failed(PATIENCE + 1, Millis::MAX), None);
        // One that is older than the failures changes nothing.
        patience.succeeded();
        assert_eq!(patience.failed(20_000, Millis::MAX), Some(200));
        patience.others_succeeded(1);
        assert_eq!(patience.failed(20_000 + PATIENCE, Millis::MAX), None);
    }

    #[test]
    fn nothing_is_made_again_that_would_not_end_in_time() {
        let (mut patience, end_by) = (Patience::default(), CALL_WITHIN + 1_000);
        assert_eq!(patience.failed(800, end_by), Some(200));
        assert_eq!(patience.failed(801, end_by), None);
    }
}
