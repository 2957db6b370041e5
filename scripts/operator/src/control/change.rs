//! The effect of a change on the control item. Nothing is read or written here.

use aws::ledger::{About, Steering};
use spillway::Millis;
use spillway::lane::Lane;
use spillway::pace::Pace;
use spillway::pace::adapt::circuit::Hold;
use spillway::pace::bound;
use spillway::pace::control::{Control, OVERRIDES, is_override};

use crate::time::moment;

/// A change that a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Pause,
    /// Takes the pause away: windows hold again.
    Resume,
    /// Starts go on, also in a window that pauses.
    GoOn,
    /// `name=value` each.
    Set(Vec<String>),
    /// By name.
    Unset(Vec<String>),
    UnsetAll,
}

/// The author of a change, its time, its reason and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub who: String,
    pub now: Millis,
    pub note: Option<String>,
    pub until: Option<Millis>,
}

/// Returns the item after a change. `configured`: Terraform's numbers, with the pipeline's lanes.
pub fn changed(
    before: &Steering,
    change: &Change,
    by: &By,
    configured: &Pace,
    lanes: &[Lane],
) -> Result<Steering, String> {
    let mut next = before.clone();
    next.control = next.control.at(by.now);
    let ended = |name: &String| {
        before
            .about
            .get(name)
            .and_then(|about| about.until)
            .is_some_and(|until| until <= by.now)
    };
    next.about.retain(|name, _| !ended(name));
    match change {
        Change::Pause => set(&mut next, "paused", "true", by, lanes)?,
        Change::GoOn => set(&mut next, "paused", "false", by, lanes)?,
        Change::Resume => unset(&mut next, "paused"),
        Change::Set(pairs) => {
            for pair in pairs {
                let (name, value) = pair.split_once('=').ok_or_else(|| {
                    format!("{pair:?}: give NAME=VALUE, such as max_concurrency=5")
                })?;
                set(&mut next, name.trim(), value.trim(), by, lanes)?;
            }
        }
        Change::Unset(names) => {
            for name in names {
                known(name)?;
                unset(&mut next, name);
            }
        }
        Change::UnsetAll => {
            for name in OVERRIDES {
                unset(&mut next, name);
            }
            for lane in before.control.lanes.keys() {
                unset(&mut next, &bound::named(lane));
            }
        }
    }
    let pace = next.control.pace.over(configured);
    pace.validate().map_err(|error| error.to_string())?;
    next.control.since = Some(moment(by.now));
    next.control.note = by.note.clone();
    next.revision = before.revision + 1;
    Ok(next)
}

/// Returns whether the item overrides anything.
pub fn overrides(control: &Control) -> bool {
    control.paused.is_some()
        || control.circuit.is_some()
        || control.pace != Default::default()
        || !control.lanes.is_empty()
}

fn known(name: &str) -> Result<(), String> {
    match is_override(name) {
        true => Ok(()),
        false => Err(format!(
            "{name:?} cannot be overridden at run time. Give one of {}, or {} of a lane. Change other settings in Terraform, and apply",
            OVERRIDES.join(", "),
            bound::named("<lane>")
        )),
    }
}

fn set(
    next: &mut Steering,
    name: &str,
    value: &str,
    by: &By,
    lanes: &[Lane],
) -> Result<(), String> {
    known(name)?;
    let pace = &mut next.control.pace;
    let whole = || {
        let wrong = |_| {
            format!(
                "{name} = {value:?} is no whole number: give 0 to {}",
                u32::MAX
            )
        };
        value.parse::<u32>().map(Some).map_err(wrong)
    };
    match name {
        "paused" => {
            let wrong = |_| format!("paused = {value:?} is no flag: give true or false");
            next.control.paused = Some(value.parse::<bool>().map_err(wrong)?);
        }
        "circuit" => {
            let wrong =
                || format!("circuit = {value:?} is no state to hold it in: give open or closed");
            next.control.circuit = Some(Hold::parse(value).ok_or_else(wrong)?);
        }
        "max_concurrency" => pace.max_concurrency = whole()?,
        "burst" => pace.burst = whole()?,
        "starts_per_tick" => pace.starts_per_tick = whole()?,
        "starts_per_second" => {
            let wrong = |_| format!("{name} = {value:?} is no number: give one above 0");
            pace.starts_per_second = Some(value.parse::<f64>().map_err(wrong)?);
        }
        _ => {
            let lane = bound::lane_of(name).unwrap_or_default();
            if !lanes.iter().any(|known| known.name == lane) {
                let known: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
                let known = known.join(", ");
                return Err(format!(
                    "{name}: there is no lane {lane:?}; give one of {known}"
                ));
            }
            if let Some(max) = whole()? {
                next.control.lanes.insert(lane.to_owned(), max);
            }
        }
    }
    match by.until {
        Some(until) => next.control.until.insert(name.to_owned(), until),
        None => next.control.until.remove(name),
    };
    let about = About {
        by: Some(by.who.clone()),
        since: Some(moment(by.now)),
        note: by.note.clone(),
        until: by.until,
    };
    next.about.insert(name.to_owned(), about);
    Ok(())
}

fn unset(next: &mut Steering, name: &str) {
    let pace = &mut next.control.pace;
    match name {
        "paused" => next.control.paused = None,
        "circuit" => next.control.circuit = None,
        "max_concurrency" => pace.max_concurrency = None,
        "burst" => pace.burst = None,
        "starts_per_tick" => pace.starts_per_tick = None,
        "starts_per_second" => pace.starts_per_second = None,
        _ => {
            let lane = bound::lane_of(name).unwrap_or_default();
            next.control.lanes.remove(lane);
        }
    }
    next.control.until.remove(name);
    next.about.remove(name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use spillway::pace::layout::Layout;

    const NOW: Millis = 1_795_341_600_000;
    const PACE: Pace = Pace {
        max_concurrency: 100,
        starts_per_second: 25.0,
        burst: 50,
        starts_per_tick: None,
        layout: Layout::One,
    };

    fn by(until: Option<Millis>) -> By {
        By {
            who: "alice".into(),
            now: NOW,
            note: Some("deploy".into()),
            until,
        }
    }

    fn set_to(pairs: &[&str]) -> Result<Steering, String> {
        let pairs = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        changed(
            &Steering::default(),
            &Change::Set(pairs),
            &by(None),
            &PACE,
            &[],
        )
    }

    #[test]
    fn a_change_keeps_who_when_why_and_until_when() {
        let until = NOW + 7_200_000;
        let paused = changed(
            &Steering::default(),
            &Change::Pause,
            &by(Some(until)),
            &PACE,
            &[],
        )
        .unwrap();
        assert_eq!(paused.control.paused, Some(true));
        assert_eq!(paused.control.at(until).paused, None);
        assert_eq!(paused.revision, 1);
        let about = About {
            by: Some("alice".into()),
            since: Some("2026-11-22T10:00:00Z".into()),
            note: Some("deploy".into()),
            until: Some(until),
        };
        assert_eq!(paused.about["paused"], about);
    }

    #[test]
    fn a_change_leaves_the_other_overrides_and_their_ends_alone() {
        let until = NOW + 1_000;
        let limited = changed(
            &Steering::default(),
            &Change::Set(vec!["max_concurrency=5".into()]),
            &by(Some(until)),
            &PACE,
            &[],
        )
        .unwrap();
        let paused = changed(&limited, &Change::Pause, &by(None), &PACE, &[]).unwrap();
        assert_eq!(
            paused.about["max_concurrency"],
            limited.about["max_concurrency"]
        );
        assert_eq!(paused.control.until, limited.control.until);
        let resumed = changed(&paused, &Change::Resume, &by(None), &PACE, &[]).unwrap();
        assert_eq!(
            (resumed.control.paused, resumed.control.pace.max_concurrency),
            (None, Some(5))
        );
        assert_eq!(resumed.revision, 3);
        let all = changed(&paused, &Change::UnsetAll, &by(None), &PACE, &[]).unwrap();
        assert!(!overrides(&all.control) && all.about.is_empty());
    }

    #[test]
    fn what_has_ended_goes_with_the_next_change() {
        let limited = changed(
            &Steering::default(),
            &Change::Set(vec!["burst=5".into()]),
            &by(Some(NOW + 1)),
            &PACE,
            &[],
        )
        .unwrap();
        let later = By {
            now: NOW + 1,
            ..by(None)
        };
        let paused = changed(&limited, &Change::Pause, &later, &PACE, &[]).unwrap();
        assert_eq!((paused.control.pace.burst, paused.about.len()), (None, 1));
    }

    #[test]
    fn a_circuit_is_held_and_let_go() {
        let held = set_to(&["circuit=open"]).unwrap();
        assert_eq!(held.control.circuit, Some(Hold::Open));
        assert!(overrides(&held.control));
        let unset = Change::Unset(vec!["circuit".into()]);
        let let_go = changed(&held, &unset, &by(None), &PACE, &[]).unwrap();
        assert!(!overrides(&let_go.control) && let_go.about.is_empty());
    }

    #[test]
    fn a_lane_is_bounded_by_its_name_and_let_go() {
        let lane = |name: &str| Lane {
            name: name.to_owned(),
            queue_url: "q".into(),
            dead_letter_queue_url: "d".into(),
            priority: 1,
            min_share: 0.0,
            max_concurrency: None,
        };
        let lanes = [lane("default"), lane("bulk")];
        let change = |before: &Steering, change: &Change| {
            changed(before, change, &by(Some(NOW + 1_000)), &PACE, &lanes)
        };
        let set = |pair: &str| {
            let before = Steering::default();
            change(&before, &Change::Set(vec![pair.to_owned()]))
        };
        let bounded = set("lanes.bulk.max_concurrency=5").unwrap();
        assert_eq!(bounded.control.lanes["bulk"], 5);
        assert!(overrides(&bounded.control));
        assert!(bounded.control.at(NOW + 1_000).lanes.is_empty());
        for wrong in [
            ("lanes.bluk.max_concurrency=5", "give one of default, bulk"),
            ("lanes.bulk.max_concurrency=few", "is no whole number"),
            ("lanes.bulk.min_share=0.5", "lanes.<lane>.max_concurrency"),
        ] {
            let said = set(wrong.0).unwrap_err();
            assert!(said.contains(wrong.1), "{said}");
        }
        // Also one of a lane that is gone.
        let name = "lanes.bulk.max_concurrency".to_owned();
        let unset = changed(
            &bounded,
            &Change::Unset(vec![name]),
            &by(None),
            &PACE,
            &lanes[..1],
        );
        let unset = unset.unwrap();
        assert!(!overrides(&unset.control) && unset.about.is_empty());
        let all = change(&bounded, &Change::UnsetAll).unwrap();
        assert!(!overrides(&all.control) && all.about.is_empty());
    }

    #[test]
    fn going_on_through_windows_is_said_and_not_left_out() {
        let go_on = changed(&Steering::default(), &Change::GoOn, &by(None), &PACE, &[]).unwrap();
        assert_eq!(go_on.control.paused, Some(false));
    }

    #[test]
    fn what_the_module_refuses_is_refused() {
        for (pair, complaint) in [
            (
                "max_concurency=5",
                "Give one of paused, circuit, max_concurrency",
            ),
            ("max_concurrency", "give NAME=VALUE"),
            ("max_concurrency=10001", "give at most 10000"),
            ("max_concurrency=-1", "is no whole number"),
            ("starts_per_second=0", "above 0"),
            ("starts_per_second=401", "at most 400"),
            ("starts_per_second=NaN", "above 0"),
            ("starts_per_second=fast", "above 0"),
            ("burst=0", "burst is 0"),
            ("starts_per_tick=0", "starts_per_tick is 0"),
            ("paused=yes", "true or false"),
            ("circuit=shut", "open or closed"),
        ] {
            let said = set_to(&[pair]).unwrap_err();
            assert!(said.contains(complaint), "{pair}: {said}");
        }
        let told = set_to(&["starts_per_second=401"]).unwrap_err();
        assert!(
            told.ends_with("pace.slot_partitions = 16 in the module"),
            "{told}"
        );
        let sixteen = Pace {
            layout: Layout::Sixteen,
            ..PACE
        };
        let pairs = vec![
            "starts_per_second=4000".into(),
            "max_concurrency=100000".into(),
        ];
        let wide = changed(
            &Steering::default(),
            &Change::Set(pairs),
            &by(None),
            &sixteen,
            &[],
        );
        assert_eq!(wide.unwrap().control.pace.max_concurrency, Some(100_000));
        let several = set_to(&["max_concurrency=0", "starts_per_second=0.5", "burst = 2"]).unwrap();
        assert_eq!(several.control.pace.starts_per_second, Some(0.5));
        let unset = changed(
            &several,
            &Change::Unset(vec!["brust".into()]),
            &by(None),
            &PACE,
            &[],
        );
        assert!(
            unset
                .unwrap_err()
                .contains("cannot be overridden at run time. Give one of")
        );
    }
}
