//! The protocol as it is: every invariant holds in every state within the bounds, and everything
//! can still be finished from each. `MODEL=wide` explores wider bounds, for much longer.

use std::env;

use model::{Bounds, Protocol, explore};
use spillway::rules::order::Order;

/// Explores the narrow bounds, or with `MODEL=wide` the wide ones.
#[track_caller]
fn holds(name: &str, narrow: Bounds, wide: Bounds) {
    let bounds = match env::var("MODEL").as_deref() {
        Err(_) => narrow,
        Ok("wide") => wide,
        Ok(other) => panic!("MODEL is `wide` or not set, not `{other}`"),
    };
    let explored = explore(Protocol::new(bounds));
    println!("{name}: {explored}");
    assert!(explored.violation.is_none(), "see the steps above");
    assert!(explored.quiet > 0, "nothing was ever finished");
}

macro_rules! kept {
    ($($(#[$doc:meta])* $name:ident: $narrow:expr, $wide:expr;)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                holds(stringify!($name), $narrow, $wide);
            }
        )*
    };
}

/// Two objects, one attempt, one task, one fault.
fn objects() -> Bounds {
    Bounds::default()
}

/// Two versions of one object.
fn versions(order: Order) -> Bounds {
    Bounds { order, ..objects() }
}

/// Two objects in one execution.
fn batch() -> Bounds {
    Bounds {
        batches: true,
        ..objects()
    }
}

/// One event.
fn event() -> Bounds {
    Bounds {
        events: 1,
        ..objects()
    }
}

/// Two objects of one tenant, of which one can run at a time.
fn tenant() -> Bounds {
    Bounds {
        tenants: Some(1),
        ..objects()
    }
}

kept! {
    /// A failed attempt, its retry, its dead letter.
    a_retry:
        Bounds { max_attempts: 2, faults: 2, ..event() },
        Bounds { max_attempts: 2, faults: 2, ..event() };

    /// A dead letter is redriven.
    a_redrive:
        Bounds { redrives: 1, max_attempts: 2, ..event() },
        Bounds { redrives: 1, max_attempts: 2, ..event() };

    /// The messages of one event at the same time.
    repeated_messages_at_once:
        Bounds { tasks: 2, ..event() },
        Bounds { tasks: 2, max_attempts: 2, ..event() };

    two_faults:
        Bounds { faults: 2, ..event() },
        Bounds { faults: 3, ..event() };

    one_slot_for_two:
        Bounds { max_concurrency: 1, ..objects() },
        Bounds { max_concurrency: 1, max_attempts: 2, ..objects() };

    /// Slots are put in one partition, in sixteen, and in one again.
    a_change_of_partitions_and_back:
        Bounds { changes: 2, max_concurrency: 1, max_attempts: 2, ..event() },
        Bounds { changes: 3, max_concurrency: 1, max_attempts: 2, faults: 2, ..event() };

    two_objects_and_a_change_of_partitions:
        Bounds { changes: 1, max_concurrency: 1, ..objects() },
        Bounds { changes: 1, repeats: 1, ..objects() };

    two_dispatchers_and_a_change_of_partitions:
        Bounds { changes: 1, runs_out: 1, max_concurrency: 1, faults: 0, ..objects() },
        Bounds { changes: 2, runs_out: 1, max_concurrency: 1, ..objects() };

    /// The calls that a tick has on the wire after it lost its lease land after the change.
    a_lease_that_ends_and_a_change_of_partitions:
        Bounds { changes: 1, lease_ends: 1, faults: 0, ..event() },
        Bounds { changes: 1, lease_ends: 1, ..event() };

    latest_and_a_change_of_partitions:
        Bounds { changes: 1, faults: 0, ..versions(Order::Latest) },
        Bounds { changes: 1, ..versions(Order::Latest) };

    a_batch_and_a_change_of_partitions:
        Bounds { changes: 1, repeats: 1, faults: 0, ..batch() },
        Bounds { changes: 1, repeats: 1, ..batch() };

    two_at_once:
        Bounds { tasks: 2, faults: 0, ..objects() },
        Bounds { tasks: 2, ..objects() };

    three_objects:
        Bounds { events: 3, max_concurrency: 1, faults: 0, ..objects() },
        Bounds { events: 3, faults: 0, ..objects() };

    /// The lease ends while its holder still runs, and one of the two can fail.
    two_dispatchers:
        Bounds { lease_ends: 1, ..event() },
        Bounds { lease_ends: 1, faults: 2, ..event() };

    /// A tick cannot renew its lease, and another one takes over: the limit holds.
    a_lease_that_runs_out:
        Bounds { runs_out: 1, max_concurrency: 1, faults: 0, ..objects() },
        Bounds { runs_out: 1, max_concurrency: 1, ..objects() };

    latest:
        versions(Order::Latest),
        versions(Order::Latest);

    latest_at_once:
        Bounds { tasks: 2, faults: 0, ..versions(Order::Latest) },
        Bounds { tasks: 2, ..versions(Order::Latest) };

    latest_retried:
        Bounds { max_attempts: 2, max_concurrency: 1, faults: 0, ..versions(Order::Latest) },
        Bounds { max_attempts: 2, tasks: 2, faults: 0, ..versions(Order::Latest) };

    latest_of_three:
        Bounds { events: 3, faults: 0, ..versions(Order::Latest) },
        Bounds { events: 3, faults: 0, ..versions(Order::Latest) };

    latest_two_dispatchers:
        Bounds { lease_ends: 1, faults: 0, ..versions(Order::Latest) },
        Bounds { lease_ends: 1, ..versions(Order::Latest) };

    each:
        versions(Order::Each),
        versions(Order::Each);

    each_at_once:
        Bounds { tasks: 2, faults: 0, ..versions(Order::Each) },
        Bounds { tasks: 2, ..versions(Order::Each) };

    each_retried:
        Bounds { max_attempts: 2, max_concurrency: 1, faults: 0, ..versions(Order::Each) },
        Bounds { max_attempts: 2, tasks: 2, faults: 0, ..versions(Order::Each) };

    each_of_three:
        Bounds { events: 3, max_concurrency: 1, faults: 0, ..versions(Order::Each) },
        Bounds { events: 3, faults: 0, ..versions(Order::Each) };

    /// The first one finds that nobody waits while the others come to wait.
    each_of_three_at_once:
        Bounds { events: 3, tasks: 2, max_concurrency: 3, faults: 0, ended: true, ..versions(Order::Each) },
        Bounds { events: 3, tasks: 2, max_concurrency: 3, faults: 0, ended: true, ..versions(Order::Each) };

    each_two_dispatchers:
        Bounds { lease_ends: 1, faults: 0, ..versions(Order::Each) },
        Bounds { lease_ends: 1, ..versions(Order::Each) };

    a_batch:
        Bounds { max_concurrency: 1, ..batch() },
        batch();

    /// Ingest writes the row of a member at any time, and sends its message once more.
    a_batch_and_ingest:
        Bounds { tasks: 2, faults: 0, ingest: true, ..batch() },
        Bounds { tasks: 2, faults: 0, repeats: 1, ingest: true, ..batch() };

    a_batch_two_dispatchers:
        Bounds { lease_ends: 1, max_concurrency: 1, faults: 0, ..batch() },
        Bounds { lease_ends: 1, faults: 0, ..batch() };

    a_tenant:
        Bounds { faults: 1, ..tenant() },
        Bounds { faults: 2, ..tenant() };

    /// A deferral is under way while the tenant's queue is read, and removed.
    a_tenant_at_once:
        Bounds { tasks: 2, faults: 0, ..tenant() },
        Bounds { tasks: 2, ..tenant() };

    /// The message of an event that waits comes again.
    a_tenant_whose_messages_come_again:
        Bounds { repeats: 2, faults: 0, ..tenant() },
        Bounds { repeats: 2, ..tenant() };

    a_tenant_retried:
        Bounds { max_attempts: 2, faults: 0, ..tenant() },
        Bounds { max_attempts: 2, ..tenant() };

    two_tenants:
        Bounds { events: 3, faults: 0, ..tenant() },
        Bounds { events: 3, ..tenant() };

    a_tenant_and_two_dispatchers:
        Bounds { lease_ends: 1, faults: 0, ended: true, ..tenant() },
        Bounds { lease_ends: 1, faults: 0, ..tenant() };
}
