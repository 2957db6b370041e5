//! The pace in force: the configured one, overridden by the window's, overridden by the control
//! item's.

use std::fmt::Display;

use crate::Millis;
use crate::pace::adapt::circuit::Hold;
use crate::pace::bound::{self, Bound};
use crate::pace::control::Control;
use crate::pace::window::Windows;
use crate::pace::{Pace, PaceError, Partial};

/// The pace in force at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce<'a> {
    pub pace: Pace,
    /// The lanes' bounds, by priority.
    pub lanes: Vec<Bound>,
    /// Nothing starts: the author of the pause.
    pub paused: Option<PausedBy>,
    /// The operator holds the circuit.
    pub circuit: Option<Hold>,
    /// The window's name.
    pub window: Option<&'a str>,
    /// The operator's overrides, each with the number that it replaces; empty: none.
    pub overrides: Vec<String>,
    /// The time of the last change of the operator's item, and its reason, in the operator's words.
    pub since: Option<String>,
    pub note: Option<String>,
}

/// The author of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedBy {
    Operator,
    Window,
    /// The operator: the circuit is held open.
    Circuit,
}

/// Returns the pace in force at `now`. Configuration and windows were validated before, so an error
/// is the control item's.
pub fn in_force<'a>(
    configured: &Pace,
    lanes: &[Bound],
    windows: &'a Windows,
    control: &Control,
    now: Millis,
) -> Result<InForce<'a>, PaceError> {
    let control = &control.at(now);
    let window = windows.in_force(now);
    let pace = window.map_or_else(|| configured.clone(), |window| window.pace.over(configured));
    let window_pauses = window.is_some_and(|window| window.pause);
    let said = control.pace.over(&pace);
    let in_force = said.clone().lowered()?;
    let of_window = window.map(|window| &window.lanes);
    let without = bound::in_force(lanes, [of_window, None]);
    let names = || lanes.iter().map(|bound| bound.lane.clone());
    if let Some(lane) = (control.lanes.keys()).find(|lane| !names().any(|name| name == **lane)) {
        return Err(PaceError::Lane(lane.clone(), names().collect()));
    }
    let mut overrides = overrides(control, &pace, window_pauses);
    overrides.extend(without.iter().filter_map(|Bound { lane, max }| {
        let said = control.lanes.get(lane);
        let without = max.map_or_else(|| "no bound".to_owned(), |max| max.to_string());
        instead(&bound::named(lane), said, without)
    }));
    if in_force != said {
        let partitions = in_force.layout.partitions();
        overrides.push(format!(
            "no more than {} of max_concurrency and {} of starts_per_second, with slot_partitions = {partitions}",
            in_force.layout.max_slots(),
            in_force.layout.max_starts_per_second(),
        ));
    }
    Ok(InForce {
        paused: match control.paused {
            Some(true) => Some(PausedBy::Operator),
            _ if control.circuit == Some(Hold::Open) => Some(PausedBy::Circuit),
            Some(false) => None,
            None => window_pauses.then_some(PausedBy::Window),
        },
        circuit: control.circuit,
        window: window.map(|window| window.name.as_str()),
        overrides,
        since: control.since.clone(),
        note: control.note.clone(),
        lanes: bound::in_force(lanes, [of_window, Some(&control.lanes)]),
        pace: in_force,
    })
}

/// Returns the operator's overrides of this pace and this pause.
fn overrides(control: &Control, pace: &Pace, paused: bool) -> Vec<String> {
    let Partial {
        max_concurrency,
        starts_per_second,
        burst,
        starts_per_tick,
    } = &control.pace;
    [
        instead("paused", control.paused, paused),
        instead("circuit", control.circuit, "the executions' word"),
        instead("max_concurrency", *max_concurrency, pace.max_concurrency),
        instead(
            "starts_per_second",
            *starts_per_second,
            pace.starts_per_second,
        ),
        instead("burst", *burst, pace.burst),
        match pace.starts_per_tick {
            Some(number) => instead("starts_per_tick", *starts_per_tick, number),
            None => instead("starts_per_tick", *starts_per_tick, "no limit"),
        },
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn instead(name: &str, said: Option<impl Display>, without: impl Display) -> Option<String> {
    said.map(|said| format!("{name} = {said} instead of {without}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::tests::PACE;
    use crate::pace::window;

    const HOUR: Millis = 3_600_000;

    fn windows() -> Windows {
        window::parse(
            r#"[{"name": "night", "priority": 1, "from": "01:00", "to": "02:00", "pace": {"max_concurrency": 500, "burst": 9}},
                {"name": "freeze", "priority": 2, "from": "03:00", "to": "04:00", "pause": true}]"#,
        )
        .unwrap()
    }

    fn operator(max_concurrency: Option<u32>, paused: Option<bool>) -> Control {
        Control {
            paused,
            pace: Partial {
                max_concurrency,
                ..Partial::default()
            },
            ..Control::default()
        }
    }

    #[test]
    fn the_operator_is_over_the_window_is_over_the_configuration() {
        let windows = windows();
        let at = |hour: Millis, control: &Control| {
            let now = in_force(&PACE, &[], &windows, control, hour * HOUR).unwrap();
            (
                now.pace.max_concurrency,
                now.pace.burst,
                now.paused,
                now.window,
            )
        };
        let nothing = Control::default();
        assert_eq!(at(0, &nothing), (100, 50, None, None));
        assert_eq!(at(1, &nothing), (500, 9, None, Some("night")));
        assert_eq!(
            at(3, &nothing),
            (100, 50, Some(PausedBy::Window), Some("freeze"))
        );
        let five = operator(Some(5), None);
        assert_eq!(at(0, &five), (5, 50, None, None));
        assert_eq!(at(1, &five), (5, 9, None, Some("night")));
        assert_eq!(
            at(3, &five),
            (5, 50, Some(PausedBy::Window), Some("freeze"))
        );
        let pause = operator(None, Some(true));
        assert_eq!(
            at(1, &pause),
            (500, 9, Some(PausedBy::Operator), Some("night"))
        );
        let go_on = operator(None, Some(false));
        assert_eq!(at(3, &go_on), (100, 50, None, Some("freeze")));
    }

    #[test]
    fn what_the_operator_overrides_is_told_with_what_would_hold_without() {
        let windows = windows();
        let told = |hour: Millis, control: &Control| {
            let now = in_force(&PACE, &[], &windows, control, hour * HOUR).unwrap();
            now.overrides.join(", ")
        };
        assert_eq!(told(0, &Control::default()), "");
        assert_eq!(told(3, &Control::default()), "");
        let five = operator(Some(5), None);
        assert_eq!(told(0, &five), "max_concurrency = 5 instead of 100");
        assert_eq!(told(1, &five), "max_concurrency = 5 instead of 500");
        let pause = operator(None, Some(true));
        assert_eq!(told(0, &pause), "paused = true instead of false");
        assert_eq!(told(3, &pause), "paused = true instead of true");
        let go_on = operator(None, Some(false));
        assert_eq!(told(3, &go_on), "paused = false instead of true");
        let everything = Control {
            paused: Some(false),
            pace: Partial {
                max_concurrency: Some(1),
                starts_per_second: Some(0.5),
                burst: Some(2),
                starts_per_tick: Some(3),
            },
            ..Control::default()
        };
        assert_eq!(
            told(0, &everything),
            "paused = false instead of false, max_concurrency = 1 instead of 100, starts_per_second = 0.5 instead of 25, \
             burst = 2 instead of 50, starts_per_tick = 3 instead of no limit"
        );
    }

    #[test]
    fn a_circuit_that_is_held_open_is_a_pause() {
        let windows = Windows::default();
        let held = |hold, paused| {
            let control = Control {
                circuit: Some(hold),
                ..operator(None, paused)
            };
            in_force(&PACE, &[], &windows, &control, 0).unwrap().paused
        };
        assert_eq!(held(Hold::Open, None), Some(PausedBy::Circuit));
        assert_eq!(held(Hold::Open, Some(false)), Some(PausedBy::Circuit));
        assert_eq!(held(Hold::Open, Some(true)), Some(PausedBy::Operator));
        assert_eq!(held(Hold::Closed, None), None);
        let control = Control {
            circuit: Some(Hold::Closed),
            ..Control::default()
        };
        let now = in_force(&PACE, &[], &windows, &control, 0).unwrap();
        assert_eq!(
            now.overrides,
            ["circuit = closed instead of the executions' word"]
        );
    }

    #[test]
    fn bounds_of_lanes_are_the_operators_over_the_windows_over_the_configured() {
        let lane = |lane: &str, max| Bound {
            lane: lane.to_owned(),
            max,
        };
        let lanes = [lane("urgent", None), lane("bulk", Some(10))];
        let windows = window::parse(
            r#"[{"name": "night", "priority": 1, "from": "01:00", "to": "02:00", "lanes": {"bulk": {"max_concurrency": 50}}}]"#,
        )
        .unwrap();
        let control = Control {
            lanes: [("urgent".to_owned(), 5), ("bulk".to_owned(), 7)].into(),
            until: [(bound::named("bulk"), HOUR + 1)].into(),
            ..Control::default()
        };
        let at = |control: &Control, now| {
            let now = in_force(&PACE, &lanes, &windows, control, now).unwrap();
            let max = now.lanes.iter().map(|bound| bound.max);
            (max.collect::<Vec<_>>(), now.overrides.join(", "))
        };
        let nothing = Control::default();
        assert_eq!(at(&nothing, 0).0, [None, Some(10)]);
        assert_eq!(at(&nothing, HOUR).0, [None, Some(50)]);
        let (bounds, told) = at(&control, HOUR);
        assert_eq!(bounds, [Some(5), Some(7)]);
        assert_eq!(
            told,
            "lanes.urgent.max_concurrency = 5 instead of no bound, lanes.bulk.max_concurrency = 7 instead of 50"
        );
        assert_eq!(at(&control, HOUR + 1).0, [Some(5), Some(50)]);
        // A misspelt one would lift the bound that its author meant to set.
        let unknown = Control {
            lanes: [("bluk".to_owned(), 5)].into(),
            ..Control::default()
        };
        let told = in_force(&PACE, &lanes, &windows, &unknown, 0).unwrap_err();
        assert_eq!(
            told.to_string(),
            "lanes.bluk.max_concurrency is of no lane: give one of urgent, bulk"
        );
    }

    #[test]
    fn an_override_that_has_ended_is_not_in_force() {
        let mut control = operator(Some(5), Some(true));
        control.until.insert("paused".into(), HOUR);
        let windows = Windows::default();
        let now = |at| in_force(&PACE, &[], &windows, &control, at).unwrap();
        assert_eq!(now(HOUR - 1).paused, Some(PausedBy::Operator));
        let after = now(HOUR);
        assert_eq!((after.paused, after.pace.max_concurrency), (None, 5));
        assert_eq!(after.overrides, ["max_concurrency = 5 instead of 100"]);
    }

    #[test]
    fn an_operators_mistake_is_named() {
        let mut control = Control::default();
        control.pace.starts_per_second = Some(0.0);
        assert_eq!(
            in_force(&PACE, &[], &windows(), &control, 0),
            Err(PaceError::StartsPerSecond(0.0, PACE.layout))
        );
    }
}
