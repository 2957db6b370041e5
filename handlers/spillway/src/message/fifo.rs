//! The fields of a message for a FIFO queue: its group, within which order is kept, and its
//! deduplication id.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>

use crate::event::ObjectEvent;
use crate::event::digest;
use crate::execution;

/// The longest group id and the longest deduplication id, in characters: letters, digits and
/// punctuation of ASCII.
pub const MAX_ID_CHARS: usize = 128;

/// Bytes of a group's digest: 32 digits.
const GROUP_BYTES: usize = 16;
/// Bytes of a cause's digest: 16 digits. It need only differ from the other causes of one attempt.
const CAUSE_BYTES: usize = 8;

/// Group and deduplication id of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fifo {
    pub group: String,
    pub deduplication: String,
}

/// Returns the fields of the message that asks for an attempt of an object event. All versions of
/// an object are one group.
///
/// SQS drops a message whose deduplication id it saw within five minutes. So the id tells apart the
/// messages that must arrive. It has the attempt, and the `cause` of asking for it, such as the
/// execution that failed. The same cause asks once.
pub fn of(pipeline: &str, event: &ObjectEvent, attempt: u32, cause: Option<&str>) -> Fifo {
    let asked = format!("{}-{attempt}", execution::name::id(pipeline, event));
    let object = [pipeline, event.bucket.as_str(), event.key.as_str()];
    Fifo {
        group: digest::of(object, GROUP_BYTES),
        deduplication: match cause {
            Some(cause) => format!("{asked}-{}", digest::of([cause], CAUSE_BYTES)),
            None => asked,
        },
    }
}

/// Returns the fields of a message that was not understood: a group of its own.
pub fn of_message(message_id: &str) -> Fifo {
    let id = digest::of(["message", message_id], GROUP_BYTES);
    Fifo {
        group: id.clone(),
        deduplication: id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use crate::message::{self, MAX_ATTEMPT};
    use crate::record::row::RowKey;
    use proptest::prelude::*;
    use serde_json::Value;

    const PIPELINE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/device-status-ledger";

    /// A message sent before an upgrade asks for the same attempt after it: these examples stay as
    /// they are.
    #[test]
    fn replayed_rows_are_asked_for_as_the_handlers_do() {
        let examples: Vec<Value> =
            serde_json::from_str(include_str!("../../../../tests/scripts/asking.json")).unwrap();
        assert!(!examples.is_empty());
        for example in examples {
            let text = |pointer: &str| example.pointer(pointer).unwrap().as_str().unwrap();
            let events = message::parse(text("/body")).unwrap().into_events();
            assert_eq!(message::own::encode(&events[0]), text("/body"));
            let key = RowKey::of(&events[0]);
            assert_eq!(
                (key.pk.as_str(), key.sk.as_str()),
                (text("/row/pk/S"), text("/row/sk/S"))
            );
            let attempt = u32::try_from(example["attempt"].as_u64().unwrap()).unwrap();
            let asked = of(text("/pipeline"), &events[0], attempt, Some(text("/cause")));
            assert_eq!(asked.group, text("/group"));
            assert_eq!(asked.deduplication, text("/deduplication"));
        }
    }

    #[test]
    fn versions_of_an_object_are_one_group_and_not_the_same_message() {
        let first = of(PIPELINE, &event("key", "1"), 1, None);
        let second = of(PIPELINE, &event("key", "2"), 1, None);
        assert_eq!(first.group, second.group);
        assert_ne!(first.deduplication, second.deduplication);
        assert_eq!(first.group.len(), 32);
    }

    #[test]
    fn objects_and_pipelines_have_groups_of_their_own() {
        let mut elsewhere = event("key", "1");
        elsewhere.bucket = "other".into();
        let groups = [
            of(PIPELINE, &event("key", "1"), 1, None).group,
            of(PIPELINE, &event("kez", "1"), 1, None).group,
            of(PIPELINE, &elsewhere, 1, None).group,
            of("another", &event("key", "1"), 1, None).group,
            of_message("5fea7756-0ea4-451a-a703-a558b933e274").group,
        ];
        let mut apart = groups.to_vec();
        apart.sort();
        apart.dedup();
        assert_eq!(apart.len(), groups.len());
    }

    #[test]
    fn the_attempt_and_its_cause_tell_messages_apart() {
        let event = event("key", "1");
        let id = execution::name::id(PIPELINE, &event);
        let asked = |attempt, cause| of(PIPELINE, &event, attempt, cause).deduplication;
        assert_eq!(asked(1, None), format!("{id}-1"));
        assert_eq!(asked(2, None), format!("{id}-2"));
        let caused = asked(2, Some("key-1"));
        assert!(caused.starts_with(&format!("{id}-2-")), "{caused}");
        assert_eq!(caused.len(), id.len() + 3 + 16);
        assert_eq!(caused, asked(2, Some("key-1")));
        assert_ne!(caused, asked(2, Some("key-2")));
    }

    proptest! {
        #[test]
        fn ids_are_what_sqs_takes(
            key in "\\PC{1,200}", attempt in 1u32..=MAX_ATTEMPT, cause in proptest::option::of("\\PC{0,100}"), id in "\\PC{0,200}",
        ) {
            for fifo in [of(PIPELINE, &event(&key, "1"), attempt, cause.as_deref()), of_message(&id)] {
                for text in [&fifo.group, &fifo.deduplication] {
                    prop_assert!((1..=MAX_ID_CHARS).contains(&text.len()));
                    prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
                }
            }
        }
    }
}
