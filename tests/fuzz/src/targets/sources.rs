//! The sources in ingest's and reconcile's environment.

use serde_json::Value;
use spillway::event::{ObjectEvent, Sequencer};
use spillway::lane::Lane;
use spillway::lane::source::{self, Source};

use super::settings;
use crate::target::{Seen, Target};

pub(crate) const TARGET: Target = Target {
    name: "sources",
    corpus: "sources",
    read,
    check,
};

fn read(input: &[u8]) {
    if let Ok(sources) = source::parse(&String::from_utf8_lossy(input)) {
        let _ = source::check(&sources, &lanes());
    }
}

fn lanes() -> Vec<Lane> {
    let lane = |(priority, name): (u32, &str)| Lane {
        name: name.into(),
        queue_url: format!("https://sqs/{name}"),
        dead_letter_queue_url: format!("https://sqs/{name}-dlq"),
        priority,
        min_share: 0.0,
        max_concurrency: None,
    };
    [(1, "urgent"), (2, "bulk")].map(lane).into()
}

fn check(input: &[u8]) -> Seen {
    let text = String::from_utf8_lossy(input);
    let lanes = lanes();
    let parsed = source::parse(&text).and_then(|sources| {
        source::check(&sources, &lanes)?;
        Ok(sources)
    });
    settings::assert_reason(&parsed, &text);
    if let Ok(sources) = &parsed {
        let told: Vec<Value> = serde_json::from_str(&text).expect("it is a list");
        assert_eq!(told.len(), sources.len());
        for source in sources {
            object_of(source, sources, &lanes);
        }
    }
    Seen::of(&parsed)
}

/// Checks that an object with both ends of a source's keys is of that source, and has a lane.
fn object_of(source: &Source, sources: &[Source], lanes: &[Lane]) {
    let end = |text: &Option<String>| text.clone().unwrap_or_default();
    let event = ObjectEvent {
        bucket: source.bucket.clone().unwrap_or("any".to_owned()),
        key: end(&source.prefix) + "k" + &end(&source.suffix),
        version_id: None,
        size: None,
        etag: None,
        sequencer: Sequencer::parse("1").ok(),
        event_name: "ObjectCreated:Put".into(),
        event_time: String::new(),
    };
    assert!(source::is_of_any(sources, &event.bucket, &event.key));
    let lane = &lanes[source::lane(sources, lanes, &event)].name;
    let first = &lanes[0].name;
    let named = |source: &Source| source.lane.as_ref().unwrap_or(first) == lane;
    assert!(sources.iter().any(named), "{lane:?} is of no source");
}
