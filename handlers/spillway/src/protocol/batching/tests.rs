use super::*;
use crate::event::tests::event;
use crate::message::Received;
use crate::protocol::call::Read;
use crate::protocol::candidate::{Carrier, Standing};
use crate::protocol::terms::Pipeline;
use crate::record::layouts::Layouts;
use crate::record::row::Row;
use crate::rules::order::Order;

fn candidate(receipt: &str) -> Candidate {
    Candidate {
        carrier: Carrier::Message(Received {
            receipt: receipt.into(),
            ..Received::default()
        }),
        lane: 0,
        event: event(receipt, "1"),
        attempt: 1,
        is_report: true,
        standing: Standing::default(),
    }
}

fn read(row: Result<Option<Row>, String>) -> Answer {
    Answer::Read(Box::new(Read {
        row,
        head: Ok(None),
        also: Vec::new(),
    }))
}

/// Calls go by the indexes of their members, even when others leave the batch.
#[test]
fn one_that_goes_alone_leaves_the_calls_of_the_others_to_them() {
    let pipeline = Pipeline {
        arn: "arn".into(),
        order: Order::None,
        lanes: vec!["default".into()],
        tenants: None,
    };
    let terms = Terms {
        pipeline: &pipeline,
        state_machine_arn: "machine",
        now: 0,
        slot_time: 0,
        claims_may_land: false,
        layouts: Layouts::default(),
        old_slots: None,
        listed: false,
        generation: None,
    };
    let candidates = ["alone", "unreadable", "also"].map(candidate).to_vec();
    let (mut batching, mut facts) = (Batching::new(candidates), Vec::new());
    for id in [1, 2] {
        batching.answered(id, read(Err("version 9".into())), &terms, &mut facts);
        assert!(matches!(batching.call(id, &terms), Some(Call::Send { .. })));
    }
    batching.answered(0, read(Ok(None)), &terms, &mut facts);
    let outstanding: Vec<CallId> = batching.outstanding().collect();
    assert_eq!(outstanding, [1, 2, OWN]);
    assert!(matches!(
        batching.call(OWN, &terms),
        Some(Call::PutSlot { .. })
    ));
    batching.answered(1, Answer::Done, &terms, &mut facts);
    let deletes =
        |call| matches!(call, Some(Call::Delete { receipt, .. }) if receipt == "unreadable");
    assert!(deletes(batching.call(1, &terms)));
    // Its dead letter was not sent: it stays hidden.
    batching.answered(2, Answer::Unclear, &terms, &mut facts);
    assert_eq!(batching.call(2, &terms), None);
    batching.answered(1, Answer::Done, &terms, &mut facts);
    assert_eq!(batching.outstanding().collect::<Vec<_>>(), [OWN]);
}
