use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::*;
use crate::pace::layout::{Layout, Shard};
use crate::pace::permit::{Permit, Permits, SharedGate};
use crate::pace::tests::PACE;
use crate::pace::tokens::Tokens;

fn queue(tenant: &str) -> TenantQueue {
    TenantQueue {
        lane: String::new(),
        tenant: tenant.to_owned(),
    }
}

fn queues(tenants: &[&str]) -> TenantQueues {
    let named = tenants.iter().map(|tenant| Named {
        queue: queue(tenant),
        token: Some(format!("of {tenant}")),
        since: 5,
    });
    TenantQueues::new("tick", named.collect(), |_| 0)
}

/// Each tenant has this bound.
fn gate(bound: u32) -> SharedGate {
    let mut gate = Gate::new(&PACE, Tokens::new(25.0, 50, None, 0), None);
    gate.bound_tenants(bound);
    SharedGate::new(gate)
}

fn takes(gate: &SharedGate, tenant: &str) -> Permit {
    let Permits::Granted(mut permits) = gate.request(None, 1, 0) else {
        panic!("not granted");
    };
    assert!(permits[0].goes_to_tenant(tenant));
    permits.pop().unwrap()
}

fn tenants(turns: &[Turn]) -> Vec<(&str, u32)> {
    let of_turns = turns.iter();
    let of_turns = of_turns.map(|turn| (turn.queue.tenant.as_str(), turn.most));
    of_turns.collect()
}

#[test]
fn tenants_have_their_turn_one_after_the_other() {
    let (mut queues, gate) = (queues(&["a", "b", "c"]), gate(2));
    let mut served = Vec::new();
    for _ in 0..6 {
        let turns = queues.turns(0, 2, &gate.lock(), 0);
        assert_eq!(turns.len(), 1);
        assert_eq!(turns[0].most, 2);
        let queue = turns[0].queue.clone();
        queues.ended(0, &queue, TurnEnded::Done(2), 0, 0);
        served.push(queue.tenant);
    }
    assert_eq!(served[..3], served[3..]);
    let mut all = served[..3].to_vec();
    all.sort();
    assert_eq!(all, ["a", "b", "c"]);
}

#[test]
fn a_turn_is_as_large_as_the_tenants_room_and_the_permits() {
    let (mut queues, gate) = (queues(&["a", "b", "c"]), gate(2));
    let _of_b = [takes(&gate, "b"), takes(&gate, "b")];
    let _of_a = takes(&gate, "a");
    let turns = queues.turns(0, 10, &gate.lock(), 0);
    let mut served = tenants(&turns);
    served.sort();
    assert_eq!(served, [("a", 1), ("c", 2)]);
    // Those are at work, and the third has no room.
    assert!(queues.turns(0, 10, &gate.lock(), 0).is_empty());
    assert_eq!(queues.waiters(&gate.lock(), 0), Waiters::Ready);
}

#[test]
fn a_tenant_at_its_bound_is_waited_for() {
    let (queues, gate) = (queues(&["a"]), gate(1));
    assert_eq!(queues.waiters(&gate.lock(), 0), Waiters::Ready);
    let shard = Shard::default();
    let mut taken = takes(&gate, "a");
    // No count can free a slot that is only reserved.
    assert_eq!(queues.waiters(&gate.lock(), 0), Waiters::None);
    taken.slot_lies_in(shard);
    taken.reached(crate::pace::permit::Stage::SlotAsked, 0, 0);
    taken.reached(crate::pace::permit::Stage::SlotPut, 0, 0);
    assert_eq!(queues.waiters(&gate.lock(), 0), Waiters::Later);
    assert_eq!(shard.layout(), Layout::One);
}

#[test]
fn a_queue_is_named_once_a_tick_and_by_another_token_each_time() {
    let mut queues = queues(&["a"]);
    let first = queues.defers(0, &queue("a"), 0).unwrap();
    // Side by side: nobody knows yet whether the first one named it.
    let second = queues.defers(0, &queue("a"), 0).unwrap();
    assert_ne!(first, second);
    queues.deferred(0, &queue("a"), Some(first));
    assert_eq!(queues.defers(0, &queue("a"), 0), None);
}

#[test]
fn an_empty_queue_is_removed_by_the_token_that_named_it_last() {
    let (mut queues, gate) = (queues(&["a"]), gate(1));
    queues.turns(0, 1, &gate.lock(), 0);
    let token = queues.ended(0, &queue("a"), TurnEnded::Empty, 0, 0);
    assert_eq!(token.as_deref(), Some("of a"));
    assert!(queues.turns(0, 1, &gate.lock(), 9_000).is_empty());
    queues.removed(0, &queue("a"));
    assert_eq!(queues.waiting(), (0, None));
}

#[test]
fn a_queue_into_which_something_was_deferred_meanwhile_stays() {
    let (mut queues, gate) = (queues(&["a"]), gate(1));
    // Between query and answer.
    queues.turns(0, 1, &gate.lock(), 0);
    let token = queues.defers(0, &queue("a"), 0);
    assert_eq!(queues.ended(0, &queue("a"), TurnEnded::Empty, 0, 0), None);
    queues.deferred(0, &queue("a"), token);
    // It is asked again later, and not at once.
    assert!(queues.turns(0, 1, &gate.lock(), 0).is_empty());
    assert_eq!(queues.turns(0, 1, &gate.lock(), EMPTY_AGAIN_AFTER).len(), 1);
    // Between removal and answer: the queue is named anew, by a token that the removal does not
    // know.
    let removal = queues
        .ended(0, &queue("a"), TurnEnded::Empty, 0, 0)
        .unwrap();
    let token = queues.defers(0, &queue("a"), 0).unwrap();
    assert_ne!(removal, token);
    queues.deferred(0, &queue("a"), Some(token));
    queues.removed(0, &queue("a"));
    assert_eq!(queues.waiting().0, 1);
    assert_eq!(queues.turns(0, 1, &gate.lock(), ASKED_AGAIN_AFTER).len(), 1);
}

/// Each step of a tick asks for the turns. Walks of all queues, for each queue or at each step,
/// would take minutes here.
#[test]
fn thousands_of_tenants_that_wait_are_no_burden() {
    const TENANTS: usize = 60_000;
    let names: Vec<String> = (0..TENANTS).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let began = Instant::now();
    let (mut queues, gate) = (queues(&names), gate(1));
    let mut served = BTreeSet::new();
    while served.len() < TENANTS {
        assert_eq!(queues.waiters(&gate.lock(), 0), Waiters::Ready);
        for turn in queues.turns(0, 20, &gate.lock(), 0) {
            queues.ended(0, &turn.queue, TurnEnded::Done(1), 0, 0);
            assert!(served.insert(turn.queue.tenant), "served twice in a round");
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

/// The last tick can have named the queue, and put an event into it after its lease had ended.
#[test]
fn an_empty_queue_stays_while_a_put_of_the_last_tick_can_land() {
    let (mut queues, gate) = (queues(&["a"]), gate(1));
    queues.turns(0, 1, &gate.lock(), 0);
    let ended = queues.ended(0, &queue("a"), TurnEnded::Empty, 45_000, 1_000);
    assert_eq!(ended, None);
    // No tick goes on for it.
    assert_eq!(queues.waiters(&gate.lock(), 1_000), Waiters::None);
    assert!(queues.turns(0, 1, &gate.lock(), 44_999).is_empty());
    assert_eq!(queues.turns(0, 1, &gate.lock(), 45_000).len(), 1);
    let token = queues.ended(0, &queue("a"), TurnEnded::Empty, 45_000, 45_000);
    assert_eq!(token.as_deref(), Some("of a"));
}

#[test]
fn an_event_that_is_deferred_to_a_queue_that_stays_has_its_turn_at_once() {
    let (mut queues, gate) = (queues(&["a"]), gate(1));
    queues.turns(0, 1, &gate.lock(), 0);
    queues.ended(0, &queue("a"), TurnEnded::Empty, 45_000, 1_000);
    let token = queues.defers(0, &queue("a"), 2_000);
    queues.deferred(0, &queue("a"), token);
    assert_eq!(queues.waiters(&gate.lock(), 2_000), Waiters::Ready);
    assert_eq!(queues.turns(0, 1, &gate.lock(), 2_000).len(), 1);
}

/// Its event can be put after the query, and its message be deleted before the turn ends.
#[test]
fn a_queue_whose_deferral_was_under_way_when_it_was_asked_stays() {
    let (mut queues, gate) = (queues(&["a"]), gate(1));
    let token = queues.defers(0, &queue("a"), 0);
    queues.turns(0, 1, &gate.lock(), 0);
    queues.deferred(0, &queue("a"), token);
    assert_eq!(queues.ended(0, &queue("a"), TurnEnded::Empty, 0, 0), None);
    assert_eq!(queues.waiting().0, 1);
}

#[test]
fn a_queue_whose_token_nobody_knows_is_never_removed() {
    let named = Named {
        queue: queue("a"),
        token: None,
        since: 5,
    };
    let (mut queues, gate) = (TenantQueues::new("tick", vec![named], |_| 0), gate(1));
    queues.turns(0, 1, &gate.lock(), 0);
    assert_eq!(queues.ended(0, &queue("a"), TurnEnded::Empty, 0, 0), None);
    assert_eq!(queues.turns(0, 1, &gate.lock(), EMPTY_AGAIN_AFTER).len(), 1);
}
