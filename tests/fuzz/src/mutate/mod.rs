//! Random damage to an input: to its JSON, and to its bytes.

mod bytes;
mod json;
mod words;

use fastrand::Rng;
use serde_json::Value;

/// The longest input that is made. Those that are meant to be slow are in [`crate::large`].
const MAX_BYTES: usize = 64 * 1_024;

/// The inputs that damaged ones are made of.
pub struct Pool {
    /// The first inputs: at least one.
    pub given: Vec<Vec<u8>>,
    /// The inputs with a new kind of answer.
    pub found: Vec<Vec<u8>>,
}

impl Pool {
    fn any(&self, rng: &mut Rng) -> &[u8] {
        let of = if self.found.is_empty() || rng.u8(..) < 160 {
            &self.given
        } else {
            &self.found
        };
        &of[rng.usize(..of.len())]
    }
}

/// Returns another input, made of those of a pool.
pub fn mutated(rng: &mut Rng, pool: &Pool) -> Vec<u8> {
    let (one, other) = (pool.any(rng), pool.any(rng));
    // Most inputs that are damaged as bytes are no JSON any more.
    let mut input = match serde_json::from_slice::<Value>(one) {
        Ok(mut document) if rng.u8(..) < 220 => {
            let other = serde_json::from_slice(other).unwrap_or_default();
            for _ in 0..times(rng) {
                json::damage(rng, &mut document, &other);
            }
            document.to_string().into_bytes()
        }
        _ => bytes::damaged(rng, one, other),
    };
    if rng.u8(..) < 20 {
        input = bytes::damaged(rng, &input, other);
    }
    input.truncate(MAX_BYTES);
    input
}

/// Returns how many times to damage: once, mostly.
fn times(rng: &mut Rng) -> usize {
    match rng.u8(..) {
        0..150 => 1,
        150..220 => 2,
        _ => rng.usize(3..6),
    }
}
