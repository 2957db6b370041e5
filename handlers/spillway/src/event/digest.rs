//! Short digests of texts: names that the same texts always get.

use sha2::{Digest, Sha256};

/// Returns the first `bytes` bytes of a SHA-256 over the parts, as hexadecimal digits. No two lists
/// of parts read the same.
pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>, bytes: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length before each part, so that parts do not run into each other.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hexadecimal(hash, bytes)
}

/// Returns the first `bytes` bytes of a hash, as hexadecimal digits.
pub fn hexadecimal(hash: Sha256, bytes: usize) -> String {
    let hash = hash.finalize();
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let bytes = hash.iter().take(bytes);
    bytes
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_two_digits_a_byte() {
        assert_eq!(of(["a"], 8).len(), 16);
        assert_eq!(of(["a"], 16).len(), 32);
        assert!(of(["a"], 16).starts_with(&of(["a"], 8)));
    }

    #[test]
    fn the_digits_are_sha_256s() {
        let digits = hexadecimal(Sha256::new_with_prefix("abc"), 8);
        // https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values
        assert_eq!(digits, "ba7816bf8f01cfea");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(of(["a", "bc"], 16), of(["ab", "c"], 16));
        assert_ne!(of(["a", ""], 16), of(["a"], 16));
    }
}
