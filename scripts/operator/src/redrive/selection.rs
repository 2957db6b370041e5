//! Which object events a redrive is about: by object, prefix, time or error; all that is given must
//! hold.

use spillway::Millis;

use crate::time::moment;

/// A person's selection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// `<bucket>/<key>`, as in the ledger.
    pub objects: Vec<String>,
    /// `<bucket>/<prefix>`.
    pub prefix: Option<String>,
    /// From the first on, up to and without the second.
    pub since: Option<Millis>,
    pub until: Option<Millis>,
    /// A part of the error's text, in any case.
    pub error: Option<String>,
}

impl Selection {
    /// Returns whether it leaves anything out.
    pub fn narrows(&self) -> bool {
        !self.objects.is_empty()
            || self.prefix.is_some()
            || self.since.is_some()
            || self.until.is_some()
            || self.error.is_some()
    }

    /// Returns the selection in words, for the question before a drop.
    pub fn told(&self) -> String {
        if !self.narrows() {
            return "all".to_owned();
        }
        let mut parts = Vec::new();
        if !self.objects.is_empty() {
            parts.push(format!("of {}", self.objects.join(", ")));
        }
        if let Some(prefix) = &self.prefix {
            parts.push(format!("below {prefix}"));
        }
        if let Some(since) = self.since {
            parts.push(format!("from {} on", moment(since)));
        }
        if let Some(until) = self.until {
            parts.push(format!("from before {}", moment(until)));
        }
        if let Some(error) = &self.error {
            parts.push(format!("with {error:?} in the reason"));
        }
        format!("those {}", parts.join(", "))
    }

    /// Returns whether something matches. `objects`: those that it is about; one of them is enough.
    pub fn takes(&self, objects: &[String], at: Millis, error: &str) -> bool {
        let named =
            self.objects.is_empty() || objects.iter().any(|name| self.objects.contains(name));
        let below = |prefix: &String| objects.iter().any(|name| name.starts_with(prefix));
        let says = |text: &String| error.to_lowercase().contains(&text.to_lowercase());
        named
            && self.prefix.as_ref().is_none_or(below)
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && self.error.as_ref().is_none_or(says)
    }
}

/// The named objects that were found, and whether anything of the prefix was: a name without a
/// match is mostly misspelt.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    objects: Vec<String>,
    prefix: Option<String>,
    /// Nothing is known of messages that were not received.
    at_all: bool,
}

impl Looked {
    pub fn new(selection: &Selection) -> Self {
        Self {
            objects: selection.objects.clone(),
            prefix: selection.prefix.clone(),
            at_all: false,
        }
    }

    /// Notes the objects that were found.
    pub fn found<'a>(&mut self, objects: impl IntoIterator<Item = &'a String>) {
        self.at_all = true;
        for name in objects {
            self.objects.retain(|named| named != name);
            if self
                .prefix
                .as_ref()
                .is_some_and(|prefix| name.starts_with(prefix))
            {
                self.prefix = None;
            }
        }
    }

    /// Returns the names that were not found, as bucket and key: so a person sees which part was
    /// read as the bucket.
    pub fn complaint(&self) -> Option<String> {
        let objects = self.objects.iter().filter_map(|name| name.split_once('/'));
        let mut missing: Vec<String> = objects
            .map(|(bucket, key)| format!("bucket {bucket}, key {key}"))
            .collect();
        if let Some((bucket, prefix)) = self
            .prefix
            .as_ref()
            .and_then(|prefix| prefix.split_once('/'))
        {
            missing.push(format!("bucket {bucket}, keys that begin with '{prefix}'"));
        }
        let nothing = missing.join("; ");
        (self.at_all && !missing.is_empty()).then(|| {
            format!("nothing was found of {nothing}. The bucket comes first: s3://bucket/key")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_told_before_something_is_dropped() {
        assert_eq!(Selection::default().told(), "all");
        let selection = Selection {
            objects: vec!["b/k".into(), "b/l".into()],
            prefix: Some("b/".into()),
            since: Some(1_000),
            until: Some(2_000),
            error: Some("Broken".into()),
        };
        assert_eq!(
            selection.told(),
            "those of b/k, b/l, below b/, from 1970-01-01T00:00:01Z on, from before 1970-01-01T00:00:02Z, with \"Broken\" in the reason"
        );
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let chosen = Selection {
            objects: names(&["b/k"]),
            prefix: Some("b/".into()),
            since: Some(10),
            until: Some(20),
            error: Some("Boom".into()),
        };
        assert!(chosen.takes(&names(&["a/x", "b/k"]), 10, "a boom"));
        assert!(!chosen.takes(&names(&["b/other"]), 10, "boom"));
        assert!(!chosen.takes(&names(&["b/k"]), 9, "boom"));
        assert!(!chosen.takes(&names(&["b/k"]), 20, "boom"));
        assert!(!chosen.takes(&names(&["b/k"]), 10, "bang"));
        let below = Selection {
            prefix: Some("b/k/".into()),
            ..Selection::default()
        };
        assert!(!below.takes(&names(&["b/k"]), 0, ""));
        assert!(!Selection::default().narrows() && below.narrows());
        let since = Selection {
            since: Some(0),
            ..Selection::default()
        };
        assert!(since.narrows());
    }

    #[test]
    fn what_was_named_and_is_nowhere_is_told_with_its_bucket() {
        let selection = Selection {
            objects: names(&["b/k", "status/7.json"]),
            prefix: Some("b/x".into()),
            ..Selection::default()
        };
        let mut looked = Looked::new(&selection);
        assert_eq!(looked.complaint(), None);
        looked.found(&names(&["b/k"]));
        assert_eq!(
            looked.complaint().unwrap(),
            "nothing was found of bucket status, key 7.json; bucket b, keys that begin with 'x'. The bucket comes first: s3://bucket/key"
        );
        looked.found(&names(&["b/xy", "status/7.json"]));
        assert_eq!(looked.complaint(), None);
    }
}
