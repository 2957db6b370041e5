//! An execution's name, determined by the object event and the attempt, so that starting the same
//! attempt twice is one execution.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>

use sha2::{Digest, Sha256};

use crate::event::ObjectEvent;
use crate::event::{digest, identity};

/// Step Functions' limit on an execution's name, in characters.
pub const MAX_NAME_CHARS: usize = 80;

/// Bytes of the SHA-256 that identify an object event: 128 bits, written as 32 hexadecimal digits.
pub(super) const ID_BYTES: usize = 16;

/// Returns the id of an object event within a pipeline: the same in the execution's name and in its
/// input.
///
/// It covers the identity and `pipeline` (the ARN of the ledger). So two pipelines on one state
/// machine never take each other's executions for their own.
pub fn id(pipeline: &str, event: &ObjectEvent) -> String {
    let identity = identity::sort_key(event);
    digest::of([pipeline, &event.bucket, &event.key, &identity], ID_BYTES)
}

/// Returns the name of the execution for one attempt: `<readable tail of the key>-<id>-<attempt>`,
/// at most [`MAX_NAME_CHARS`] characters of `[0-9A-Za-z_-]`, which CloudWatch Logs can show.
pub fn of(pipeline: &str, event: &ObjectEvent, attempt: u32) -> String {
    let suffix = format!("{}-{attempt}", id(pipeline, event));
    let room = MAX_NAME_CHARS.saturating_sub(suffix.len() + 1);
    let tail = readable_tail(&event.key, room);
    if tail.is_empty() {
        suffix
    } else {
        format!("{tail}-{suffix}")
    }
}

/// Returns the end of the key in characters that a name can have, runs of others as one hyphen.
fn readable_tail(key: &str, max_chars: usize) -> String {
    let mut readable = String::new();
    for character in key.chars() {
        if character.is_ascii_alphanumeric() || character == '_' {
            readable.push(character);
        } else if !readable.ends_with('-') {
            readable.push('-');
        }
    }
    let start = readable.len().saturating_sub(max_chars);
    let tail = readable.get(start..).unwrap_or_default();
    tail.trim_matches('-').to_owned()
}

/// Returns the name of the execution for a batch of first attempts, at most [`MAX_NAME_CHARS`]
/// characters: the same for the same events in the same order.
pub fn of_batch<'a>(pipeline: &str, events: impl IntoIterator<Item = &'a ObjectEvent>) -> String {
    let mut hash = Sha256::new();
    let mut count = 0;
    for event in events {
        hash.update(id(pipeline, event));
        count += 1;
    }
    format!("batch-of-{count}-{}-1", digest::hexadecimal(hash, ID_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use proptest::prelude::*;

    const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/device-status-ledger";

    #[test]
    fn a_name_shows_the_end_of_the_key() {
        let name = of(PIPELINE, &event("status/2026/device 7.json", "1"), 2);
        assert!(name.starts_with("status-2026-device-7-json-"), "{name}");
        assert!(name.ends_with("-2"), "{name}");
    }

    #[test]
    fn a_key_with_nothing_readable_still_has_a_name() {
        let event = event("한국어", "1");
        assert_eq!(
            of(PIPELINE, &event, 1),
            format!("{}-1", id(PIPELINE, &event))
        );
    }

    #[test]
    fn the_id_covers_every_part_of_the_identity() {
        let base = event("key", "1");
        let mut others = [
            event("key", "2"),
            event("kez", "1"),
            base.clone(),
            base.clone(),
        ];
        others[2].bucket = "upload".into();
        others[3].version_id = Some("v".into());
        let mut ids: Vec<_> = others.iter().map(|other| id(PIPELINE, other)).collect();
        ids.push(id("another", &base));
        ids.push(id(PIPELINE, &base));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 6);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let mut one = event("bc", "1");
        one.bucket = "a".into();
        let mut other = event("c", "1");
        other.bucket = "ab".into();
        assert_ne!(id(PIPELINE, &one), id(PIPELINE, &other));
    }

    #[test]
    fn the_name_does_not_depend_on_what_may_differ_between_two_deliveries() {
        let mut again = event("key", "1");
        again.event_time = "2026-11-22T11:00:00.000Z".into();
        assert_eq!(of(PIPELINE, &again, 1), of(PIPELINE, &event("key", "1"), 1));
    }

    #[test]
    fn a_batchs_name_covers_its_members_and_their_order() {
        let (one, other) = (event("one", "1"), event("other", "1"));
        let name = |events: &[&ObjectEvent]| of_batch(PIPELINE, events.iter().copied());
        assert!(name(&[&one, &other]).starts_with("batch-of-2-"));
        assert_ne!(name(&[&one, &other]), name(&[&other, &one]));
        assert_ne!(name(&[&one, &other]), name(&[&one]));
        let hundred = vec![&one; 100];
        assert!(name(&hundred).len() <= MAX_NAME_CHARS);
    }

    proptest! {
        #[test]
        fn names_are_what_step_functions_takes(key in "\\PC{1,200}", attempt in 1u32..=999_999) {
            let name = of(PIPELINE, &event(&key, "1"), attempt);
            prop_assert!(name.len() <= MAX_NAME_CHARS);
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
    }
}
