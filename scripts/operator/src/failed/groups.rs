//! Failures grouped by their error and cause.

use serde::Serialize;
use spillway::Millis;
use spillway::text::cut;

use crate::time::moment;

/// Bytes of an error by which failures are one group.
const ERROR_BYTES: usize = 200;

/// One failure: a dead letter, or a row whose last attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `events`, `outcomes`, `ingest`, `rules`, or `ledger` for a row.
    pub stage: &'static str,
    pub error: String,
    pub at: Millis,
    /// `<bucket>/<key>`, or another name of the subject.
    pub about: String,
}

/// Failures of one stage and one error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub stage: &'static str,
    pub error: String,
    pub count: u64,
    pub first: String,
    pub last: String,
    pub example: String,
    #[serde(skip)]
    newest: Millis,
    #[serde(skip)]
    oldest: Millis,
}

/// Groups failures by their error without its numbers and ids, which differ from one to the next.
/// The largest group comes first.
pub fn groups(failures: &[Failure]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for failure in failures {
        let error = general(&failure.error);
        let known = groups
            .iter_mut()
            .find(|group| group.stage == failure.stage && group.error == error);
        match known {
            Some(group) => {
                group.count += 1;
                group.oldest = group.oldest.min(failure.at);
                if failure.at > group.newest {
                    group.newest = failure.at;
                    group.example = failure.about.clone();
                }
            }
            None => groups.push(Group {
                stage: failure.stage,
                error,
                count: 1,
                first: String::new(),
                last: String::new(),
                example: failure.about.clone(),
                newest: failure.at,
                oldest: failure.at,
            }),
        }
    }
    for group in &mut groups {
        group.first = moment(group.oldest);
        group.last = moment(group.newest);
    }
    groups.sort_by(|one, other| {
        other
            .count
            .cmp(&one.count)
            .then(other.newest.cmp(&one.newest))
    });
    groups
}

/// Returns an error without the words that differ from one failure to the next: each with a digit
/// is `…`.
pub fn general(error: &str) -> String {
    if error.is_empty() {
        return "(no reason given)".to_owned();
    }
    let is_own = |word: &str| word.chars().any(|character| character.is_ascii_digit());
    let words: Vec<&str> = error
        .split_whitespace()
        .map(|word| if is_own(word) { "…" } else { word })
        .collect();
    cut(&words.join(" "), ERROR_BYTES).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(error: &str, at: Millis, about: &str) -> Failure {
        Failure {
            stage: "events",
            error: error.into(),
            at,
            about: about.into(),
        }
    }

    #[test]
    fn failures_of_one_error_are_one_group_with_its_newest_example() {
        let failures = [
            failure("FAILED: UnknownDevice: device 7 is not known", 1_000, "b/7"),
            failure(
                "FAILED: UnknownDevice: device 12 is not known",
                3_000,
                "b/12",
            ),
            failure("FAILED: UnknownDevice: device 9 is not known", 2_000, "b/9"),
            failure("TIMED_OUT", 9_000, "b/x"),
        ];
        let groups = groups(&failures);
        assert_eq!(groups.len(), 2);
        assert_eq!(
            (groups[0].count, groups[0].error.as_str()),
            (3, "FAILED: UnknownDevice: device … is not known")
        );
        assert_eq!(
            (groups[0].first.as_str(), groups[0].last.as_str()),
            ("1970-01-01T00:00:01Z", "1970-01-01T00:00:03Z")
        );
        assert_eq!(groups[0].example, "b/12");
    }

    #[test]
    fn stages_are_told_apart_and_a_missing_reason_is_one() {
        let mut other = failure("", 1, "b/k");
        other.stage = "ledger";
        let groups = groups(&[failure("", 1, "b/k"), other]);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].error, "(no reason given)");
    }
}
