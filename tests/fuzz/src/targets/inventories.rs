//! Inventories: the manifest names the columns, and every line of its CSV files becomes an item,
//! all of its fields texts.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>
//!
//! An input is `{"manifest": {...}, "lines": "..."}`. Step Functions reads both; this does it in
//! its place.

use serde_json::{Map, Value};
use spillway::reconcile::listing;

use super::items::{self, BUCKET};
use crate::target::{Seen, Target};

pub(crate) const TARGET: Target = Target {
    name: "inventories",
    corpus: "inventories",
    read,
    check,
};

fn read(input: &[u8]) {
    for item in items_of(input).unwrap_or_default() {
        let _ = listing::read(BUCKET, &item);
    }
}

fn check(input: &[u8]) -> Seen {
    let Some(items) = items_of(input) else {
        return Seen::Refused("no inventory".into());
    };
    let seen: Vec<Seen> = items.iter().map(items::item_of).collect();
    // The answer to the first refused line; else to the last one.
    let refused = seen.iter().find(|seen| !seen.is_understood());
    let told = refused.or(seen.last()).cloned();
    told.unwrap_or(Seen::Refused("no lines".into()))
}

fn items_of(input: &[u8]) -> Option<Vec<Value>> {
    let inventory: Value = serde_json::from_slice(input).ok()?;
    let columns = inventory.pointer("/manifest/fileSchema")?.as_str()?;
    let columns: Vec<&str> = columns.split(',').map(str::trim).collect();
    let lines = inventory["lines"].as_str()?.lines();
    let item = |line: &str| -> Value {
        let fields = columns.iter().zip(fields(line));
        let named = fields.map(|(column, field)| ((*column).to_owned(), Value::String(field)));
        Value::Object(named.collect::<Map<_, _>>())
    };
    Some(lines.filter(|line| !line.is_empty()).map(item).collect())
}

/// Returns the fields of a CSV line: in quotes, in which a quote is written twice.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_its_commas() {
        assert_eq!(fields(r#""a","b,""c""","""#), ["a", "b,\"c\"", ""]);
        assert_eq!(fields("a,,b"), ["a", "", "b"]);
    }
}
