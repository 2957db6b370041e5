//! Spillway's own message: it asks for one attempt of one object event.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{MAX_ATTEMPT, MessageError, quoted};
use crate::event::ObjectEvent;
use crate::text::{json_body, only_objects};
use crate::{SCHEMA_VERSION, readable};

/// Spillway's own message: one object event.
#[derive(Serialize, Deserialize)]
struct Own {
    spillway: u32,
    object: ObjectEvent,
    /// It was found by reconcile: S3 gave no sequencer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reconciled: bool,
}

/// Reads a message with this schema version.
pub(super) fn read(version: &Value, body: Value) -> Result<ObjectEvent, MessageError> {
    let version = version
        .as_u64()
        .and_then(|version| u32::try_from(version).ok())
        .ok_or(MessageError::Dialect)?;
    if !readable(version) {
        return Err(MessageError::Schema(version));
    }
    only_objects(&body, &["object"]).map_err(MessageError::Fields)?;
    let own: Own =
        serde_json::from_value(body).map_err(|error| MessageError::Fields(quoted(&error)))?;
    let object = own.object;
    match (own.reconciled, object.is_found()) {
        (false, true) => Err(MessageError::Fields(
            "object.sequencer is missing, and nothing says that the object was reconciled".into(),
        )),
        (true, false) => Err(MessageError::Fields(
            "a reconciled object has no sequencer, and this one has".into(),
        )),
        _ => Ok(object.validate()?),
    }
}

/// Returns the attempt that the attribute of Spillway's own message asks for.
pub fn attempt(attribute: Option<&str>) -> Result<u32, MessageError> {
    let Some(raw) = attribute else { return Ok(1) };
    match raw.parse() {
        Ok(attempt) if (1..=MAX_ATTEMPT).contains(&attempt) => Ok(attempt),
        _ => Err(MessageError::Attempt(raw.chars().take(64).collect())),
    }
}

/// Returns the body of Spillway's own message for one object event.
pub fn encode(event: &ObjectEvent) -> String {
    let own = Own {
        spillway: SCHEMA_VERSION,
        object: event.clone(),
        reconciled: event.is_found(),
    };
    // Strings, numbers and options only: serializing them cannot fail.
    json_body(serde_json::to_string(&own).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{event, found};
    use crate::message::{Body, parse};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn messages_of_the_neighbouring_releases_are_understood() {
        let mut body: Value = serde_json::from_str(&encode(&event("k", "1"))).unwrap();
        body["spillway"] = json!(SCHEMA_VERSION + 1);
        body["object"]["somethingNew"] = json!(true);
        assert_eq!(
            parse(&body.to_string()).unwrap().into_events(),
            [event("k", "1")]
        );
    }

    #[test]
    fn only_what_was_reconciled_lacks_a_sequencer() {
        let body: Value = serde_json::from_str(&encode(&found("k"))).unwrap();
        assert_eq!(body["reconciled"], json!(true));
        assert_eq!(
            parse(&body.to_string()).unwrap().into_events(),
            [found("k")]
        );
        let refused = |change: fn(&mut Value)| {
            let mut body = body.clone();
            change(&mut body);
            parse(&body.to_string()).unwrap_err().to_string()
        };
        let unmarked = refused(|body| body["reconciled"] = json!(false));
        assert!(unmarked.contains("sequencer is missing"), "{unmarked}");
        let sequenced = refused(|body| body["object"]["sequencer"] = json!("1"));
        assert!(sequenced.contains("has no sequencer"), "{sequenced}");
        let unknown = refused(|body| body["object"]["etag"] = Value::Null);
        assert!(unknown.contains("found without an event"), "{unknown}");
        let mut reported: Value = serde_json::from_str(&encode(&event("k", "1"))).unwrap();
        assert!(reported.get("reconciled").is_none());
        reported["object"]
            .as_object_mut()
            .unwrap()
            .remove("sequencer");
        let lost = parse(&reported.to_string()).unwrap_err().to_string();
        assert!(lost.contains("sequencer is missing"), "{lost}");
    }

    #[test]
    fn attempts_are_whole_numbers_from_one() {
        assert_eq!(attempt(None), Ok(1));
        assert_eq!(attempt(Some("7")), Ok(7));
        for raw in ["0", "-1", "1.5", "", "1000000", "two"] {
            assert_eq!(attempt(Some(raw)), Err(MessageError::Attempt(raw.into())));
        }
    }

    proptest! {
        #[test]
        fn own_messages_come_back_as_they_went(
            key in "[\\PC\u{fffe}\u{ffff}]{1,40}", version in proptest::option::of("[a-zA-Z0-9._]{1,32}"),
            size in proptest::option::of(any::<u64>()), sequencer in "[0-9a-fA-F]{1,32}",
        ) {
            let mut sent = event(&key, &sequencer);
            sent.version_id = version;
            sent.size = size;
            prop_assert_eq!(parse(&encode(&sent)), Ok(Body::Own(sent)));
        }
    }
}
