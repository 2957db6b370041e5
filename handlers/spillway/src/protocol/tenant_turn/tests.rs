use super::*;
use crate::event::tests::event;
use crate::protocol::terms::Pipeline;
use crate::record::deferred::Place;
use crate::record::row::{Row, State};

fn turn(most: u32) -> TenantTurn {
    let queue = TenantQueue {
        lane: String::new(),
        tenant: "acme".into(),
    };
    TenantTurn::new(Turn { queue, most })
}

fn deferred(key: &str, state: State, attempt: u32) -> Deferred {
    let event = event(key, "1");
    Deferred {
        place: Place::of(turn(1).queue().clone(), &event),
        attempt: 2,
        row: Ok(Some(Row {
            event,
            state,
            attempt,
            execution: None,
            lane: None,
            uncounted: 0,
        })),
    }
}

fn answered(turn: &mut TenantTurn, answer: Answer) -> Vec<Fact> {
    let pipeline = Pipeline::default();
    let mut facts = Vec::new();
    let id = turn.outstanding().next().unwrap();
    turn.answered(id, answer, &Terms::for_tests(&pipeline), &mut facts);
    facts
}

#[test]
fn the_oldest_that_wait_are_candidates_and_the_others_are_forgotten() {
    let mut turn = turn(2);
    let found = vec![
        deferred("a", State::Started, 2),
        deferred("b", State::Waiting, 1),
        Deferred {
            row: Err("written by a later release".into()),
            ..deferred("c", State::Waiting, 1)
        },
        deferred("d", State::Waiting, 1),
        deferred("e", State::Waiting, 1),
        // Of an attempt that was made.
        deferred("f", State::Waiting, 2),
    ];
    let facts = answered(&mut turn, Answer::Deferred(found));
    assert!(matches!(&facts[..], [Fact::Unreadable { .. }]), "{facts:?}");
    assert_eq!(turn.outstanding().count(), 2);
    answered(&mut turn, Answer::Done);
    answered(&mut turn, Answer::Done);
    assert_eq!(turn.outstanding().count(), 0);
    let candidates = turn.candidates(3);
    let keys: Vec<&str> = candidates.iter().map(|it| it.event.key.as_str()).collect();
    assert_eq!(keys, ["b", "d"]);
    assert!(candidates.iter().all(|it| (it.lane, it.attempt) == (3, 2)));
}

#[test]
fn an_empty_queue_is_removed_when_it_is_to_be() {
    let mut turn = turn(2);
    answered(&mut turn, Answer::Deferred(Vec::new()));
    assert_eq!(
        (turn.found(), turn.outstanding().count()),
        (&Found::Empty, 0)
    );
    turn.remove("token".into());
    let pipeline = Pipeline::default();
    let call = turn.call(ONLY, &Terms::for_tests(&pipeline));
    assert!(matches!(call, Some(Call::ForgetQueue { token, .. }) if token == "token"));
    assert_eq!(
        answered(&mut turn, Answer::Unclear),
        [Fact::Failed(Scope::Nothing)]
    );
    assert_eq!(turn.outstanding().count(), 0);
}

#[test]
fn a_queue_that_cannot_be_read_has_no_candidates() {
    let mut turn = turn(2);
    assert_eq!(
        answered(&mut turn, Answer::Unclear),
        [Fact::Failed(Scope::Tick)]
    );
    assert_eq!(
        (turn.found(), turn.candidates(0).len()),
        (&Found::Unclear, 0)
    );
}

#[test]
fn a_queue_of_which_all_are_claimed_is_empty() {
    let two = || {
        let events = ["a", "b"].map(|key| deferred(key, State::Waiting, 1));
        Answer::Deferred(events.to_vec())
    };
    let mut turn = turn(2);
    answered(&mut turn, two());
    assert_eq!(turn.ended(2), TurnEnded::Empty);
    assert_eq!(turn.ended(1), TurnEnded::Done(1));
    // There can be more than were read.
    let many = (0..6).map(|it| deferred(&it.to_string(), State::Waiting, 1));
    let mut full = self::turn(2);
    answered(&mut full, Answer::Deferred(many.collect()));
    assert_eq!(full.ended(2), TurnEnded::Done(2));
    assert_eq!(self::turn(2).ended(0), TurnEnded::Unclear);
}

#[test]
fn a_queue_whose_last_item_was_not_deleted_for_certain_is_not_empty() {
    let gone = || Answer::Deferred(vec![deferred("a", State::Started, 1)]);
    for (answer, expected) in [
        (Answer::Done, TurnEnded::Empty),
        (Answer::Unclear, TurnEnded::Done(0)),
    ] {
        let mut turn = turn(2);
        answered(&mut turn, gone());
        let pipeline = Pipeline::default();
        let terms = Terms::for_tests(&pipeline);
        turn.answered(ONLY + 1, answer, &terms, &mut Vec::new());
        assert_eq!(turn.ended(0), expected);
    }
}
