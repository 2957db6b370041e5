//! Names of errors, as the owner of a pipeline writes them.

use thiserror::Error;
use wildmatch::WildMatchPattern;

/// The most names, and the longest one in characters.
const MOST: usize = 50;
const LONGEST: usize = 256;

/// A name in which `*` stands for any text. No error has the other sign, which stands for one
/// character.
type Pattern = WildMatchPattern<'*', '\0'>;

/// Names of errors; in each `*` stands for any text. `*Throttl*` is `Lambda.ThrottlingException`
/// too.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Errors(Vec<Pattern>);

/// The fault in a list of names.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ErrorsError {
    #[error("errors is empty: name an error, such as \"*Throttl*\"")]
    None,
    #[error("errors has {0} names: give at most {MOST}")]
    TooMany(usize),
    #[error(
        "the error {0:?} is empty or only of *: every failure would count, also those that the target has no part in"
    )]
    Everything(String),
    #[error(
        "the error {0:?} is longer than {LONGEST} characters: Step Functions cuts the names of errors there"
    )]
    TooLong(String),
}

impl Errors {
    /// Takes names as they were written.
    pub fn new(names: Vec<String>) -> Result<Self, ErrorsError> {
        match names.len() {
            0 => return Err(ErrorsError::None),
            many if many > MOST => return Err(ErrorsError::TooMany(many)),
            _ => {}
        }
        for name in &names {
            if name.chars().all(|it| it == '*') {
                return Err(ErrorsError::Everything(name.clone()));
            }
            if name.chars().count() > LONGEST {
                return Err(ErrorsError::TooLong(name.clone()));
            }
        }
        Ok(Self(names.iter().map(|name| Pattern::new(name)).collect()))
    }

    /// Returns whether an execution that ended with this error is meant.
    pub fn name(&self, error: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn errors(names: &[&str]) -> Result<Errors, ErrorsError> {
        Errors::new(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn matches_one(pattern: &str, error: &str) -> bool {
        Pattern::new(pattern).matches(error)
    }

    #[test]
    fn a_star_stands_for_any_text() {
        let named = errors(&["*Throttl*", "States.Timeout", "Glue.*Exceeded*Exception"]).unwrap();
        for error in [
            "ThrottlingException",
            "Lambda.TooManyThrottles",
            "States.Timeout",
            "Glue.ConcurrentRunsExceededException",
        ] {
            assert!(named.name(error), "{error}");
        }
        for error in [
            "",
            "States.TimeoutX",
            "XStates.Timeout",
            "throttled",
            "Glue.Exception",
        ] {
            assert!(!named.name(error), "{error}");
        }
    }

    #[test]
    fn parts_do_not_overlap() {
        assert!(!matches_one("ab*ba", "aba"));
        assert!(matches_one("ab*ba", "abba"));
        assert!(!matches_one("a*b*b", "ab"));
        assert!(matches_one("*a*b*", "xaxbx"));
    }

    #[test]
    fn a_list_that_means_nothing_or_everything_is_refused() {
        assert_eq!(errors(&[]), Err(ErrorsError::None));
        for all in ["", "*", "**"] {
            assert_eq!(
                errors(&["A", all]),
                Err(ErrorsError::Everything(all.into()))
            );
        }
        let long = "é".repeat(LONGEST + 1);
        assert_eq!(errors(&[&long]), Err(ErrorsError::TooLong(long.clone())));
        assert_eq!(
            errors(&["A"; MOST + 1]),
            Err(ErrorsError::TooMany(MOST + 1))
        );
        assert!(errors(&["A"; MOST]).is_ok());
    }

    proptest! {
        /// A text is of every pattern that is made of it by putting `*` in place of some of its
        /// parts.
        #[test]
        fn a_pattern_made_of_a_text_matches_it(parts in proptest::collection::vec(("[a-c]{0,3}", any::<bool>()), 0..6)) {
            let text: String = parts.iter().map(|(part, _)| part.as_str()).collect();
            let pattern: String = parts.iter().map(|(part, star)| if *star { "*" } else { part.as_str() }).collect();
            prop_assert!(matches_one(&pattern, &text), "{pattern} {text}");
        }
    }
}
