//! The tenant of an object: the one that uploaded it, as its key tells.

use regex_lite::Regex;
use thiserror::Error;

use crate::event::digest;

/// The longest name of a tenant, in bytes. A longer one is cut, and told apart by a digest.
pub const NAME_BYTES: usize = 64;
/// Bytes of that digest.
const DIGEST_BYTES: usize = 8;

/// How a key tells its tenant.
#[derive(Debug, Clone)]
pub enum By {
    /// The segment of this number, between two slashes; the first is 1.
    Segment(usize),
    /// The match of a pattern's one group.
    Pattern(Regex),
}

/// A `tenants.by` that tells no tenant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ByError {
    #[error("segment 0 is none: give 1 for the first segment of a key")]
    NoSegment,
    #[error("{0:?} is no pattern: {1}; give one with a group around the tenant")]
    NoPattern(String, String),
    #[error("{0:?} has {1} groups: give one, around the tenant")]
    Groups(String, usize),
}

impl By {
    /// Parses the number of a segment, or a pattern with one group.
    pub fn parse(text: &str) -> Result<Self, ByError> {
        if let Ok(segment) = text.parse::<usize>() {
            return match segment {
                0 => Err(ByError::NoSegment),
                segment => Ok(Self::Segment(segment)),
            };
        }
        let wrong = |error: regex_lite::Error| ByError::NoPattern(text.into(), error.to_string());
        let pattern = Regex::new(text).map_err(wrong)?;
        // The match as a whole is a group as well.
        match pattern.captures_len() - 1 {
            1 => Ok(Self::Pattern(pattern)),
            groups => Err(ByError::Groups(text.into(), groups)),
        }
    }

    /// Returns the tenant that a key tells. `None`: it tells none, and no tenant's bound holds for
    /// its object.
    pub fn tenant_of(&self, key: &str) -> Option<String> {
        let name = match self {
            // The last segment is the object's own name.
            Self::Segment(segment) => key.rsplit_once('/')?.0.split('/').nth(segment - 1)?,
            Self::Pattern(pattern) => pattern.captures(key)?.get(1)?.as_str(),
        };
        (!name.is_empty()).then(|| short(name))
    }
}

fn short(name: &str) -> String {
    if name.len() <= NAME_BYTES {
        return name.to_owned();
    }
    let digest = digest::of([name], DIGEST_BYTES);
    let most = NAME_BYTES - digest.len() - 1;
    let end = name.floor_char_boundary(most);
    let kept = name.get(..end).unwrap_or_default();
    format!("{kept}~{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tenant(by: &str, key: &str) -> Option<String> {
        By::parse(by).unwrap().tenant_of(key)
    }

    #[test]
    fn a_segment_of_the_key_is_the_tenant() {
        assert_eq!(tenant("1", "acme/in/a.csv").as_deref(), Some("acme"));
        assert_eq!(tenant("2", "in/acme/a.csv").as_deref(), Some("acme"));
        for none in ["a.csv", "in/a.csv", "in//a.csv", ""] {
            assert_eq!(tenant("2", none), None, "{none}");
        }
    }

    #[test]
    fn the_group_of_a_pattern_is_the_tenant() {
        let by = "^in/device-([0-9]+)/";
        assert_eq!(tenant(by, "in/device-17/a").as_deref(), Some("17"));
        assert_eq!(tenant(by, "in/device-/a"), None);
        assert_eq!(tenant("(x*)", "abc"), None);
    }

    #[test]
    fn what_tells_no_tenant_is_refused_with_the_remedy() {
        let problem = |by: &str| By::parse(by).unwrap_err().to_string();
        assert!(problem("0").contains("give 1 for the first segment of a key"));
        assert!(problem("in/(").contains("no pattern"));
        assert!(problem("in/.*").contains("has 0 groups"));
        assert!(problem("(a)/(b)").contains("has 2 groups"));
        assert_eq!(By::parse("(?:a|b)/([^/]+)/").map(|_| ()), Ok(()));
    }

    proptest! {
        #[test]
        fn a_name_is_short_and_differs_from_others(one in "\\PC{1,90}", other in "\\PC{1,90}") {
            let (first, second) = (short(&one), short(&other));
            prop_assert!(first.len() <= NAME_BYTES && !first.is_empty());
            prop_assert_eq!(first == second, one == other);
        }
    }
}
