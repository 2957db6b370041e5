//! Inputs that are meant to be slow: large ones, nearly all of which is one value at one place of a
//! document.

use std::collections::HashSet;
use std::io;

use serde_json::Value;

use crate::corpus;
use crate::target::Target;

/// A large value, in JSON: its begin and its end, and the part that is repeated between them.
struct Large<'a> {
    name: &'a str,
    begin: &'a str,
    again: &'a str,
    end: &'a str,
}

const fn large<'a>(name: &'a str, begin: &'a str, again: &'a str, end: &'a str) -> Large<'a> {
    Large {
        name,
        begin,
        again,
        end,
    }
}

const LARGE: &[Large<'_>] = &[
    large("letters", "\"", "a", "\""),
    large("escaped letters", "\"", "\\u0041", "\""),
    large("escaped pairs", "\"", "\\ud83d\\ude00", "\""),
    large("control characters", "\"", "\\u0001", "\""),
    large("quotes", "\"", "\\\"", "\""),
    large("percent signs", "\"", "%41", "\""),
    large("encoded characters", "\"", "%F0%9F%98%80", "\""),
    large("no encoding, at the end", "\"", "%41", "%4\""),
    large("pluses", "\"", "+", "\""),
    large("dates", "\"", "2026-12-24/", "\""),
    large("digits", "", "9", ""),
    large("decimals", "0.", "123", "e-9"),
    large("numbers", "[0", ",1", "]"),
    large("decimal numbers", "[0", ",1.5e300", "]"),
    large("texts", "[\"\"", ",\"a\"", "]"),
    large("objects", "[{}", ",{}", "]"),
    large("lists", "[[]", ",[]", "]"),
    large("deep lists", "", "[", ""),
    large("deep objects", "", "{\"a\":", ""),
    large("the same field", "{\"a\":0", ",\"a\":0", "}"),
    large("a document as text", "\"[0", ",{}", "]\""),
];

impl Large<'_> {
    fn of(&self, bytes: usize) -> String {
        let around = self.begin.len() + self.end.len();
        let times = bytes.saturating_sub(around) / self.again.len();
        self.begin.to_owned() + &self.again.repeat(times.max(1)) + self.end
    }
}

/// An input, and its origin.
pub struct Input {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Gives `take` every large value at every place of the inputs that a target understands, in place
/// of the value there. Each list also gets its first entry again and again. All are of about so
/// many bytes.
pub fn each(target: &Target, bytes: usize, mut take: impl FnMut(Input)) -> io::Result<()> {
    let mut known = HashSet::new();
    for sample in corpus::of(target)? {
        let document = serde_json::from_slice(&sample.bytes);
        let (Ok(document), Some(true)) = (document, sample.understood) else {
            continue;
        };
        for place in places(&document) {
            // Another document's value at the same place is taken the same way.
            if known.insert(place.clone()) {
                at_place(&document, &place, bytes, &mut take);
            }
        }
    }
    Ok(())
}

fn at_place(document: &Value, place: &[String], bytes: usize, take: &mut impl FnMut(Input)) {
    let there = if place.is_empty() {
        "the whole".to_owned()
    } else {
        place.join("/")
    };
    let around = with(document, place, "").len();
    let mut add = |what: &str, value: &dyn Fn(usize) -> String| {
        let mut room = bytes.saturating_sub(around);
        let mut text = with(document, place, &value(room));
        // A text within a text has more bytes there than here.
        while text.len() > bytes + bytes / 50 && room > 64 {
            room = room * bytes / text.len();
            text = with(document, place, &value(room));
        }
        take(Input {
            name: format!("{there}: {what}"),
            bytes: text.into_bytes(),
        });
    };
    for large in LARGE {
        add(large.name, &|bytes| large.of(bytes));
    }
    add("many fields", &fields);
    if let Some(Value::Array(entries)) = at(document, place)
        && let Some(entry) = entries.first()
    {
        let (begin, again) = (format!("[{entry}"), format!(",{entry}"));
        let large = large("its first entry", &begin, &again, "]");
        add(large.name, &|bytes| large.of(bytes));
    }
}

/// Returns an object with as many fields as fit, no two of one name.
fn fields(bytes: usize) -> String {
    let mut text = String::from("{\"\":0");
    let mut count = 0;
    while text.len() + 12 < bytes {
        // Not in the order of their names.
        text.push_str(&format!(",\"{:x}\":0", count * 7_919 % 65_537));
        count += 1;
    }
    text + "}"
}

/// A step into a text that is a document itself.
const INSIDE: &str = "(inside)";

/// Paths to all values of a document, that itself included.
fn places(value: &Value) -> Vec<Vec<String>> {
    let within: Vec<(String, Value)> = match value {
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (place.to_string(), entry.clone()))
            .collect(),
        Value::Object(fields) => fields.clone().into_iter().collect(),
        Value::String(text) => inside(text)
            .map(|document| (INSIDE.to_owned(), document))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    let mut all = vec![Vec::new()];
    for (step, value) in within {
        all.extend(places(&value).into_iter().map(|mut path| {
            path.insert(0, step.clone());
            path
        }));
    }
    all
}

fn inside(text: &str) -> Option<Value> {
    let document: Value = serde_json::from_str(text).ok()?;
    (document.is_object() || document.is_array()).then_some(document)
}

fn at(value: &Value, path: &[String]) -> Option<Value> {
    let Some((step, rest)) = path.split_first() else {
        return Some(value.clone());
    };
    match value {
        Value::Array(entries) => at(entries.get(step.parse::<usize>().ok()?)?, rest),
        Value::Object(fields) => at(fields.get(step)?, rest),
        Value::String(text) => at(&inside(text)?, rest),
        _ => None,
    }
}

/// Returns the document's text with `raw` instead of the value at a place.
fn with(value: &Value, path: &[String], raw: &str) -> String {
    let Some((step, rest)) = path.split_first() else {
        return raw.to_owned();
    };
    match value {
        Value::Array(entries) => {
            let entries = entries.iter().enumerate().map(|(place, entry)| {
                if place.to_string() == *step {
                    with(entry, rest, raw)
                } else {
                    entry.to_string()
                }
            });
            format!("[{}]", entries.collect::<Vec<_>>().join(","))
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let text = if name == step {
                    with(value, rest, raw)
                } else {
                    value.to_string()
                };
                format!("{}:{text}", Value::from(name.as_str()))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::String(text) => {
            let document = inside(text).unwrap_or_default();
            Value::from(with(&document, rest, raw)).to_string()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_place_has_every_large_value() {
        let document = json!({"a": [1], "b": "{\"c\": 2}"});
        let places = places(&document);
        let paths: Vec<String> = places.iter().map(|path| path.join("/")).collect();
        assert_eq!(paths, ["", "a", "a/0", "b", "b/(inside)", "b/(inside)/c"]);
        let bytes = 16 * 1_024;
        for place in &places {
            let mut inputs = Vec::new();
            at_place(&document, place, bytes, &mut |input| inputs.push(input));
            let list = place == &["a"];
            assert_eq!(inputs.len(), LARGE.len() + 1 + usize::from(list));
            for input in &inputs {
                let off = input.bytes.len().abs_diff(bytes);
                assert!(off < bytes / 20, "{}: {}", input.name, input.bytes.len());
            }
        }
        let within = with(&document, &places[5], "[\"\"]");
        let within: Value = serde_json::from_str(&within).unwrap();
        assert_eq!(within["b"], r#"{"c":[""]}"#);
    }
}
