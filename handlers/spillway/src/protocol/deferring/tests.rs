use super::*;
use crate::event::tenant::By;
use crate::event::tests::event;
use crate::message::Received;
use crate::pace::tenants::TenantBound;
use crate::protocol::call::Read;
use crate::protocol::candidate::{Carrier, Standing};
use crate::protocol::terms::Pipeline;
use crate::record::row::Row;

fn pipeline() -> Pipeline {
    Pipeline {
        lanes: vec!["default".into()],
        tenants: Some(TenantBound {
            by: By::Segment(1),
            max_concurrency: 1,
        }),
        ..Pipeline::default()
    }
}

fn candidate(attempt: u32) -> Candidate {
    Candidate {
        carrier: Carrier::Message(Received::default()),
        lane: 0,
        event: event("acme/a", "1"),
        attempt,
        is_report: true,
        standing: Standing::default(),
    }
}

fn row(state: State, attempt: u32) -> Row {
    Row {
        event: event("acme/a", "1"),
        state,
        attempt,
        execution: None,
        lane: None,
        uncounted: 0,
    }
}

fn read(row: Option<Row>) -> Answer {
    Answer::Read(Box::new(Read {
        row: Ok(row),
        head: Ok(None),
        also: Vec::new(),
    }))
}

fn deferring(naming: Option<&str>, attempts: &[u32]) -> Deferring {
    let queue = pipeline().tenant_queue(0, "acme/a").unwrap();
    let candidates = attempts.iter().map(|attempt| candidate(*attempt));
    Deferring::new(queue, naming.map(str::to_owned), candidates.collect())
}

/// Answers the calls of the first message until it is done. Returns the calls and the facts.
fn run(deferring: &mut Deferring, answers: Vec<Answer>) -> (Vec<Call>, Vec<Fact>) {
    let pipeline = pipeline();
    let terms = Terms::for_tests(&pipeline);
    let (mut calls, mut facts) = (Vec::new(), Vec::new());
    for answer in answers {
        let id = deferring.outstanding().next().unwrap();
        calls.push(deferring.call(id, &terms).unwrap());
        deferring.answered(id, answer, &terms, &mut facts);
    }
    assert_eq!(deferring.outstanding().count(), 0, "{deferring:?}");
    (calls, facts)
}

#[test]
fn the_queue_is_named_then_the_row_waits_then_the_event_is_put_then_the_message_goes() {
    let mut deferring = deferring(Some("token"), &[1]);
    let answers = vec![
        Answer::Done,
        read(None),
        Answer::Written(Written::Now),
        Answer::Done,
        Answer::Done,
    ];
    let (calls, facts) = run(&mut deferring, answers);
    assert!(matches!(&calls[0], Call::NameQueue { token, .. } if token == "token"));
    assert!(matches!(&calls[1], Call::Read { .. }));
    assert!(
        matches!(&calls[2], Call::Wait { claim, tenant } if claim.read.is_none() && tenant.as_deref() == Some("acme"))
    );
    assert!(
        matches!(&calls[3], Call::PutDeferred { attempt: 1, place, .. } if place.queue.tenant == "acme")
    );
    assert!(matches!(&calls[4], Call::Delete { .. }));
    assert_eq!(facts, [Fact::Deferred]);
    assert!(deferring.is_named());
}

#[test]
fn one_that_was_deferred_before_is_put_again_and_its_row_stays() {
    let mut deferring = deferring(None, &[2]);
    let answers = vec![
        read(Some(row(State::Waiting, 1))),
        Answer::Done,
        Answer::Done,
    ];
    let (calls, _) = run(&mut deferring, answers);
    assert!(matches!(&calls[1], Call::PutDeferred { attempt: 2, .. }));
    assert!(matches!(&calls[2], Call::Delete { .. }));
}

#[test]
fn what_fails_hands_the_message_back_and_ends_the_tick() {
    let mut unnamed = deferring(Some("token"), &[1]);
    let (_, facts) = run(&mut unnamed, vec![Answer::Unclear, Answer::Done]);
    assert_eq!(facts, [Fact::Failed(Scope::Tick), Fact::HandedBack]);
    assert!(!unnamed.is_named());
    for failing in [
        vec![read(None), Answer::Unclear],
        vec![read(None), Answer::Written(Written::Now), Answer::Unclear],
    ] {
        let answers = failing.into_iter().chain([Answer::Done]).collect();
        let (calls, facts) = run(&mut deferring(None, &[1]), answers);
        assert!(matches!(calls.last(), Some(Call::Hide { seconds: 0, .. })));
        let [suspect, failed, handed_back] = [
            Fact::Suspect(0),
            Fact::Failed(Scope::Tick),
            Fact::HandedBack,
        ];
        assert_eq!(facts, [suspect, failed, handed_back]);
    }
}

#[test]
fn a_message_whose_attempt_was_claimed_is_dropped() {
    let stale = vec![read(Some(row(State::Succeeded, 1))), Answer::Done];
    let (calls, _) = run(&mut deferring(None, &[1]), stale);
    assert!(matches!(calls.last(), Some(Call::Delete { .. })));
    let claimed = Answer::Written(Written::Lost(Some(Box::new(row(State::Started, 1)))));
    let meanwhile = vec![read(None), claimed, Answer::Done];
    let (calls, _) = run(&mut deferring(None, &[1]), meanwhile);
    assert!(matches!(calls.last(), Some(Call::Delete { .. })));
}

#[test]
fn messages_go_side_by_side_once_the_queue_is_named() {
    let deferring = deferring(Some("token"), &[1, 1]);
    assert_eq!(deferring.outstanding().collect::<Vec<_>>(), [ONLY]);
    let mut named = deferring;
    let pipeline = pipeline();
    named.answered(
        ONLY,
        Answer::Done,
        &Terms::for_tests(&pipeline),
        &mut Vec::new(),
    );
    assert_eq!(named.outstanding().collect::<Vec<_>>(), [1, 2]);
}
