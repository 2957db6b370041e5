//! The verdict on a newer version, from the failures of two.

/// The ends of one version's executions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that have ended.
    pub closed: u64,
    /// Of these, those that failed, or that the ledger has a failed object of.
    pub failed: u64,
}

impl Tally {
    #[allow(clippy::cast_precision_loss, reason = "counts of executions are small")]
    fn share(self) -> f64 {
        self.failed as f64 / self.closed.max(1) as f64
    }

    /// Returns the share of failures, in percent.
    pub fn percent(self) -> f64 {
        self.share() * 100.0
    }
}

/// The verdict on the newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One version has all starts.
    Alone,
    /// Too few executions have ended.
    Wait,
    /// It gets all starts.
    Promote,
    /// It gets none any more.
    Back,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Wait => "wait",
            Self::Promote => "promote",
            Self::Back => "back",
        }
    }

    /// Returns the exit status, which the pipeline of a deployment reads.
    pub fn status(self) -> u8 {
        match self {
            Self::Alone | Self::Promote => 0,
            Self::Back => 3,
            Self::Wait => 4,
        }
    }
}

/// Judges the newer version, once `least` of its executions have ended. Its share of failures can
/// be `margin_percent` points above the older one's. More failures than `least` executions are
/// allowed need no more executions.
#[allow(clippy::cast_precision_loss, reason = "counts of executions are small")]
pub fn judge(newer: Tally, older: Tally, least: u64, margin_percent: u32) -> Verdict {
    let allowed = older.share() + f64::from(margin_percent) / 100.0;
    if newer.failed as f64 > allowed * newer.closed.max(least) as f64 {
        Verdict::Back
    } else if newer.closed < least {
        Verdict::Wait
    } else {
        Verdict::Promote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(closed: u64, failed: u64) -> Tally {
        Tally { closed, failed }
    }

    const FINE: Tally = Tally {
        closed: 200,
        failed: 2,
    };

    #[test]
    fn a_version_that_fails_no_more_than_the_other_is_promoted() {
        assert_eq!(judge(tally(20, 0), FINE, 20, 5), Verdict::Promote);
        assert_eq!(judge(tally(20, 1), FINE, 20, 5), Verdict::Promote);
        assert_eq!(
            judge(tally(100, 50), tally(100, 50), 20, 5),
            Verdict::Promote
        );
    }

    #[test]
    fn a_version_that_fails_more_goes_back() {
        assert_eq!(judge(tally(20, 2), FINE, 20, 5), Verdict::Back);
        assert_eq!(judge(tally(1_000, 70), FINE, 20, 5), Verdict::Back);
        assert_eq!(judge(tally(20, 1), FINE, 20, 0), Verdict::Back);
    }

    #[test]
    fn few_executions_are_no_reason_to_promote() {
        assert_eq!(judge(tally(19, 0), FINE, 20, 5), Verdict::Wait);
        assert_eq!(judge(tally(0, 0), FINE, 20, 5), Verdict::Wait);
        assert_eq!(judge(tally(1, 1), FINE, 20, 5), Verdict::Wait);
    }

    #[test]
    fn failures_that_are_too_many_already_need_no_more_executions() {
        assert_eq!(judge(tally(2, 2), FINE, 20, 5), Verdict::Back);
    }

    #[test]
    fn an_older_version_without_executions_has_no_failures() {
        assert_eq!(judge(tally(20, 0), tally(0, 0), 20, 0), Verdict::Promote);
        assert_eq!(judge(tally(20, 2), tally(0, 0), 20, 5), Verdict::Back);
    }
}
