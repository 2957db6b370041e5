//! The windows in dispatch's environment.

use serde_json::{Map, Value};
use spillway::pace::window::{self, Windows};

use super::settings;
use crate::target::{Seen, Target};

pub(crate) const TARGET: Target = Target {
    name: "windows",
    corpus: "windows",
    read,
    check,
};

/// The ends of a clock's range, and times around changes of clocks.
const TIMES: [i64; 9] = [
    i64::MIN,
    -377_705_116_800_000,
    -1,
    0,
    1_772_953_199_999,
    1_772_953_200_000,
    1_793_512_800_000,
    253_402_300_799_999,
    i64::MAX,
];

fn read(input: &[u8]) {
    let _ = window::parse(&String::from_utf8_lossy(input));
}

fn check(input: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(input);
    let parsed = window::parse(&text);
    settings::assert_reason(&parsed, &text);
    if let Ok(windows) = &parsed {
        let told: Vec<Value> = serde_json::from_str(&text).expect("it is a list");
        assert!(told.len() <= window::MAX_WINDOWS);
        let alone: Vec<Windows> = told.iter().map(alone).collect();
        for time in TIMES {
            // Of those that hold, the one with the lowest priority number is in force.
            let of_each = alone.iter().filter_map(|windows| windows.in_force(time));
            let first = of_each.min_by_key(|window| window.priority);
            assert_eq!(windows.in_force(time), first, "at {time}");
        }
        told.iter().zip(&alone).for_each(says);
    }
    Seen::of(&parsed)
}

/// Returns one window of the list, without the others.
fn alone(fields: &Value) -> Windows {
    let list = Value::from(vec![fields.clone()]).to_string();
    window::parse(&list).expect("it was understood beside others")
}

/// Checks the numbers of a window that holds, by a second reading.
fn says((fields, windows): (&Value, &Windows)) {
    for window in TIMES.iter().filter_map(|&time| windows.in_force(time)) {
        assert_eq!(fields["name"], window.name.as_str());
        assert_eq!(fields["priority"], window.priority);
        assert_eq!(fields["pause"].as_bool().unwrap_or_default(), window.pause);
        let bounds = fields["lanes"].as_object();
        assert_eq!(bounds.map_or(0, Map::len), window.lanes.len());
        for (lane, max) in &window.lanes {
            assert_eq!(fields["lanes"][lane]["max_concurrency"], *max);
        }
        let (pace, said) = (&window.pace, &fields["pace"]);
        let whole = |number: Option<u32>| number.map(f64::from);
        assert_eq!(
            said["max_concurrency"].as_f64(),
            whole(pace.max_concurrency)
        );
        assert_eq!(said["starts_per_second"].as_f64(), pace.starts_per_second);
        assert_eq!(said["burst"].as_f64(), whole(pace.burst));
        assert_eq!(
            said["starts_per_tick"].as_f64(),
            whole(pace.starts_per_tick)
        );
    }
}
