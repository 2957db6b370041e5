use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const DAY: Millis = 86_400_000;
const TICK: Millis = 76_000;

fn limit(limit: u32, left: Option<&DayStarts>, now: Millis) -> DayLimit {
    DayLimit::new(limit, left, now, 10)
}

fn starts(day: &str, starts: u32, next_day: u32) -> DayStarts {
    let day = day.parse().unwrap();
    DayStarts {
        day,
        starts,
        next_day,
    }
}

#[test]
fn a_day_goes_on_and_ends() {
    let mut first = limit(5, None, 0);
    assert_eq!(first.left(0), 5);
    first.take(3);
    (0..3).for_each(|_| first.started(1_000));
    let left = first.carry(1_000);
    assert_eq!(left, starts("1970-01-01", 3, 0));

    let mut second = limit(5, Some(&left), 60_000);
    assert_eq!(second.left(60_000), 2);
    second.take(2);
    assert_eq!(second.left(60_000), 0);
    assert_eq!(second.resumes(), Some("1970-01-02".parse().unwrap()));

    let mut next = limit(5, Some(&second.carry(DAY)), DAY);
    assert_eq!(
        (next.left(DAY), next.resumes()),
        (3, None),
        "two are still under way"
    );
}

#[test]
fn what_a_dead_tick_might_have_started_is_used_up() {
    let worst = |most, left, now| limit(most, left, now).worst(now, now + TICK, 10);
    let left = starts("1970-01-01", 50, 0);
    let dead = worst(100, Some(&left), 0);
    assert_eq!(dead, starts("1970-01-01", 60, 0));
    assert_eq!(limit(100, Some(&dead), TICK).left(TICK), 10);
    assert_eq!(worst(55, Some(&left), 0), starts("1970-01-01", 55, 0));
    // Lowered since.
    assert_eq!(worst(5, Some(&left), 0), starts("1970-01-01", 50, 0));

    // One that would have gone on over midnight.
    let dead = worst(100, None, DAY - 60_000);
    assert_eq!(dead, starts("1970-01-01", 10, 10));
    let mut next = DayLimit::new(100, Some(&dead), DAY + TICK, 1_000);
    assert_eq!(next.left(DAY + TICK), 90);
    let mut after = DayLimit::new(100, Some(&dead), 2 * DAY, 1_000);
    assert_eq!(after.left(2 * DAY), 100);
}

#[test]
fn a_slot_counts_once_a_day() {
    let mut day = limit(5, None, DAY);
    day.take(1);
    // Throttled: it is started again today.
    day.came_to_nothing(DAY, DAY + 100);
    assert_eq!(day.starts(), 1);
    let left = day.carry(DAY + 200);

    let mut again = limit(5, Some(&left), DAY + 60_000);
    again.take_for(DAY);
    again.started(DAY + 60_100);
    assert_eq!(again.starts(), 1);
    // One from yesterday counts today, unless it comes to nothing.
    again.take_for(DAY - 1);
    assert_eq!(again.starts(), 2);
    again.came_to_nothing(DAY - 1, DAY + 60_200);
    assert_eq!(again.starts(), 1);
}

#[test]
fn with_the_day_used_up_only_what_was_counted_starts() {
    let mut day = limit(5, Some(&starts("1970-01-02", 5, 0)), DAY + 60_000);
    assert_eq!(day.left(DAY + 60_000), 0);
    assert_eq!(day.left_for(DAY - 1, DAY + 60_000), 0);
    assert_eq!(day.left_for(DAY + 1, DAY + 60_000), 10);
}

#[test]
fn a_day_that_begins_during_a_tick_begins_with_what_is_under_way() {
    let mut day = limit(5, Some(&starts("1970-01-01", 2, 0)), DAY - 10_000);
    day.take(3);
    day.started(DAY - 1);
    assert_eq!(day.left(DAY - 1), 0);
    assert_eq!(day.left(DAY), 3);
    day.started(DAY + 10);
    day.give_back(1);
    assert_eq!(day.carry(DAY + 20), starts("1970-01-02", 1, 0));
}

#[test]
fn a_clock_that_steps_back_brings_no_day_back() {
    let mut day = limit(5, Some(&starts("1970-01-02", 5, 0)), DAY - 1);
    assert_eq!(day.left(DAY - 1), 0);
}

/// The end of a granted start.
#[derive(Debug, Clone, Copy)]
enum Fate {
    NotClaimed,
    Started,
    Throttled,
    /// No answer; it was started or not.
    Unclear {
        started: bool,
    },
}

#[derive(Debug, Clone, Copy)]
enum When {
    After(Millis),
    /// So long before midnight.
    Before(Millis),
}

impl When {
    fn after(self, now: Millis) -> Millis {
        match self {
            Self::After(wait) => now + wait,
            Self::Before(time) => (now + time).div_euclid(DAY) * DAY + DAY - time,
        }
    }
}

#[derive(Debug, Clone)]
struct Tick {
    when: When,
    /// Asked for at once, how long until the answers, and whether the lease is renewed before.
    rounds: Vec<(Vec<Fate>, Millis, bool)>,
    /// It dies after this many answers.
    dies: Option<usize>,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::NotClaimed),
        4 => Just(Fate::Started),
        1 => Just(Fate::Throttled),
        1 => any::<bool>().prop_map(|started| Fate::Unclear { started }),
    ]
}

fn tick() -> impl Strategy<Value = Tick> {
    let when = prop_oneof![
        3 => (0i64..120_000).prop_map(When::After),
        1 => (1i64..40_000).prop_map(When::Before),
    ];
    let fates = proptest::collection::vec(fate(), 0..8);
    let rounds = proptest::collection::vec((fates, 0i64..15_000, any::<bool>()), 0..5);
    let dies = proptest::option::weighted(0.2, 0usize..12);
    (when, rounds, dies).prop_map(|(when, rounds, dies)| Tick { when, rounds, dies })
}

/// Slots whose execution can be missing, and the executions, by day.
#[derive(Debug, Default)]
struct World {
    lease: Option<DayStarts>,
    /// When it was taken, and whether its execution runs.
    open: Vec<(Millis, bool)>,
    started: BTreeMap<Millis, u32>,
}

impl World {
    /// Runs one tick, and answers when it was over.
    fn tick(&mut self, limit: u32, most: u32, now: Millis, tick: &Tick) -> Millis {
        let mut now = now;
        let until = now + TICK;
        let mut day = DayLimit::new(limit, self.lease.as_ref(), now, most);
        self.lease = Some(day.worst(now, until, most));
        let mut answers = 0;
        for (fates, wait, renews) in &tick.rounds {
            if *renews {
                let worst = day.worst(now, now + TICK, most);
                day.reserved(&worst, most);
                self.lease = Some(worst);
            }
            let (mut again, mut granted) = (Vec::new(), Vec::new());
            for fate in fates {
                // The starts that an earlier tick left come first.
                if let Some((taken_at, runs)) = self.open.pop() {
                    if day.left_for(taken_at, now) > 0 {
                        day.take_for(taken_at);
                        granted.push((taken_at, runs, *fate));
                    } else {
                        again.push((taken_at, runs));
                    }
                } else if day.left(now) > 0 {
                    day.take(1);
                    // The slot is taken somewhat later.
                    granted.push((now + wait / 3, false, *fate));
                }
            }
            self.open.append(&mut again);
            for (taken_at, runs, fate) in granted {
                // Each call is made at some time, and answered at a later one.
                let (made, answered) = (now + wait / 2, now + wait);
                let starts =
                    !runs && matches!(fate, Fate::Started | Fate::Unclear { started: true });
                if starts {
                    *self.started.entry(made / DAY).or_default() += 1;
                }
                if tick.dies.is_some_and(|dies| answers >= dies) {
                    if !matches!(fate, Fate::NotClaimed) {
                        self.open.push((taken_at, runs || starts));
                    }
                    continue;
                }
                answers += 1;
                match fate {
                    _ if runs => day.came_to_nothing(taken_at, answered),
                    // Only a new slot is not claimed.
                    Fate::NotClaimed if taken_at >= now => day.give_back(1),
                    Fate::NotClaimed => {
                        day.came_to_nothing(taken_at, answered);
                        self.open.push((taken_at, false));
                    }
                    Fate::Started => day.started(answered),
                    Fate::Throttled => {
                        day.came_to_nothing(taken_at, answered);
                        self.open.push((taken_at, false));
                    }
                    Fate::Unclear { .. } => self.open.push((taken_at, starts)),
                }
            }
            now += wait;
            if tick.dies.is_some_and(|dies| answers >= dies) {
                return until;
            }
        }
        self.lease = Some(day.carry(now));
        now
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Through ticks that end, die, run over midnight or follow at once, with every end of each
    /// start.
    #[test]
    fn never_more_than_the_limit_on_any_day(
        limit in 0u32..12, most in 0u32..12, ticks in proptest::collection::vec(tick(), 0..40),
    ) {
        let mut world = World::default();
        let mut now = 0;
        for tick in &ticks {
            now = world.tick(limit, most, tick.when.after(now), tick);
            for (day, started) in &world.started {
                prop_assert!(*started <= limit, "{started} on day {day}");
            }
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// While nothing goes wrong the whole of a day's starts can be had.
    #[test]
    fn the_whole_limit_can_be_used(limit in 1u32..50, most in 1u32..20, asked in 1usize..8) {
        let mut world = World::default();
        let well = Tick { when: When::After(0), rounds: vec![(vec![Fate::Started; asked], 100, false)], dies: None };
        for day in 0..3 {
            for minute in 0..100 {
                world.tick(limit, most, day * DAY + minute * 60_000, &well);
            }
            prop_assert_eq!(world.started[&day], limit.min(100 * most.min(asked as u32)));
        }
    }
}
