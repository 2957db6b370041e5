//! The sources: which objects' events are taken in, and by which lane they go.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::event::{ObjectEvent, is_folder_marker};
use crate::lane::Lane;
use crate::text::only_objects;

/// Objects of a bucket, by the two ends of their keys, and the lane of their events.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Absent: any bucket, as of a topic that buckets notify.
    pub bucket: Option<String>,
    /// As the key has it, not URL-encoded; absent or empty: any.
    pub prefix: Option<String>,
    pub suffix: Option<String>,
    /// Absent: the first lane.
    pub lane: Option<String>,
    /// Whether folder markers are processed like any other object.
    #[serde(default)]
    pub folder_markers: bool,
}

/// The fault in a list of sources.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    #[error("it is not a JSON list of sources: {0}")]
    Json(String),
    #[error("a source has an empty bucket: give its name")]
    Bucket,
    #[error(
        "the source of the bucket {bucket:?} names the lane {lane:?}, and there is none: give the name of a lane"
    )]
    Lane { bucket: String, lane: String },
}

/// Reads the sources.
pub fn parse(json: &str) -> Result<Vec<Source>, SourceError> {
    let wrong = |error: serde_json::Error| SourceError::Json(error.to_string());
    let mut sources = Vec::new();
    for source in serde_json::from_str::<Vec<Value>>(json).map_err(wrong)? {
        only_objects(&source, &[]).map_err(SourceError::Json)?;
        sources.push(serde_json::from_value::<Source>(source).map_err(wrong)?);
    }
    if sources
        .iter()
        .any(|source| source.bucket.as_deref() == Some(""))
    {
        return Err(SourceError::Bucket);
    }
    Ok(sources)
}

/// Returns whether every lane that the sources name is among `lanes`.
pub fn check(sources: &[Source], lanes: &[Lane]) -> Result<(), SourceError> {
    for Source { bucket, lane, .. } in sources {
        if let Some(lane) = lane
            && !lanes.iter().any(|known| known.name == *lane)
        {
            return Err(SourceError::Lane {
                bucket: bucket.clone().unwrap_or_default(),
                lane: lane.clone(),
            });
        }
    }
    Ok(())
}

impl Source {
    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    fn suffix(&self) -> &str {
        self.suffix.as_deref().unwrap_or_default()
    }

    fn matches(&self, bucket: &str, key: &str) -> bool {
        self.bucket.as_deref().is_none_or(|named| named == bucket)
            && key.starts_with(self.prefix())
            && key.ends_with(self.suffix())
    }
}

/// Returns whether an object is of any source.
pub fn is_of_any(sources: &[Source], bucket: &str, key: &str) -> bool {
    sources.iter().any(|source| source.matches(bucket, key))
}

/// Returns the source that decides for an object. Of those that match it is one that names the
/// bucket, then the one with the longest prefix, then with the longest suffix.
fn closest<'a>(sources: &'a [Source], bucket: &str, key: &str) -> Option<&'a Source> {
    sources
        .iter()
        .filter(|source| source.matches(bucket, key))
        .max_by_key(|source| {
            (
                source.bucket.is_some(),
                source.prefix().len(),
                source.suffix().len(),
            )
        })
}

/// Returns the index in `lanes` of an object event's lane: that of its closest source. The first
/// lane, if no source matches or its lane is gone.
pub fn lane(sources: &[Source], lanes: &[Lane], event: &ObjectEvent) -> usize {
    closest(sources, &event.bucket, &event.key)
        .and_then(|source| source.lane.as_deref())
        .and_then(|name| lanes.iter().position(|lane| lane.name == name))
        .unwrap_or_default()
}

/// Returns whether an object's events are left out because it marks a folder, and its closest
/// source does not want those.
pub fn leaves_out(sources: &[Source], bucket: &str, key: &str, size: Option<u64>) -> bool {
    is_folder_marker(key, size)
        && !closest(sources, bucket, key).is_some_and(|source| source.folder_markers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::event;
    use proptest::prelude::*;

    fn lanes() -> Vec<Lane> {
        let lane = |name: &str, priority| Lane {
            name: name.into(),
            queue_url: format!("https://sqs/{name}"),
            dead_letter_queue_url: format!("https://sqs/{name}-dlq"),
            priority,
            min_share: 0.0,
            max_concurrency: None,
        };
        vec![lane("urgent", 1), lane("bulk", 2), lane("rest", 3)]
    }

    fn lane_of(sources: &str, key: &str) -> String {
        let lanes = lanes();
        let sources = parse(sources).unwrap();
        check(&sources, &lanes).unwrap();
        lanes[lane(&sources, &lanes, &event(key, "1"))].name.clone()
    }

    #[test]
    fn the_longest_prefix_wins_then_the_longest_suffix() {
        let sources = r#"[
            {"bucket": "uploads", "prefix": "status/", "suffix": "", "lane": "bulk"},
            {"bucket": "uploads", "prefix": "status/", "suffix": ".json", "lane": "rest"},
            {"bucket": "uploads", "prefix": "", "suffix": "0123456789.json", "lane": "bulk"},
            {"bucket": "uploads", "prefix": "status/now/", "suffix": "", "lane": "urgent"}
        ]"#;
        assert_eq!(lane_of(sources, "status/7.csv"), "bulk");
        assert_eq!(lane_of(sources, "status/7.json"), "rest");
        assert_eq!(lane_of(sources, "status/now/7.json"), "urgent");
        assert_eq!(lane_of(sources, "status/0123456789.json"), "rest");
        assert_eq!(lane_of(sources, "0123456789.json"), "bulk");
    }

    #[test]
    fn what_no_source_matches_goes_to_the_first_lane() {
        let other_bucket = r#"[{"bucket": "archive", "prefix": "", "suffix": "", "lane": "bulk"}]"#;
        assert_eq!(lane_of(other_bucket, "status/7.json"), "urgent");
        let other_prefix = r#"[{"bucket": "uploads", "prefix": "b", "lane": "bulk"}]"#;
        assert_eq!(lane_of(other_prefix, "a"), "urgent");
        assert_eq!(lane_of(r#"[{"bucket": "uploads"}]"#, "a"), "urgent");
        assert_eq!(lane_of("[]", "a"), "urgent");
    }

    #[test]
    fn prefixes_are_compared_with_the_key_as_its_uploader_wrote_it() {
        let sources =
            r#"[{"bucket": "uploads", "prefix": "a b/", "suffix": null, "lane": "bulk"}]"#;
        assert_eq!(lane_of(sources, "a b/1"), "bulk");
        assert_eq!(lane_of(sources, "a+b/1"), "urgent");
    }

    #[test]
    fn the_closest_source_decides_about_folder_markers() {
        let sources = parse(
            r#"[{"bucket": "uploads", "prefix": "a/"}, {"bucket": "uploads", "prefix": "a/b/", "folder_markers": true}]"#,
        )
        .unwrap();
        for (key, size, left_out) in [
            ("a/new folder/", Some(0), true),
            ("a/b/new folder/", Some(0), false),
            ("elsewhere/", Some(0), true),
            ("a/new folder/", Some(7), false),
            ("a/new folder/", None, false),
            ("a/empty", Some(0), false),
        ] {
            assert_eq!(
                leaves_out(&sources, "uploads", key, size),
                left_out,
                "{key} {size:?}"
            );
        }
        let any_bucket =
            parse(r#"[{"folder_markers": true}, {"bucket": "uploads", "prefix": "a/"}]"#).unwrap();
        assert!(leaves_out(&any_bucket, "uploads", "a/b/", Some(0)));
        assert!(!leaves_out(&any_bucket, "uploads", "b/", Some(0)));
        assert!(!leaves_out(&any_bucket, "another", "a/b/", Some(0)));
    }

    #[test]
    fn an_object_of_no_source_is_told() {
        let sources =
            parse(r#"[{"bucket": "uploads", "prefix": "a/", "suffix": ".json"}]"#).unwrap();
        assert!(is_of_any(&sources, "uploads", "a/b.json"));
        for (bucket, key) in [
            ("other", "a/b.json"),
            ("uploads", "b.json"),
            ("uploads", "a/b"),
        ] {
            assert!(!is_of_any(&sources, bucket, key), "{bucket} {key}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let read = |json: &str| {
            let sources = parse(json)?;
            check(&sources, &lanes())
        };
        let read = |json: &str| read(json).unwrap_err();
        assert_eq!(read(r#"[{"bucket": ""}]"#), SourceError::Bucket);
        assert_eq!(
            read(r#"[{"bucket": "uploads", "lane": "fast"}]"#),
            SourceError::Lane {
                bucket: "uploads".into(),
                lane: "fast".into()
            }
        );
        assert!(matches!(read("{}"), SourceError::Json(_)));
        for json in [r#"[{"bucket": "b", "prefx": ""}]"#, r#"[["b"]]"#] {
            assert!(matches!(read(json), SourceError::Json(_)), "{json}");
        }
    }

    proptest! {
        #[test]
        fn every_event_has_a_lane(
            key in "\\PC{1,20}",
            sources in proptest::collection::vec(("\\PC{0,3}", "\\PC{0,3}", proptest::option::of(0usize..4)), 0..5),
        ) {
            let lanes = lanes();
            let names = ["urgent", "bulk", "rest", "gone"];
            let sources: Vec<_> = sources.into_iter().map(|(prefix, suffix, lane)| Source {
                bucket: Some("uploads".into()),
                prefix: Some(prefix),
                suffix: Some(suffix),
                lane: lane.map(|index| names[index].to_owned()),
                folder_markers: false,
            }).collect();
            prop_assert!(lane(&sources, &lanes, &event(&key, "1")) < lanes.len());
        }
    }
}
