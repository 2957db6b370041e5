//! The lanes in the handlers' environment.

use serde_json::Value;
use spillway::lane::{self, MAX_LANES, MAX_SHARES};

use super::settings;
use crate::target::{Seen, Target};

pub(crate) const TARGET: Target = Target {
    name: "lanes",
    corpus: "lanes",
    read,
    check,
};

fn read(input: &[u8]) {
    let _ = lane::parse(&String::from_utf8_lossy(input));
}

fn check(input: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(input);
    let parsed = lane::parse(&text);
    settings::assert_reason(&parsed, &text);
    if let Ok(lanes) = &parsed {
        let told: Vec<Value> = serde_json::from_str(&text).expect("it is a list");
        assert_eq!(told.len(), lanes.len());
        assert!((1..=MAX_LANES).contains(&lanes.len()));
        assert!(lanes.is_sorted_by(|one, next| one.priority < next.priority));
        let shares: f64 = lanes.iter().map(|lane| lane.min_share).sum();
        assert!((0.0..MAX_SHARES + 1e-6).contains(&shares), "{shares}");
        for lane in lanes {
            let is_it = |fields: &&Value| fields["name"] == lane.name.as_str();
            let fields = told.iter().find(is_it).expect("it is in the list");
            assert_eq!(fields["queue_url"], lane.queue_url.as_str());
            assert_eq!(fields["priority"], lane.priority);
            let max = lane.max_concurrency.map(u64::from);
            assert_eq!(fields["max_concurrency"].as_u64(), max);
        }
    }
    Seen::of(&parsed)
}
