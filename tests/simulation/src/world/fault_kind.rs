//! The ways for a handler's call to fail.

use std::time::Duration;

use fake_aws::{Call, Fault, Rng, Service};

use super::history::Phase;

/// Handlers whose calls fail.
pub(super) const HANDLERS: [&str; 4] = ["dispatch", "ingest", "reconcile", "settle"];
/// Long enough that a few such calls take a Lambda to its timeout, short enough that the SDK waits
/// for each.
pub(super) const SLUGGISH: Duration = Duration::from_millis(4_500);

/// How long a call of a process that died can still be under way: the lease waits for that.
const ON_THE_WIRE_MS: u64 = 12_000;

/// Longer than the SDK's retries take.
pub(super) const OUTAGE_MS: i64 = 4_000;

/// A way for a call to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    CrashBefore,
    CrashAfter,
    CrashOnTheWire,
    RequestLost,
    AnswerLost,
    Throttled,
    ServerError,
    ServerErrorAfter,
    SlowThere,
    SlowBack,
    NeverAnswered,
    NeverAnsweredAfter,
    /// Every call of this process is slow from now on, until Lambda ends it.
    Sluggish,
    /// This operation fails for everybody, for a while.
    Outage,
    Conflict,
    EntryFails,
    RefusedForGood,
}

impl Kind {
    pub const ALL: [Self; 17] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::CrashOnTheWire,
        Self::RequestLost,
        Self::AnswerLost,
        Self::Throttled,
        Self::ServerError,
        Self::ServerErrorAfter,
        Self::SlowThere,
        Self::SlowBack,
        Self::NeverAnswered,
        Self::NeverAnsweredAfter,
        Self::Sluggish,
        Self::Outage,
        Self::Conflict,
        Self::EntryFails,
        Self::RefusedForGood,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::CrashBefore => "crash before the effect",
            Self::CrashAfter => "crash after the effect",
            Self::CrashOnTheWire => "crash, the effect comes later",
            Self::RequestLost => "request lost",
            Self::AnswerLost => "answer lost",
            Self::Throttled => "throttled",
            Self::ServerError => "server error without effect",
            Self::ServerErrorAfter => "server error after the effect",
            Self::SlowThere => "slow on its way there",
            Self::SlowBack => "slow on its way back",
            Self::NeverAnswered => "never answered, without effect",
            Self::NeverAnsweredAfter => "never answered, after the effect",
            Self::Sluggish => "all calls slow from now on",
            Self::Outage => "an operation fails for a while",
            Self::Conflict => "transaction conflict",
            Self::EntryFails => "entry of a batch fails",
            Self::RefusedForGood => "refused for good",
        }
    }

    pub(super) fn name(self, handler: &str) -> String {
        format!("fault: {handler}: {}", self.as_str())
    }

    /// Its names in the coverage, one for each handler that it can strike.
    pub fn names(self) -> Vec<String> {
        let strikes = |handler: &&&str| self != Self::RefusedForGood || **handler == "dispatch";
        let handlers = HANDLERS.iter().filter(strikes);
        handlers.map(|handler| self.name(handler)).collect()
    }

    pub(super) fn phase(self) -> Phase {
        match self {
            Self::CrashAfter
            | Self::AnswerLost
            | Self::ServerErrorAfter
            | Self::SlowBack
            | Self::NeverAnsweredAfter => Phase::After,
            _ => Phase::Before,
        }
    }

    /// Returns the call's fault, and by how much a start can be late for it, in milliseconds.
    pub(super) fn fault(self, call: &Call, rng: &mut Rng) -> Option<(Fault, i64)> {
        let slow = |rng: &mut Rng| 100 + rng.below(12_000);
        Some(match self {
            Self::CrashBefore | Self::CrashAfter => (Fault::Crash, 0),
            Self::CrashOnTheWire => {
                let time = Duration::from_millis(rng.below(ON_THE_WIRE_MS));
                (Fault::CrashOnTheWire(time), ON_THE_WIRE_MS as i64)
            }
            Self::RequestLost | Self::AnswerLost => (Fault::LoseAnswer, 1_000),
            Self::Throttled => (Fault::Throttle, 1_000),
            Self::ServerError | Self::ServerErrorAfter => (Fault::InternalError, 1_000),
            Self::SlowThere | Self::SlowBack => {
                let time = slow(rng);
                (Fault::Delay(Duration::from_millis(time)), time as i64)
            }
            Self::NeverAnswered | Self::NeverAnsweredAfter => (Fault::Hang, 10_000),
            Self::Sluggish => (Fault::Delay(SLUGGISH), SLUGGISH.as_millis() as i64),
            Self::Outage => (Fault::InternalError, OUTAGE_MS),
            Self::Conflict => {
                let writes = matches!(
                    call.operation.as_str(),
                    "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems"
                );
                if call.service != Service::DynamoDb || !writes {
                    return None;
                }
                (Fault::TransactionConflict, 1_000)
            }
            Self::EntryFails | Self::RefusedForGood => return None,
        })
    }
}
