use super::*;
use crate::event::tests::event;
use crate::message::Received;
use crate::protocol::call::Read;
use crate::protocol::candidate::{Carrier, Standing};
use crate::protocol::terms::Pipeline;
use crate::record::row::{Row, State};

fn pipeline(order: Order) -> Pipeline {
    Pipeline {
        arn: "arn".into(),
        order,
        lanes: vec!["default".into()],
        tenants: None,
    }
}

fn terms(pipeline: &Pipeline) -> Terms<'_> {
    Terms::for_tests(pipeline)
}

fn received(receives: u32) -> Carrier {
    Carrier::Message(Received {
        receives,
        ..Received::default()
    })
}

/// S3's report, received for the first time.
fn report() -> Candidate {
    Candidate {
        carrier: received(1),
        lane: 0,
        event: event("a", "1"),
        attempt: 1,
        is_report: true,
        standing: Standing::default(),
    }
}

fn row(state: State, attempt: u32) -> Row {
    Row {
        event: event("a", "1"),
        state,
        attempt,
        execution: None,
        lane: None,
        uncounted: 0,
    }
}

fn reads(claiming: &Claiming, terms: &Terms<'_>) -> bool {
    matches!(claiming.call(ONLY, terms), Some(Call::Read { .. }))
}

#[test]
fn the_row_of_a_new_event_is_not_read() {
    let pipeline = pipeline(Order::None);
    let terms = terms(&pipeline);
    let mut claiming = Claiming::new(report(), &terms);
    assert_eq!(claiming.stage(), Stage::SlotAsked);
    assert!(
        matches!(claiming.call(ONLY, &terms), Some(Call::PutSlot { slot, .. }) if slot.taken_at == 7)
    );
    claiming.answered(ONLY, Answer::Written(Written::Now), &terms, &mut Vec::new());
    assert!(
        matches!(claiming.call(ONLY, &terms), Some(Call::Claim(claim)) if claim.read.is_none())
    );
}

#[test]
fn a_row_that_can_be_there_is_read() {
    let (none, latest) = (pipeline(Order::None), pipeline(Order::Latest));
    let own = Candidate {
        is_report: false,
        ..report()
    };
    let again = Candidate {
        carrier: received(2),
        ..report()
    };
    let later = Candidate {
        attempt: 2,
        ..report()
    };
    for candidate in [own, again, later] {
        assert!(reads(
            &Claiming::new(candidate, &terms(&none)),
            &terms(&none)
        ));
    }
    let listed = Terms {
        listed: true,
        ..terms(&none)
    };
    for terms in [listed, terms(&latest)] {
        let claiming = Claiming::new(report(), &terms);
        assert!(reads(&claiming, &terms));
        assert_eq!(claiming.stage(), Stage::Granted);
    }
}

/// The row decides once a slot turned out to be there: the message is deleted, or comes again.
#[test]
fn a_slot_that_is_there_has_the_row_read() {
    let pipeline = pipeline(Order::None);
    let terms = terms(&pipeline);
    for (row, deleted) in [
        (Some(row(State::Started, 1)), true),
        (Some(row(State::Retry, 1)), true),
        (None, false),
    ] {
        let (mut claiming, mut facts) = (Claiming::new(report(), &terms), Vec::new());
        let lost = || Answer::Written(Written::Lost(None));
        claiming.answered(ONLY, lost(), &terms, &mut facts);
        assert!(reads(&claiming, &terms));
        assert_eq!(claiming.stage(), Stage::Granted);
        let read = Read {
            row: Ok(row),
            head: Ok(None),
            also: Vec::new(),
        };
        claiming.answered(ONLY, Answer::Read(Box::new(read)), &terms, &mut facts);
        if !deleted {
            // It is put once more: the other message can have freed its slot.
            assert!(matches!(
                claiming.call(ONLY, &terms),
                Some(Call::PutSlot { .. })
            ));
            claiming.answered(ONLY, lost(), &terms, &mut facts);
            assert!(matches!(
                claiming.call(ONLY, &terms),
                Some(Call::Hide { seconds: 1, .. })
            ));
            continue;
        }
        assert!(matches!(
            claiming.call(ONLY, &terms),
            Some(Call::Delete { .. })
        ));
        assert!(claiming.starts_nothing());
    }
}

#[test]
fn a_row_that_is_there_frees_the_slot() {
    let pipeline = pipeline(Order::None);
    let terms = terms(&pipeline);
    for (row, then_deleted) in [
        (row(State::Succeeded, 1), true),
        (row(State::Retry, 3), true),
        (row(State::Queued, 0), false),
    ] {
        let (mut claiming, mut facts) = (Claiming::new(report(), &terms), Vec::new());
        let now = Answer::Written(Written::Now);
        claiming.answered(ONLY, now, &terms, &mut facts);
        let lost = Answer::Written(Written::Lost(Some(Box::new(row))));
        claiming.answered(ONLY, lost, &terms, &mut facts);
        assert_eq!(claiming.stage(), Stage::Unused);
        assert!(matches!(
            claiming.call(ONLY, &terms),
            Some(Call::FreeUnused(_))
        ));
        claiming.answered(ONLY, Answer::Done, &terms, &mut facts);
        let deletes = matches!(claiming.call(ONLY, &terms), Some(Call::Delete { .. }));
        assert_eq!(deletes, then_deleted);
    }
}

#[test]
fn a_row_that_cannot_be_read_frees_the_slot_and_dead_letters_the_message() {
    let pipeline = pipeline(Order::None);
    let terms = terms(&pipeline);
    let (mut claiming, mut facts) = (Claiming::new(report(), &terms), Vec::new());
    let now = Answer::Written(Written::Now);
    claiming.answered(ONLY, now, &terms, &mut facts);
    let unreadable = Answer::Unreadable("its state is not known".into());
    claiming.answered(ONLY, unreadable, &terms, &mut facts);
    assert_eq!(claiming.stage(), Stage::Unused);
    assert!(matches!(
        claiming.call(ONLY, &terms),
        Some(Call::FreeUnused(_))
    ));
    claiming.answered(ONLY, Answer::Done, &terms, &mut facts);
    assert!(matches!(
        claiming.call(ONLY, &terms),
        Some(Call::Send { .. })
    ));
    let told = |fact: &Fact| matches!(fact, Fact::Unreadable { .. });
    assert!(facts.iter().any(told), "{facts:?}");
}
