//! Making a failing input small.

use serde_json::Value;

/// Returns the smallest input that was found for which `fails` holds, as it does for `input`, in so
/// many tries at most.
pub fn smallest(input: &[u8], tries: usize, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut search = Search {
        best: input.to_vec(),
        fails,
        tries,
    };
    loop {
        let before = search.best.len();
        search.fields();
        search.bytes();
        if search.best.len() == before || search.tries == 0 {
            return search.best;
        }
    }
}

struct Search<F> {
    best: Vec<u8>,
    fails: F,
    /// That are left.
    tries: usize,
}

impl<F: Fn(&[u8]) -> bool> Search<F> {
    /// Takes over a shorter input if it still fails.
    fn take(&mut self, input: Vec<u8>) -> bool {
        if input.len() >= self.best.len() || self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        let fails = (self.fails)(&input);
        if fails {
            self.best = input;
        }
        fails
    }

    /// Removes the fields and entries of a document, one by one.
    fn fields(&mut self) {
        let mut place = 0;
        while let Ok(document) = serde_json::from_slice::<Value>(&self.best) {
            let mut shorter = document;
            if !remove(&mut shorter, &mut place.clone()) {
                return;
            }
            if !self.take(shorter.to_string().into_bytes()) {
                place += 1;
            }
            if self.tries == 0 {
                return;
            }
        }
    }

    /// Removes runs of bytes, shorter and shorter ones.
    fn bytes(&mut self) {
        let mut length = self.best.len() / 2;
        while length > 0 {
            let mut at = 0;
            while at < self.best.len() && self.tries > 0 {
                let end = (at + length).min(self.best.len());
                let shorter = [&self.best[..at], &self.best[end..]].concat();
                if !self.take(shorter) {
                    at += length;
                }
            }
            length /= 2;
        }
    }
}

/// Removes the field or entry that is `rest` further on. `false`: there are not so many.
fn remove(value: &mut Value, rest: &mut usize) -> bool {
    match value {
        Value::Array(entries) => {
            for place in 0..entries.len() {
                if *rest == 0 {
                    entries.remove(place);
                    return true;
                }
                *rest -= 1;
                if remove(&mut entries[place], rest) {
                    return true;
                }
            }
        }
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            for name in names {
                if *rest == 0 {
                    fields.remove(&name);
                    return true;
                }
                *rest -= 1;
                if remove(&mut fields[&name], rest) {
                    return true;
                }
            }
        }
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fails_is_left() {
        let input = br#"{"a": [1, 2, {"bad": "xx7yy"}], "b": {"c": "d"}}"#;
        let smallest = smallest(input, 5_000, |bytes| bytes.contains(&b'7'));
        assert_eq!(smallest, b"7");
        // A document with a field that must stay.
        let fails = |bytes: &[u8]| {
            let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
            document.pointer("/a/2/bad").is_some()
        };
        let smallest = super::smallest(input, 5_000, fails);
        let smallest = String::from_utf8(smallest).unwrap();
        assert_eq!(
            smallest.len(),
            r#"{"a":[1,2,{"bad":""}]}"#.len(),
            "{smallest}"
        );
    }
}
