//! A model that cannot fail is worth nothing: each step that is made wrongly is noticed, within
//! bounds of its own.

use model::{Bounds, Breakage, CAN_FINISH, Protocol, explore};
use spillway::rules::order::Order;

/// Explores with one step made wrongly, until that breaks the invariant.
#[track_caller]
fn breaks(breakage: Breakage, bounds: Bounds, invariant: &'static str) {
    let mut protocol = Protocol::new(bounds).broken_by(breakage);
    if invariant == OVER {
        // A lease that does not hold breaks more than the limit, as soon.
        protocol = protocol.asked_for(OVER);
    }
    let explored = explore(protocol);
    let (states, took) = (explored.states, explored.took.as_secs_f64());
    let violation = explored.violation.expect("it breaks something");
    let steps = violation.steps.len();
    println!(
        "{breakage:?}: {} after {steps} steps; {states} states, {took:.1} s",
        violation.invariant
    );
    assert_eq!(violation.invariant, invariant);
}

macro_rules! broken {
    ($($name:ident: $breakage:ident, $bounds:expr, $invariant:expr;)*) => {
        $(
            #[test]
            fn $name() {
                breaks(Breakage::$breakage, $bounds, $invariant);
            }
        )*

        /// A breakage without a test does not compile.
        const _: fn(Breakage) = |breakage| match breakage {
            $(Breakage::$breakage => {})*
        };
    };
}

const SAFE: &str = "I1: every event is in a safe place";
const OVER: &str = "I3: never more than the limit";
const OVER_TENANT: &str = "I3: never more of a tenant than its bound";
const DONE: &str = "I1: what is recorded as succeeded did succeed";
const TWICE: &str = "I2: one execution for an attempt";
const SLOT: &str = "I3: what runs holds a slot";
const ONE_SLOT: &str = "I3: one slot for an execution";
const AT_ONCE: &str = "I5: one at a time of an object";
const PASSED: &str = "I5: nobody passes an older version that waits";

/// One event, its retry, one fault.
fn event() -> Bounds {
    Bounds {
        events: 1,
        max_attempts: 2,
        ..Bounds::default()
    }
}

/// Two versions of one object at once.
fn versions(order: Order) -> Bounds {
    Bounds {
        order,
        tasks: 2,
        ..Bounds::default()
    }
}

/// A batch of two.
fn batch() -> Bounds {
    Bounds {
        batches: true,
        faults: 0,
        ..Bounds::default()
    }
}

/// A batch of two whose messages come twice, and of which ingest writes one row between read and
/// claim.
fn batch_and_ingest() -> Bounds {
    Bounds {
        tasks: 2,
        repeats: 1,
        ingest: true,
        ..batch()
    }
}

/// A batch of two, and two dispatches.
fn batch_and_overlap() -> Bounds {
    Bounds {
        lease_ends: 1,
        max_concurrency: 1,
        ..batch()
    }
}

/// Two objects of one tenant, of which one can run at a time.
fn tenant() -> Bounds {
    Bounds {
        tenants: Some(1),
        faults: 0,
        ..Bounds::default()
    }
}

broken! {
    message_deleted_before_the_claim: DeleteBeforeClaim, event(), SAFE;
    slot_taken_after_the_claim: SlotAfterClaim, event(), SAFE;
    slot_shared_by_two_messages: SlotShared, versions(Order::Latest), SAFE;
    claim_without_condition: ClaimWithoutCondition, Bounds { tasks: 2, ..event() }, TWICE;
    no_lease: NoLease, event(), SAFE;
    grants_without_lease: GrantsWithoutLease, Bounds { runs_out: 1, max_concurrency: 1, faults: 0, ..Bounds::default() }, OVER;
    slot_freed_before_the_row: SlotBeforeRow, event(), SAFE;
    row_before_the_message: RowBeforeMessage, event(), SAFE;
    slot_freed_before_the_turn: SlotBeforeTurn, versions(Order::Each), SAFE;
    sweep_reports_what_never_started: SweepReportsNeverStarted, event(), SLOT;
    nobody_looks_after_slots: NobodyLooksAfter, Bounds { max_attempts: 1, ..event() }, CAN_FINISH;
    each_passes_who_waits: EachPasses, Bounds { events: 3, faults: 0, ..versions(Order::Each) }, PASSED;
    head_without_condition: HeadWithoutCondition, versions(Order::Each), AT_ONCE;
    member_left_behind: MemberLeftBehind, batch_and_ingest(), SAFE;
    list_not_fixed_by_restart: ListNotFixedByRestart, batch_and_overlap(), DONE;
    list_fixed_early: ListFixedEarly, batch_and_overlap(), SAFE;
    old_layout_forgotten: OldLayoutForgotten, Bounds { changes: 1, max_concurrency: 1, faults: 0, ..Bounds::default() }, OVER;
    old_layout_retires_at_once: RetiresAtOnce, Bounds { changes: 1, lease_ends: 1, max_attempts: 1, ..event() }, ONE_SLOT;
    settle_looks_by_one_layout: SettleLooksByOneLayout, Bounds { changes: 1, ..event() }, CAN_FINISH;
    put_by_either_layout: PutByEitherLayout, Bounds { changes: 1, ..event() }, ONE_SLOT;
    report_ignored: ReportIgnored, batch(), DONE;
    tenant_bound_ignored: TenantBoundIgnored, tenant(), OVER_TENANT;
    queue_not_named: QueueNotNamed, tenant(), SAFE;
    message_deleted_before_the_put: DeletedBeforePut, tenant(), SAFE;
    queue_removed_at_once: RemovedAtOnce, Bounds { lease_ends: 1, ended: true, ..tenant() }, SAFE;
    queue_removed_by_any_token: RemovedByAnyToken, Bounds { tasks: 2, max_attempts: 2, ..tenant() }, SAFE;
    item_forgotten_before_the_claim: ForgottenBeforeClaim, Bounds { faults: 1, ..tenant() }, SAFE;
}
