use model::{Bounds, Protocol, Breakage, explore};
use spillway::order::Order;


fn check(name: &str, bounds: Bounds) {
    let explored = explore(Protocol::new(bounds));
    println!("{name}: {explored}");
}
#[test] fn p01_one() { check("one", Bounds { events: 1, faults: 1, max_attempts: 2, redrives: 1, ..Bounds::default() }); }
#[test] fn p02_two() { check("two1 limit1", Bounds { max_concurrency: 1, ..Bounds::default() }); }
#[test] fn p03_two() { check("two1 workers2", Bounds { workers: 2, ..Bounds::default() }); }
#[test] fn p04() { check("latest1", Bounds { order: Order::Latest, ..Bounds::default() }); }
#[test] fn p05() { check("latest0 w2 a2", Bounds { order: Order::Latest, faults: 0, workers: 2, max_attempts: 2, ..Bounds::default() }); }
#[test] fn p06() { check("each1", Bounds { order: Order::Each, ..Bounds::default() }); }
#[test] fn p07() { check("each0 w2", Bounds { order: Order::Each, faults: 0, workers: 2, ..Bounds::default() }); }
#[test] fn p08() { check("each0 w2 a2", Bounds { order: Order::Each, faults: 0, workers: 2, max_attempts: 2, ..Bounds::default() }); }
#[test] fn p09() { check("latest0 3 w2", Bounds { order: Order::Latest, events: 3, faults: 0, workers: 2, ..Bounds::default() }); }
#[test] fn p10() { check("each0 3 w1", Bounds { order: Order::Each, events: 3, faults: 0, workers: 1, ..Bounds::default() }); }
#[test] fn p11() { check("batch1", Bounds { batches: true, ..Bounds::default() }); }
#[test] fn p12() { check("batch0 w2 ingest", Bounds { batches: true, faults: 0, workers: 2, ingest: true, ..Bounds::default() }); }
#[test] fn p13() { check("over one 2", Bounds { events: 1, faults: 2, lease_ends_early: true, ..Bounds::default() }); }
#[test] fn p14() { check("over batch 1", Bounds { batches: true, lease_ends_early: true, ..Bounds::default() }); }
#[test] fn p15() { check("batch1 w2 ingest", Bounds { batches: true, workers: 2, ingest: true, ..Bounds::default() }); }
#[test] fn p16() { check("over latest 1", Bounds { order: Order::Latest, lease_ends_early: true, ..Bounds::default() }); }
#[test] fn p17() { check("over each 1", Bounds { order: Order::Each, lease_ends_early: true, ..Bounds::default() }); }
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
