use proptest::prelude::*;

use super::*;
use crate::pace::layout::Layout;
use crate::record::row::RowKey;
use crate::record::slot::Work;

fn slot(taken_at: Millis) -> Slot {
    Slot {
        execution: format!("e{taken_at}"),
        layout: Layout::One,
        lane: None,
        taken_at,
        work: Work::Row(RowKey {
            pk: "uploads/k".into(),
            sk: "1#".into(),
        }),
        ordered: false,
        state_machine_arn: "arn:aws:states:us-east-1:111122223333:stateMachine:m".into(),
        pending: false,
        generation: None,
    }
}

fn slots(taken: &[Millis]) -> Vec<Slot> {
    taken.iter().copied().map(slot).collect()
}

fn times(found: &Do) -> Vec<Millis> {
    match found {
        Do::Look(slots) => slots.iter().map(|slot| slot.taken_at).collect(),
        Do::List(_) | Do::End => Vec::new(),
    }
}

/// Looks at all slots that this tick can. Returns them, and the lap at its end.
fn tick(left: &Lap, taken: &[Millis], bounds: &Bounds, now: Millis) -> (Vec<Millis>, Lap) {
    let mut sweep = Sweep::begin(left, slots(taken), bounds, now);
    let mut looked = Vec::new();
    loop {
        let next = sweep.next();
        if next == Do::End {
            return (looked, sweep.end());
        }
        looked.extend(times(&next));
        sweep.looked(times(&next).len());
    }
}

const FEW: Bounds = Bounds {
    after: 50,
    most: 2,
    listed_above: 100,
};

#[test]
fn a_bounded_number_of_old_slots_is_looked_at_and_the_next_tick_goes_on() {
    let taken = [10, 40, 90, 20];
    let (looked, left) = tick(&Lap::default(), &taken, &FEW, 100);
    assert_eq!(looked, [40, 20]);
    // A slot that is old enough by now was not when this lap began.
    let (looked, left) = tick(&left, &taken, &FEW, 160);
    assert_eq!(looked, [10]);
    assert_eq!(left.down_to, None);
    let (looked, _) = tick(&left, &taken, &FEW, 170);
    assert_eq!(looked, [90, 40]);
}

#[test]
fn what_could_not_be_described_comes_first_in_the_next_tick() {
    let sweep = Sweep::begin(&Lap::default(), slots(&[10, 20]), &FEW, 100);
    assert_eq!(times(&sweep.next()), [20, 10]);
    let left = sweep.end();
    assert_eq!(tick(&left, &[10, 20], &FEW, 110).0, [20, 10]);
}

fn page(executions: &[Millis], next: Option<&str>) -> Running {
    Running {
        executions: executions.iter().map(|it| format!("e{it}")).collect(),
        oldest: executions.last().copied(),
        next: next.map(str::to_owned),
    }
}

const MANY: Bounds = Bounds {
    after: 0,
    most: 3,
    listed_above: 2,
};

const SECOND: Millis = 1_000;

#[test]
fn of_many_slots_those_are_looked_at_that_the_list_does_not_name() {
    let now = 100 * SECOND;
    let [a, b, c, d] = [80, 60, 40, 20].map(|at| at * SECOND);
    let mut sweep = Sweep::begin(&Lap::default(), slots(&[a, b, c, d]), &MANY, now);
    assert_eq!(sweep.next(), Do::List(None));
    sweep.listed(page(&[a, c], Some("2")));
    assert_eq!(times(&sweep.next()), [b]);
    sweep.looked(1);
    assert_eq!(sweep.next(), Do::List(Some("2".into())));
    sweep.listed(page(&[], None));
    assert_eq!(times(&sweep.next()), [d]);
    sweep.looked(1);
    assert_eq!(sweep.next(), Do::End);
    assert_eq!(sweep.end().down_to, None);
}

#[test]
fn the_next_tick_reads_the_page_again_whose_slots_are_left() {
    let now = 100 * SECOND;
    let taken = [90, 80, 70, 60, 20].map(|at| at * SECOND);
    let mut sweep = Sweep::begin(&Lap::default(), slots(&taken), &MANY, now);
    sweep.listed(page(&[40 * SECOND], Some("2")));
    assert_eq!(times(&sweep.next()).len(), 3);
    sweep.looked(3);
    assert_eq!(sweep.next(), Do::End);
    let left = sweep.end();
    assert_eq!(
        (left.page.as_deref(), left.down_to),
        (None, Some(60 * SECOND + 1))
    );

    let mut sweep = Sweep::begin(&left, slots(&taken), &MANY, now);
    assert_eq!(sweep.next(), Do::List(None));
    sweep.listed(page(&[40 * SECOND], Some("2")));
    assert_eq!(times(&sweep.next()), [60 * SECOND]);
    sweep.looked(1);
    // Time is up before the second page.
    assert_eq!(sweep.end().page.as_deref(), Some("2"));
}

#[test]
fn a_list_that_cannot_be_had_begins_anew() {
    let taken = [30, 20, 10].map(|at| at * SECOND);
    let left = Lap {
        began: 90 * SECOND,
        down_to: Some(Millis::MAX),
        page: Some("9".into()),
        ..Lap::default()
    };
    let mut sweep = Sweep::begin(&left, slots(&taken), &MANY, 100 * SECOND);
    assert_eq!(sweep.next(), Do::List(Some("9".into())));
    sweep.not_listed();
    assert_eq!(times(&sweep.next()).len(), 3);
    let left = sweep.end();
    assert_eq!((left.page, left.down_to), (None, Some(30 * SECOND + 1)));
}

proptest! {
    /// A lap looks at every old slot once, and at no other, also at those of one time.
    #[test]
    fn no_slot_is_left_out(mut taken in proptest::collection::vec(0i64..200, 1..30), most in 1usize..7) {
        let bounds = Bounds { after: 50, most, listed_above: 100 };
        taken.sort_unstable();
        let all = taken;
        let (mut looked, mut left) = (Vec::new(), Lap::default());
        for _ in 0..all.len().div_ceil(most) {
            let some;
            (some, left) = tick(&left, &all, &bounds, 200);
            looked.extend(some);
            if left.down_to.is_none() {
                break;
            }
        }
        let old: Vec<Millis> = all.into_iter().rev().filter(|at| *at <= 150).collect();
        prop_assert_eq!(looked, old);
    }
}
