//! Whether the hunt would notice: parsers with a fault, each of another kind.

use fuzz::finding::{self, Finding};
use fuzz::hunt::{Failure, Hunt};
use fuzz::target::{Seen, Target};
use serde_json::Value;
use spillway::message;

/// Inputs until the fault must be found.
const INPUTS: usize = 50_000;

const SAMPLE: &str = r#"{"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
    "eventTime": "2026-11-22T10:00:00.000Z", "s3": {"bucket": {"name": "uploads"},
    "object": {"key": "a%20b", "size": 7, "sequencer": "0055AED6DCD90281E5"}}}]}"#;

/// Returns the first input that the hunt notices.
fn noticed(target: &'static Target) -> Failure {
    let mut hunt = Hunt::new(target, vec![SAMPLE.into()], 1);
    let failure = (0..INPUTS).find_map(|_| {
        let input = hunt.input();
        hunt.give(input)
    });
    failure.expect("it is noticed")
}

fn found(target: &'static Target) -> Finding {
    finding::of(target, &noticed(target)).unwrap()
}

fn key(input: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(input).ok()?;
    let key = document.pointer("/Records/0/s3/object/key")?;
    key.as_str().map(str::to_owned)
}

/// Takes two digits for granted after every percent sign.
fn indexes(input: &[u8]) -> Seen {
    if let Some(key) = key(input) {
        for (place, _) in key.match_indices('%') {
            let _ = key.as_bytes()[place + 2];
        }
    }
    Seen::of(&message::parse(&String::from_utf8_lossy(input)))
}

/// Takes a size for a small one.
fn adds(input: &[u8]) -> Seen {
    let document: Value = serde_json::from_slice(input).unwrap_or_default();
    let size = document.pointer("/Records/0/s3/object/size");
    if let Some(size) = size.and_then(Value::as_u64) {
        assert!(size.checked_add(1).is_some(), "it is too large to add to");
    }
    Seen::of(&message::parse(&String::from_utf8_lossy(input)))
}

/// Compares every three characters of a key.
fn cubes(input: &[u8]) {
    let key: Vec<char> = key(input).unwrap_or_default().chars().collect();
    let same = |one: &char| key.iter().filter(|other| *other == one).count();
    let all = |_: &char| key.iter().map(same).sum::<usize>();
    std::hint::black_box(key.iter().map(all).sum::<usize>());
}

const fn faulty(name: &'static str, read: fn(&[u8]), check: fn(&[u8]) -> Seen) -> Target {
    Target {
        name,
        corpus: "messages",
        read,
        check,
    }
}

static INDEXES: Target = faulty("indexes", |_| {}, indexes);
static ADDS: Target = faulty("adds", |_| {}, adds);
static CUBES: Target = faulty("cubes", cubes, |input| {
    cubes(input);
    Seen::Understood(String::new())
});

#[test]
fn a_panic_is_found_and_made_small() {
    let finding = found(&INDEXES);
    assert!(
        finding.says.contains("index out of bounds"),
        "{}",
        finding.told()
    );
    let smallest = r#"{"Records":[{"s3":{"object":{"key":"%"}}}]}"#;
    assert_eq!(String::from_utf8_lossy(&finding.input), smallest);
    let told = finding.told();
    let path = finding.path.display();
    assert!(told.contains(&format!("--again indexes {path}")), "{told}");
}

#[test]
fn a_broken_promise_is_found() {
    let finding = found(&ADDS);
    assert!(
        finding.says.contains("too large to add to"),
        "{}",
        finding.told()
    );
    assert!(finding.input.len() < 90, "{}", finding.told());
}

#[test]
fn what_is_slow_is_found() {
    // Made small it would take its time.
    assert_eq!(noticed(&CUBES).says, "it is slow");
}
