use super::*;
use crate::event::tests::event;
use crate::protocol::call::Written;
use crate::protocol::terms::Pipeline;

use crate::pace::adapt::errors::Errors;
use crate::pace::layout::Layout;
use crate::record::row::{RowKey, Tried};
use crate::rules::order::Order;
use crate::rules::retry::{RetryPolicy, Settlement};

fn started(key: &str) -> Row {
    Row {
        event: event(key, "1"),
        state: State::Started,
        attempt: 1,
        execution: Some("e".into()),
        lane: None,
        uncounted: 0,
    }
}

/// The calls under way for the others are waited for: the driver of the machine counts on it.
#[test]
fn a_row_that_cannot_be_read_leaves_the_others_of_its_batch() {
    let pipeline = Pipeline {
        arn: "arn".into(),
        order: Order::None,
        lanes: vec!["default".into()],
        tenants: None,
    };
    let retry = RetryPolicy {
        max_attempts: 3,
        backoff_seconds: vec![0],
    };
    let terms = Terms {
        pipeline: &pipeline,
        retry: &retry,
        reports: true,
        adapt: None,
    };
    let rows = ["one", "other"].map(started);
    let slot = Slot {
        execution: "e".into(),
        layout: Layout::One,
        lane: None,
        taken_at: 0,
        work: Work::Batch,
        ordered: false,
        state_machine_arn: "machine".into(),
        pending: false,
        generation: None,
    };
    let batch = Batch {
        candidates: rows.iter().map(|row| RowKey::of(&row.event)).collect(),
        members: None,
    };
    let failed = Outcome::new("e", Status::Failed, None, None);
    let (mut settling, mut facts) = (Settling::new(failed), Vec::new());
    let rows = rows.into_iter().map(|row| Ok(Some(row))).collect();
    for answer in [
        Answer::Slot(Some(slot)),
        Answer::Batch(Some(batch)),
        Answer::Rows(rows),
    ] {
        settling.answered(ONLY, answer, &terms, &mut facts);
    }
    for id in [0, 1] {
        assert!(matches!(settling.call(id, &terms), Some(Call::Send { .. })));
        settling.answered(id, Answer::Done, &terms, &mut facts);
    }
    let unreadable = Answer::Unreadable("schema version 9".into());
    settling.answered(0, unreadable, &terms, &mut facts);
    assert_eq!(settling.outstanding().collect::<Vec<_>>(), [1]);
    settling.answered(1, Answer::Written(Written::Now), &terms, &mut facts);
    assert_eq!(settling.outstanding().count(), 0);
    assert!(settling.has_failed());
    assert!(facts.contains(&Ended::Retried), "{facts:?}");
}

/// An outcome whose last calls fail comes again, and finds its rows written.
#[test]
fn an_event_that_was_reported_as_failed_is_counted_when_its_row_is_written() {
    let pipeline = Pipeline {
        arn: "arn".into(),
        order: Order::None,
        lanes: vec!["default".into()],
        tenants: None,
    };
    let retry = Settlement::Retry {
        attempt: 2,
        delay_seconds: 0,
        uncounted: 0,
    };
    for (written, counted) in [
        (Written::Now, vec![Ended::EventFailed, Ended::Retried]),
        (Written::Lost(None), vec![Ended::Stale]),
    ] {
        let outcome = Outcome::new("e", Status::Failed, None, None);
        let mut row = SettledRow::new(started("one"), outcome, retry, true);
        let mut facts = Vec::new();
        assert!(matches!(row.call(&pipeline), Some(Call::Send { .. })));
        row.answered(&Answer::Done, &mut facts);
        facts.clear();
        row.answered(&Answer::Written(written), &mut facts);
        assert_eq!(facts, counted);
    }
}

/// An attempt that ends because the target takes no more does not count. The row says so, and the
/// letter of the last one tells both.
#[test]
fn an_end_by_what_the_target_takes_is_uncounted() {
    let pipeline = Pipeline {
        arn: "arn".into(),
        order: Order::None,
        lanes: vec!["default".into()],
        tenants: None,
    };
    let retry = RetryPolicy {
        max_attempts: 2,
        backoff_seconds: vec![30],
    };
    let adapt = Adapt {
        errors: Errors::new(vec!["*Throttl*".into()]).unwrap(),
        tolerated_share: 0.05,
        slowest: 0.1,
        uncounted_max: 20,
    };
    let terms = Terms {
        pipeline: &pipeline,
        retry: &retry,
        reports: false,
        adapt: Some(&adapt),
    };
    let settle = |error: &str, tried: Tried| {
        let row = Row {
            attempt: tried.attempt,
            uncounted: tried.uncounted,
            ..started("one")
        };
        let slot = Slot {
            execution: "e".into(),
            layout: Layout::One,
            lane: None,
            taken_at: 0,
            work: Work::Row(RowKey::of(&row.event)),
            ordered: false,
            state_machine_arn: "machine".into(),
            pending: false,
            generation: Some(7),
        };
        let failed = Outcome::new("e", Status::Failed, Some(error), None);
        let (mut settling, mut facts) = (Settling::new(failed), Vec::new());
        for answer in [Answer::Slot(Some(slot)), Answer::Rows(vec![Ok(Some(row))])] {
            settling.answered(ONLY, answer, &terms, &mut facts);
        }
        let Some(Call::Send { message, .. }) = settling.call(ONLY, &terms) else {
            panic!("{settling:?}");
        };
        settling.answered(ONLY, Answer::Done, &terms, &mut facts);
        let Some(Call::Finish { uncounted, .. }) = settling.call(ONLY, &terms) else {
            panic!("{settling:?}");
        };
        settling.answered(ONLY, Answer::Written(Written::Now), &terms, &mut facts);
        assert_eq!(settling.health(&adapt), None, "its slot is not freed");
        settling.answered(ONLY, Answer::Done, &terms, &mut facts);
        let told = facts.contains(&Ended::Uncounted);
        (message, uncounted, told, settling.health(&adapt))
    };
    let tried = |attempt, uncounted| Tried { attempt, uncounted };
    let failed = Health {
        generation: 7,
        succeeded: 0,
        failed: 1,
    };
    let (message, uncounted, told, health) = settle("ThrottlingException", tried(2, 1));
    assert_eq!(message.attempt.as_deref(), Some("3"));
    assert_eq!((uncounted, told, health), (2, true, Some(failed)));
    let (message, uncounted, told, health) = settle("BrokenReport", tried(3, 1));
    let reason = "FAILED: BrokenReport (3 attempts, 1 of them uncounted)";
    assert_eq!(message.reason.as_deref(), Some(reason));
    assert_eq!((uncounted, told, health), (1, false, None));
    let (message, ..) = settle("BrokenReport", tried(2, 0));
    assert_eq!(message.reason.as_deref(), Some("FAILED: BrokenReport"));
}
