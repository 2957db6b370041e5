//! Which way the handlers decided, counted from the trace events that they have anyway.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Level, Metadata};

/// The field that has the answer of a decision; the event's message is its name.
const DECISION: &str = "decision";
/// Whose events are looked at.
const CRATES: [&str; 5] = ["aws", "dispatch", "ingest", "reconcile", "settle"];

thread_local! {
    /// Of the world that runs on this thread.
    static SEEN: RefCell<BTreeMap<String, u64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Sees every decision from now on, in this whole process.
pub fn watch() {
    // Another world of this process set it before.
    let _ = tracing::subscriber::set_global_default(Watcher);
}

/// Returns the decisions on this thread since the last call.
pub fn take() -> BTreeMap<String, u64> {
    SEEN.with(RefCell::take)
}

struct Watcher;

impl Subscriber for Watcher {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target().split("::").next().unwrap_or_default();
        let decides = metadata.fields().field(DECISION).is_some();
        metadata.is_event()
            && *metadata.level() == Level::TRACE
            && decides
            && CRATES.contains(&target)
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let name = format!("{}: {}", said.message, branch(&said.decision));
        SEEN.with(|seen| *seen.borrow_mut().entry(name).or_default() += 1);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Said {
    message: String,
    decision: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let part = match field.name() {
            "message" => &mut self.message,
            DECISION => &mut self.decision,
            _ => return,
        };
        let _ = write!(part, "{value:?}");
    }
}

/// The variants that only wrap an answer.
const WRAPPERS: [&str; 6] = ["Ok(", "Err(", "Some(", "Written(", "Start(", "Described("];

/// Returns the variant of an answer, without its content: `Written(Lost(None))` is `Lost`.
fn branch(mut answer: &str) -> String {
    while let Some(inner) = WRAPPERS.iter().find_map(|it| answer.strip_prefix(it)) {
        answer = inner;
    }
    answer
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_the_variants_name() {
        assert_eq!(branch("Take(3)"), "Take");
        assert_eq!(branch("Ok(For(Load { attempt: 1 }))"), "For");
        assert_eq!(branch("Superseded { wake: None }"), "Superseded");
        assert_eq!(branch("Some(Operator)"), "Operator");
        assert_eq!(branch("None"), "None");
        assert_eq!(branch("Written(Lost(None))"), "Lost");
    }
}
