//! Patience with a service that fails for now: a call is made again after a pause, as long as others succeed or a few
//! seconds pass.

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
    /// From then on no call is made again.
    until: Millis,
    /// Since when nothing has succeeded.
    failing_since: Option<Millis>,
    pause: Millis,
}

impl Patience {
    /// `end_by`: when the last call must have ended.
    pub fn new(end_by: Millis) -> Self {
        Self {
            until: end_by.saturating_sub(CALL_WITHIN),
            failing_since: None,
            pause: FIRST_PAUSE,
        }
    }

    /// A call has succeeded.
    pub fn succeeded(&mut self) {
        self.failing_since = None;
        self.pause = FIRST_PAUSE;
    }

    /// A call has failed for now. Returns after how long it is made again, in milliseconds; `None`: it is not.
    pub fn failed(&mut self, now: Millis) -> Option<Millis> {
        let since = *self.failing_since.get_or_insert(now);
        let pause = self.pause;
        if now - since >= PATIENCE || now + pause > self.until {
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
        let mut patience = Patience::new(Millis::MAX);
        let mut now = 0;
        let mut pauses = Vec::new();
        while let Some(pause) = patience.failed(now) {
            pauses.push(pause);
            now += pause;
        }
        assert_eq!(pauses, [200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
        assert!(now >= PATIENCE);
    }

    #[test]
    fn a_success_begins_anew() {
        let mut patience = Patience::new(Millis::MAX);
        assert_eq!(patience.failed(0), Some(200));
        assert_eq!(patience.failed(PATIENCE - 1), Some(400));
        patience.succeeded();
        assert_eq!(patience.failed(PATIENCE + 1), Some(200));
    }

    #[test]
    fn nothing_is_made_again_that_would_not_end_in_time() {
        let mut patience = Patience::new(CALL_WITHIN + 1_000);
        assert_eq!(patience.failed(800), Some(200));
        assert_eq!(patience.failed(801), None);
    }
}
