//! Admission: which of a message's records are processed.

use crate::event::{ObjectEvent, Reported};
use crate::lane::source::{self, Source};
use crate::message::{Body, Refused};

/// A message's records, by the act on each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admitted {
    /// In the order of the message.
    pub events: Vec<ObjectEvent>,
    pub refused: Vec<Refused>,
    pub left_out: LeftOut,
}

/// Records that ask for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Events of S3 that create no object.
    pub other_kinds: u32,
    pub folder_markers: u32,
    pub test_events: u32,
}

/// Sorts a message's records.
///
/// Spillway's own message is always processed: the ledger knows its event, or its records were
/// sorted before.
pub fn admit(body: Body, sources: &[Source]) -> Admitted {
    let mut admitted = Admitted::default();
    match body {
        Body::Own(event) => admitted.events.push(event),
        Body::TestEvent => admitted.left_out.test_events += 1,
        Body::Reported(records) => {
            for record in records {
                admitted.add(record, sources);
            }
        }
    }
    admitted
}

impl Admitted {
    fn add(&mut self, record: Result<Reported, Refused>, sources: &[Source]) {
        match record {
            Ok(Reported::Created(event)) => {
                if source::leaves_out(sources, &event.bucket, &event.key, event.size) {
                    self.left_out.folder_markers += 1;
                } else {
                    self.events.push(event);
                }
            }
            Ok(Reported::Other(_)) => self.left_out.other_kinds += 1,
            Err(refused) => self.refused.push(refused),
        }
    }

    /// Returns the fate of the message.
    pub fn decide(mut self) -> Admission {
        match (self.events.len(), self.refused.as_slice()) {
            (0, []) => Admission::Drop,
            (0, [first, others @ ..]) => Admission::Refuse(reason(first, others.len())),
            (1, []) => self.events.pop().map_or(Admission::Drop, Admission::Take),
            _ => Admission::Split {
                events: self.events,
                refused: self.refused,
            },
        }
    }
}

/// The fates that a message of the events queue can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It asks for one attempt of one object event.
    Take(ObjectEvent),
    /// It asks for nothing.
    Drop,
    /// None of its records can be processed: it is dead-lettered as it is, with this reason.
    Refuse(String),
    /// Each event goes on, and each refused record is dead-lettered, in a message of its own.
    Split {
        events: Vec<ObjectEvent>,
        refused: Vec<Refused>,
    },
}

fn reason(first: &Refused, others: usize) -> String {
    match others {
        0 => first.error.to_string(),
        _ => format!("{}; and {others} more records are refused", first.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use crate::message;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn record(name: &str, key: &str, size: u64) -> Value {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
            "eventTime": "2026-11-22T10:00:00.000Z", "eventName": name,
            "s3": {
                "bucket": {"name": "uploads"},
                "object": {"key": key, "size": size, "eTag": "d41d", "sequencer": "0055AED6DCD90281E5"}
            }
        })
    }

    fn created(key: &str) -> Value {
        record("ObjectCreated:Put", key, 12)
    }

    fn admitted(records: &[Value], sources: &str) -> Admitted {
        let body = json!({"Records": records}).to_string();
        admit(
            message::parse(&body).unwrap(),
            &source::parse(sources).unwrap(),
        )
    }

    fn decided(records: &[Value]) -> Admission {
        admitted(records, "[]").decide()
    }

    #[test]
    fn a_good_record_goes_on_beside_another_kind() {
        let records = [
            created("a.json"),
            record("ObjectRemoved:Delete", "b.json", 0),
        ];
        let admitted = admitted(&records, "[]");
        assert_eq!(admitted.left_out.other_kinds, 1);
        assert!(matches!(admitted.decide(), Admission::Take(event) if event.key == "a.json"));
    }

    #[test]
    fn a_good_record_goes_on_beside_a_broken_one() {
        let Admission::Split { events, refused } = decided(&[created("a.json"), created("%zz")])
        else {
            panic!("not split")
        };
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].key, "a.json");
        assert_eq!(refused.len(), 1);
        let reason = refused[0].error.to_string();
        assert!(reason.starts_with("record 1: the key"), "{reason}");
        // Redriven, it is refused alone.
        let alone = admit(message::parse(&refused[0].body()).unwrap(), &[]);
        assert!(
            matches!(alone.decide(), Admission::Refuse(reason) if reason.starts_with("record 0: the key"))
        );
    }

    #[test]
    fn what_asks_for_nothing_is_dropped() {
        assert_eq!(
            decided(&[record("ObjectTagging:Put", "a", 1)]),
            Admission::Drop
        );
        let test_event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent"}).to_string();
        let admitted = admit(message::parse(&test_event).unwrap(), &[]);
        assert_eq!(admitted.left_out.test_events, 1);
        assert_eq!(admitted.decide(), Admission::Drop);
    }

    #[test]
    fn what_is_refused_as_a_whole_says_how_much_more_there_is() {
        assert_eq!(
            decided(&[created("%zz"), created("%"), record("ObjectRemoved:Delete", "b", 0)]),
            Admission::Refuse(
                "record 0: the key \"%zz\" is not URL-encoded UTF-8: encode it as S3 does; and 1 more records are refused".into()
            )
        );
    }

    #[test]
    fn folder_markers_are_left_out_unless_their_source_wants_them() {
        let marker = record("ObjectCreated:Put", "status/new+folder/", 0);
        let unwanted = r#"[{"bucket": "uploads", "prefix": "status/"}]"#;
        let wanted = r#"[{"bucket": "uploads", "prefix": "status/", "folder_markers": true}]"#;
        let left_out = admitted(std::slice::from_ref(&marker), unwanted);
        assert_eq!(left_out.left_out.folder_markers, 1);
        assert_eq!(left_out.decide(), Admission::Drop);
        let taken = admitted(&[marker], wanted).decide();
        assert!(matches!(taken, Admission::Take(event) if event.key == "status/new folder/"));
    }

    #[test]
    fn spillways_own_message_is_worked_on_whatever_it_is_about() {
        let mut marker = event("status/new folder/", "1");
        marker.size = Some(0);
        let own = message::parse(&message::own::encode(&marker)).unwrap();
        assert_eq!(admit(own, &[]).decide(), Admission::Take(marker));
    }

    proptest! {
        /// No record is lost, and none is counted twice.
        #[test]
        fn every_record_is_accounted_for(kinds in proptest::collection::vec(0usize..4, 1..12)) {
            let records: Vec<Value> = kinds.iter().enumerate().map(|(index, kind)| match kind {
                0 => created(&format!("k{index}")),
                1 => created("%zz"),
                2 => record("ObjectRemoved:Delete", "k", 0),
                _ => record("ObjectCreated:Put", "k/", 0),
            }).collect();
            let Admitted { events, refused, left_out } = admitted(&records, "[]");
            let of = |kind: usize| kinds.iter().filter(|it| **it == kind).count();
            prop_assert_eq!(events.len(), of(0));
            prop_assert_eq!(refused.len(), of(1));
            prop_assert_eq!(left_out.other_kinds as usize, of(2));
            prop_assert_eq!(left_out.folder_markers as usize, of(3));
        }
    }
}
