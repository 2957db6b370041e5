//! A target: a kind of foreign input.

/// The answer of a target to an input, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Understood(String),
    /// And why.
    Refused(String),
}

impl Seen {
    /// Returns `Understood` if there is no error.
    pub fn of<T, E: ToString>(read: &Result<T, E>) -> Self {
        match read {
            Ok(_) => Self::Understood(String::new()),
            Err(error) => Self::Refused(error.to_string()),
        }
    }

    pub fn is_understood(&self) -> bool {
        matches!(self, Self::Understood(_))
    }

    /// Returns the words without their quotes of the input: two that are refused for the same
    /// reason are of one kind.
    pub fn kind(&self) -> String {
        let (Self::Understood(words) | Self::Refused(words)) = self;
        let mut kind = String::from(if self.is_understood() { "+" } else { "-" });
        let (mut quote, mut escaped) = (None, false);
        for character in words.chars() {
            match (quote, character) {
                (Some(_), _) if escaped => escaped = false,
                (Some('"'), '\\') => escaped = true,
                (Some(open), close) if open == close => quote = None,
                (Some(_), _) => {}
                (None, '"' | '`') => quote = Some(character),
                (None, letter) if letter.is_ascii_lowercase() => kind.push(letter),
                (None, _) => {}
            }
        }
        kind.truncate(KIND_BYTES);
        kind
    }
}

/// Of the words that tell a kind of answer, so many are looked at: the rest is mostly the input's.
const KIND_BYTES: usize = 48;

/// One kind of input.
pub struct Target {
    pub name: &'static str,
    /// The directory of its inputs, below `corpus`.
    pub corpus: &'static str,
    /// The core's parser, and nothing else: it is timed.
    pub read: fn(&[u8]),
    /// Reads an input, and panics when the core's answer cannot be.
    pub check: fn(&[u8]) -> Seen,
}

/// Checks a reason for a person: it is there, and it is short, for any input.
pub(crate) fn assert_reason(reason: &str, input: &str) {
    assert!(
        !reason.trim().is_empty(),
        "refused without a word: {input:?}"
    );
    let bytes = reason.len();
    assert!(bytes < 2_048, "a reason of {bytes} bytes: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_leaves_out_what_is_quoted_and_counted() {
        let seen = Seen::Refused(r#"record 12: the key "a \" 1" is `b`"#.into());
        assert_eq!(seen.kind(), "-recordthekeyis");
        assert_ne!(
            Seen::Understood(String::new()).kind(),
            Seen::Refused(String::new()).kind()
        );
    }
}
