//! The control item, which operators write by hand: DynamoDB's attribute values, in its JSON.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>

use std::collections::HashMap;

use aws::ledger::read_control;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use spillway::lane;
use spillway::pace::Pace;
use spillway::pace::bound::{self, Bound};
use spillway::pace::control::ATTRIBUTES;
use spillway::pace::in_force::in_force;
use spillway::pace::layout::Layout;
use spillway::pace::window::Windows;

use crate::target::{Seen, Target, assert_reason};

pub(crate) const TARGET: Target = Target {
    name: "control",
    corpus: "control",
    read,
    check,
};

const CONFIGURED: Pace = Pace {
    max_concurrency: 100,
    starts_per_second: 25.0,
    burst: 50,
    starts_per_tick: None,
    layout: Layout::One,
};

/// Returns a lane that is bounded and one that is not.
fn lanes() -> Vec<Bound> {
    let lanes = r#"[{"name": "default", "queue_url": "q", "dead_letter_queue_url": "d", "priority": 1},
        {"name": "bulk", "queue_url": "q2", "dead_letter_queue_url": "d2", "priority": 2, "max_concurrency": 7}]"#;
    lane::bounds(&lane::parse(lanes).expect("lanes"))
}

fn read(input: &[u8]) {
    if let Some(item) = item(input)
        && let Ok(control) = read_control(&item)
    {
        let _ = in_force(&CONFIGURED, &lanes(), &Windows::default(), &control, 0);
    }
}

fn check(input: &[u8]) -> Seen {
    let Some(item) = item(input) else {
        return Seen::Refused("no item".into());
    };
    let read = read_control(&item);
    let Ok(control) = &read else {
        let seen = Seen::of(&read);
        if let Seen::Refused(reason) = &seen {
            assert_reason(reason, "a control item");
        }
        return seen;
    };
    let (windows, lanes) = (Windows::default(), lanes());
    let now = in_force(&CONFIGURED, &lanes, &windows, control, 0);
    match &now {
        Ok(now) => {
            assert_eq!(now.pace.clone().validate().as_ref(), Ok(&now.pace));
            // Nothing is made up: a number is the item's, or the configured one.
            let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok());
            let written = |name: &str| number(name).and_then(|digits| digits.parse::<f64>().ok());
            let of = |name: &str, configured: f64| written(name).unwrap_or(configured);
            // A number for 16 slot partitions is lowered to the limit of one.
            let (slots, starts) = (of("max_concurrency", 100.0), of("starts_per_second", 25.0));
            let most_slots = f64::from(Layout::One.max_slots());
            let most_starts = Layout::One.max_starts_per_second();
            assert_eq!(f64::from(now.pace.max_concurrency), slots.min(most_slots));
            assert_eq!(now.pace.starts_per_second, starts.min(most_starts));
            assert_eq!(f64::from(now.pace.burst), of("burst", 50.0));
            for (configured, bound) in lanes.iter().zip(&now.lanes) {
                let said = written(&bound::named(&bound.lane));
                let said = said.or(configured.max.map(f64::from));
                assert_eq!(bound.max.map(f64::from), said);
            }
            let paused = item.get("paused").and_then(|value| value.as_bool().ok());
            let circuit = item.get("circuit").and_then(|value| value.as_s().ok());
            let is_open = circuit.is_some_and(|hold| hold == "open");
            assert_eq!(now.paused.is_some(), paused == Some(&true) || is_open);
            // Nothing is passed over: each name is known, and told.
            let known = |name: &String| {
                ["pk", "sk"].contains(&name.as_str())
                    || ATTRIBUTES.contains(&name.as_str())
                    || lanes.iter().any(|lane| *name == bound::named(&lane.lane))
            };
            assert!(item.keys().all(known), "{:?}", item.keys());
            let says = |(name, value): (&String, &AttributeValue)| {
                !value.is_null() && !["pk", "sk", "since", "note"].contains(&name.as_str())
            };
            let said = item.iter().filter(|&attribute| says(attribute)).count();
            let lowered = slots > most_slots || starts > most_starts;
            assert_eq!(now.overrides.len(), said + usize::from(lowered));
        }
        Err(error) => assert_reason(&error.to_string(), "a control item"),
    }
    Seen::of(&now)
}

/// Returns an item as the command line shows it: `{"paused": {"BOOL": true}, …}`. `None`: DynamoDB
/// has no such item.
fn item(input: &[u8]) -> Option<HashMap<String, AttributeValue>> {
    let fields: Value = serde_json::from_slice(input).ok()?;
    let fields = fields.as_object()?;
    let read = |(name, value): (&String, &Value)| Some((name.clone(), attribute(value)?));
    let mut item: HashMap<_, _> = fields.iter().map(read).collect::<Option<_>>()?;
    for (name, value) in [("pk", "control"), ("sk", "dispatch")] {
        item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    }
    Some(item)
}

fn attribute(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let number = |value: &Value| text(value).filter(|digits| is_number(digits));
    let list = value.as_array().into_iter().flatten();
    match kind.as_str() {
        "S" => text(value).map(AttributeValue::S),
        "N" => number(value).map(AttributeValue::N),
        "BOOL" => value.as_bool().map(AttributeValue::Bool),
        "NULL" => value.as_bool().map(AttributeValue::Null),
        "SS" => list
            .map(text)
            .collect::<Option<_>>()
            .map(AttributeValue::Ss),
        "NS" => list
            .map(number)
            .collect::<Option<_>>()
            .map(AttributeValue::Ns),
        "L" => list
            .map(attribute)
            .collect::<Option<_>>()
            .map(AttributeValue::L),
        "M" => {
            let fields = value.as_object()?.iter();
            let fields = fields.map(|(name, value)| Some((name.clone(), attribute(value)?)));
            fields.collect::<Option<_>>().map(AttributeValue::M)
        }
        _ => None,
    }
}

/// Returns whether it is a number of DynamoDB's: of 38 digits, between 1E-130 and 1E+126.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
fn is_number(digits: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    digits.len() <= 170 && digits.bytes().all(plain) && digits.parse::<f64>().is_ok()
}
