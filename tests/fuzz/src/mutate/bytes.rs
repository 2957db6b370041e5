//! Damage to bytes, into texts that no document would become.

use fastrand::Rng;

/// The characters with a meaning in JSON, whole or in parts.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\udfff",
    "\\u0000",
    "null",
    "true",
    "-",
    "e",
    "E+",
    ".",
    "0",
    "1e999",
    "1e-999",
    "99999999999999999999",
    "\u{feff}",
    "\n",
    "//",
    "{}",
    "[]",
    "\"\"",
    "[[[[[[[[",
];

pub(super) fn damaged(rng: &mut Rng, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = one.to_vec();
    for _ in 0..super::times(rng) {
        damage(rng, &mut bytes, other);
    }
    bytes
}

fn damage(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = rng.usize(..=bytes.len());
    let end = at + rng.usize(..=(bytes.len() - at).min(64));
    match rng.u8(..8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let part = bytes[at..end].repeat(rng.usize(1..20));
            bytes.splice(at..at, part);
        }
        3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        4 => bytes.insert(at, rng.u8(..)),
        5 => {
            let from = rng.usize(..=other.len());
            bytes.splice(at.., other[from..].iter().copied());
        }
        _ => {
            let token = TOKENS[rng.usize(..TOKENS.len())];
            bytes.splice(at..end.min(at + 8), token.bytes());
        }
    }
}
