use super::*;
use crate::event::tests::event;
use crate::protocol::call::Written;
use crate::protocol::terms::Pipeline;

use crate::pace::layout::Layout;
use crate::record::row::RowKey;
use crate::rules::order::Order;
use crate::rules::retry::{RetryPolicy, Settlement};

fn started(key: &str) -> Row {
    Row {
        event: event(key, "1"),
        state: State::Started,
        attempt: 1,
        execution: Some("e".into()),
        lane: None,
    }
}

/// What is under way for the others is waited for: who drives the machine counts on it.
#[test]
fn a_row_that_cannot_be_read_leaves_the_others_of_its_batch() {
    let pipeline = Pipeline {
        arn: "arn".into(),
        order: Order::None,
        lanes: vec!["default".into()],
    };
    let retry = RetryPolicy {
        max_attempts: 3,
        backoff_seconds: vec![0],
    };
    let terms = Terms {
        pipeline: &pipeline,
        retry: &retry,
        reports: true,
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
    };
    let retry = Settlement::Retry {
        attempt: 2,
        delay_seconds: 0,
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
