//! Update expressions. Every attribute goes by a placeholder, so that none collides with DynamoDB's reserved words.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::Item;

/// An update expression, its condition, and what they name.
#[derive(Debug, Default)]
pub struct Update {
    set: Vec<String>,
    /// Attribute and placeholder of what is set to a value, whatever it was.
    assigned: Vec<(String, String)>,
    remove: Vec<String>,
    removed: Vec<String>,
    add: Vec<String>,
    condition: Vec<String>,
    /// Attribute and placeholder of what must have a value.
    equal: Vec<(String, String)>,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Update {
    fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#{attribute}");
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Sets an attribute.
    pub fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.set.push(format!("{name} = {value}"));
        self.assigned.push((attribute.to_owned(), value));
        self
    }

    /// Sets an attribute, or removes it when there is no value.
    pub fn set_or_remove(self, attribute: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self.remove(attribute),
        }
    }

    /// Sets an attribute unless it is there already.
    pub fn set_if_absent(mut self, attribute: &str, value: AttributeValue) -> Self {
        let name = self.name(attribute);
        let assignment = format!("{name} = if_not_exists({name}, {})", self.value(value));
        self.set.push(assignment);
        self
    }

    /// Adds to a number, which is 0 when absent.
    pub fn add(mut self, attribute: &str, value: AttributeValue) -> Self {
        let addition = format!("{} {}", self.name(attribute), self.value(value));
        self.add.push(addition);
        self
    }

    pub fn remove(mut self, attribute: &str) -> Self {
        let name = self.name(attribute);
        self.remove.push(name);
        self.removed.push(attribute.to_owned());
        self
    }

    /// Adds a condition that an attribute has this value.
    pub fn only_if(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(attribute), self.value(value));
        self.condition.push(format!("{name} = {value}"));
        self.equal.push((attribute.to_owned(), value));
        self
    }

    /// Adds a condition that an attribute is absent or has this value.
    pub fn only_if_absent_or(mut self, attribute: &str, value: AttributeValue) -> Self {
        let (attribute, value) = (self.name(attribute), self.value(value));
        self.condition.push(format!(
            "(attribute_not_exists({attribute}) OR {attribute} = {value})"
        ));
        self
    }

    /// Adds a condition that there is no such item.
    pub fn only_if_absent(mut self) -> Self {
        self.condition.push("attribute_not_exists(pk)".to_owned());
        self
    }

    /// Adds a condition that there is such an item.
    pub fn only_if_present(mut self) -> Self {
        self.condition.push("attribute_exists(pk)".to_owned());
        self
    }

    /// Adds a condition that an attribute is absent, below `bound`, or equal to `own`.
    pub fn only_if_absent_below_or(
        mut self,
        (attribute, own): (&str, AttributeValue),
        (bounded, bound): (&str, AttributeValue),
    ) -> Self {
        let (attribute, own) = (self.name(attribute), self.value(own));
        let (bounded, bound) = (self.name(bounded), self.value(bound));
        self.condition.push(format!(
            "(attribute_not_exists({attribute}) OR {attribute} = {own} OR {bounded} < {bound})"
        ));
        self
    }

    /// The update expression.
    pub fn expression(&self) -> String {
        let clause = |keyword: &str, parts: &[String]| {
            if parts.is_empty() {
                String::new()
            } else {
                format!("{keyword} {}", parts.join(", "))
            }
        };
        let clauses = [
            clause("SET", &self.set),
            clause("REMOVE", &self.remove),
            clause("ADD", &self.add),
        ];
        clauses.join(" ").trim().to_owned()
    }

    /// What it makes of an item that has no attributes yet but those of its key.
    pub fn of_nothing(mut self) -> Item {
        let assigned = std::mem::take(&mut self.assigned);
        assigned
            .into_iter()
            .filter_map(|(attribute, value)| Some((attribute, self.values.remove(&value)?)))
            .collect()
    }

    /// The same in PartiQL: the changes, the attributes that must have a value, and all values in this order. `None`: there
    /// is more to it than assignments, removals and equalities.
    pub fn statement(mut self) -> Option<(String, Vec<String>, Vec<AttributeValue>)> {
        if self.assigned.len() < self.set.len()
            || !self.add.is_empty()
            || self.equal.len() < self.condition.len()
        {
            return None;
        }
        let sets = self
            .assigned
            .iter()
            .map(|(name, _)| format!("SET \"{name}\" = ?"));
        let removes = self.removed.iter().map(|name| format!("REMOVE \"{name}\""));
        let changes: Vec<String> = sets.chain(removes).collect();
        let marks = self.assigned.iter().chain(&self.equal);
        let values = marks.map(|(_, value)| self.values.remove(value));
        let values = values.collect::<Option<_>>()?;
        let conditions = self.equal.into_iter().map(|(name, _)| name).collect();
        Some((changes.join(" "), conditions, values))
    }

    /// The condition expression.
    pub fn condition(&self) -> Option<String> {
        (!self.condition.is_empty()).then(|| self.condition.join(" AND "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::{number, text};
    use super::*;

    #[test]
    fn every_attribute_goes_by_a_placeholder() {
        let update = Update::default()
            .set("state", text("STARTED"))
            .set_or_remove("size", None)
            .set_if_absent("since", number(7))
            .add("count", number(2))
            .only_if("state", text("RETRY"))
            .only_if_present();
        assert_eq!(
            update.expression(),
            "SET #state = :v0, #since = if_not_exists(#since, :v1) REMOVE #size ADD #count :v2"
        );
        assert_eq!(
            update.condition().unwrap(),
            "#state = :v3 AND attribute_exists(pk)"
        );
        assert_eq!(update.names.len(), 4);
        assert_eq!(update.values.len(), 4);
        assert_eq!(
            update.of_nothing(),
            Item::from([("state".to_owned(), text("STARTED"))])
        );
    }
}
