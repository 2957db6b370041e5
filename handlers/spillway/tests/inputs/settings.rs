//! What Terraform puts into the handlers' environment.

use proptest::prelude::*;
use serde_json::{Value, json};
use spillway::{lane, source, window};

use crate::damage::{damaged, damages, scratched, scratches};
use crate::with_inputs;

fn lanes() -> Value {
    json!([
        {"name": "urgent", "queue_url": "https://sqs/1/urgent", "dead_letter_queue_url": "https://sqs/1/urgent-dlq",
         "priority": 1, "min_share": 0.0},
        {"name": "bulk", "queue_url": "https://sqs/1/bulk", "dead_letter_queue_url": "https://sqs/1/bulk-dlq",
         "priority": 2, "min_share": 0.1},
    ])
}

fn windows() -> Value {
    json!([
        {"name": "night", "priority": 1, "timezone": "Asia/Seoul", "from": "20:00", "to": "24:00", "days": ["MON", "SUN"],
         "pace": {"max_concurrency": 500, "starts_per_second": 1.5}},
        {"name": "freeze", "priority": 0, "timezone": "America/New_York", "dates": ["2026-12-24/2026-12-27"], "pause": true},
    ])
}

fn sources() -> Value {
    json!([
        {"bucket": "uploads", "prefix": "status/", "suffix": ".json", "lane": "urgent"},
        {"bucket": "uploads", "prefix": "bulk/", "suffix": "", "lane": "bulk"},
    ])
}

#[test]
fn settings_are_understood_or_refused_with_a_reason() {
    let documents: [fn() -> Value; 3] = [lanes, windows, sources];
    let inputs = (0..3_usize, damages(), scratches(), any::<i32>());
    with_inputs(
        "settings",
        &inputs,
        |(which, changes, scratch, at), tally| {
            let document = documents[which]();
            let text = scratched(&damaged(document, &changes).to_string(), &scratch);
            let refused = match which {
                0 => lane::parse(&text).err().map(|error| error.to_string()),
                1 => match window::parse(&text) {
                    Ok(windows) => {
                        // Any time of the next and the last decades.
                        let _ = windows.in_force(i64::from(at) * 1_000);
                        None
                    }
                    Err(error) => Some(error.to_string()),
                },
                _ => match source::parse(&text) {
                    Ok(sources) => {
                        source::check(&sources, &lane::parse(&lanes().to_string()).unwrap())
                            .err()
                            .map(|error| error.to_string())
                    }
                    Err(error) => Some(error.to_string()),
                },
            };
            tally.count(refused.is_none());
            let whole = changes.is_empty() && matches!(scratch, crate::damage::Scratch::None);
            prop_assert!(
                !(whole && refused.is_some()),
                "{text}\nrefused: {refused:?}"
            );
            prop_assert!(refused.is_none_or(|reason| !reason.is_empty()));
            Ok(())
        },
    );
}
