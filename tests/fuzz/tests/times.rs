//! The time that a parser adds to the reading of the JSON itself: not much, with any large part at
//! any place of an input.
//!
//! Both are measured in this run, by CPU time, so neither the machine nor the build matters. The
//! time of the released build is printed by `cargo run --release --bin fuzz -- --times`.

use std::hint::black_box;
use std::time::Duration;

use fuzz::targets;
use fuzz::{cpu, large};
use serde_json::Value;

/// Of every input. Square growth shows in it well: 8,192 times 8,192 is a tenth of a second.
const BYTES: usize = 8 * 1_024;
/// The most time of a parser, as a multiple of the time of its JSON.
const TIMES: u32 = 2;

/// Returns the time of an input's JSON, with that of documents in its texts.
fn json(input: &[u8], times: usize) -> Duration {
    cpu::least(times, || {
        let document = serde_json::from_slice(input).unwrap_or_default();
        black_box(inside(&document));
    })
}

fn inside(value: &Value) -> usize {
    match value {
        Value::Array(entries) => entries.iter().map(inside).sum(),
        Value::Object(fields) => fields.values().map(inside).sum(),
        Value::String(text) => usize::from(serde_json::from_str::<Value>(text).is_ok()),
        _ => 0,
    }
}

fn check(name: &str) {
    let target = targets::named(name).unwrap();
    // The time that every input can take besides: as much as one of its size that is all numbers.
    let numbers = format!("[0{}]", ",1".repeat(BYTES / 2));
    let besides = json(numbers.as_bytes(), 20);
    let mut inputs = 0;
    let each = large::each(target, BYTES, |input| {
        inputs += 1;
        let slow = |times| {
            let most = besides + TIMES * json(&input.bytes, times);
            let took = cpu::least(times, || (target.read)(&input.bytes));
            (took > most).then(|| format!("{took:?}, more than {most:?}"))
        };
        // Once can be another's fault; twenty times are not.
        if let Some(told) = slow(1).and_then(|_| slow(20)) {
            panic!("{name}: {}: {told}", input.name);
        }
    });
    each.unwrap();
    assert!(inputs > 100, "{inputs} inputs show nothing");
}

macro_rules! checks {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_target_is_timed() {
            let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

checks!(messages payloads outcomes outputs items inventories control windows lanes sources);
