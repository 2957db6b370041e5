use model::{Bounds, Protocol, Breakage, explore};
use spillway::order::Order;

#[test]
fn probe() {
    for (name, bounds) in [
        ("batchesi", Bounds { batches: true, faults: 1, workers: 2, ingest: true, ..Bounds::default() }),
        ("overlapl", Bounds { order: Order::Latest, faults: 1, lease_ends_early: true, ..Bounds::default() }),
        ("overlapb", Bounds { batches: true, faults: 1, lease_ends_early: true, ..Bounds::default() }),
    ] {
        let explored = explore(Protocol::new(bounds));
        println!("{name}: {explored}");
    }
}
#[test]
fn breakages() {
    use Breakage::*;
    let plain = Bounds { events: 1, max_attempts: 2, redrives: 0, workers: 1, ..Bounds::default() };
    let plain2 = Bounds { workers: 2, ..plain.clone() };
    let latest = Bounds { order: Order::Latest, workers: 2, ..Bounds::default() };
    let each = Bounds { order: Order::Each, workers: 2, ..Bounds::default() };
    let each1 = Bounds { order: Order::Each, events: 3, faults: 0, workers: 2, ..Bounds::default() };
    let batch = Bounds { batches: true, workers: 2, ingest: true, ..Bounds::default() };
    let over = Bounds { batches: true, lease_ends_early: true, ..Bounds::default() };
    for (breakage, bounds) in [
        (DeleteBeforeClaim, &plain), (SlotAfterClaim, &plain), (SlotBeforeRow, &plain), (RowBeforeMessage, &plain),
        (NobodyLooksAfter, &plain), (ClaimWithoutCondition, &plain2), (NoLease, &plain), (SweepReportsNeverStarted, &plain),
        (SlotBeforeTurn, &each), (EachPasses, &each1), (HeadWithoutCondition, &each), (SlotShared, &latest),
        (ListNotFixedByTick, &over), (ListNotFixedByTick, &batch), (ListNotFixedByRestart, &batch), (ListNotFixedByRestart, &over), (LeftOutAreForgotten, &over),
        (ReportIgnored, &batch), (MemberLeftBehind, &batch),
    ] {
        let explored = explore(Protocol::new(bounds.clone()).broken_by(breakage));
        let found = explored.violation.as_ref().map(|v| (v.promise, v.steps.len()));
        println!("{breakage:?}: {} states {:?} {:?}", explored.states, explored.took, found);
    }
}
