//! The key of an object as S3 writes it in its notifications and inventories: encoded as a web
//! form's field.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Undoes S3's form-style URL encoding: `+` is a space, `%2B` a plus. `None` when it is not that,
/// or not UTF-8.
pub fn decode(raw: &str) -> Option<String> {
    let spaced = raw.replace('+', " ");
    let mut rest = spaced.as_str();
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().get(..2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        rest = after;
    }
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// The characters, besides letters and digits, that S3 leaves as they are in a key: those of a web
/// form, and the slash. AWS names the form's encoding, and no table; that `~` is encoded and `*` is
/// not was compared with AWS at MinIO.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
/// <https://github.com/minio/minio/pull/7360>
const S3_LEAVES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

/// Encodes a key as S3 does.
pub fn encode(key: &str) -> String {
    utf8_percent_encode(key, S3_LEAVES)
        .to_string()
        .replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn keys_are_decoded_once() {
        assert_eq!(decode("red+flower.jpg").unwrap(), "red flower.jpg");
        assert_eq!(decode("a%2Bb").unwrap(), "a+b");
        assert_eq!(decode("a%252Bb").unwrap(), "a%2Bb");
        assert_eq!(decode("%ED%95%9C%EA%B5%AD").unwrap(), "한국");
        assert_eq!(decode("%F0%9F%98%80").unwrap(), "😀");
    }

    /// `tests/terraform/test_notification_filters.py` and `tests/emulator/test_s3_keys.py` compare
    /// the modules and the scripts with this table.
    #[test]
    fn keys_are_written_as_s3_writes_them() {
        let table: BTreeMap<String, String> =
            serde_json::from_str(include_str!("../../../../tests/cases/s3-keys.json")).unwrap();
        let printable = (b' '..=b'~').map(|byte| char::from(byte).to_string());
        assert!(printable.into_iter().all(|key| table.contains_key(&key)));
        for (key, written) in table {
            assert_eq!(encode(&key), written, "{key:?}");
            assert_eq!(decode(&written), Some(key));
        }
    }

    #[test]
    fn what_s3_never_sends_is_not_guessed_at() {
        for raw in ["100%", "%4", "%zz", "%FF", "a%é9"] {
            assert_eq!(decode(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_key_survives_s3s_encoding(key in "\\PC{1,60}") {
            prop_assert_eq!(decode(&encode(&key)), Some(key));
        }

        #[test]
        fn decoding_never_panics(raw in ".{0,60}") {
            let _ = decode(&raw);
        }
    }
}
