//! Update expressions. Every attribute goes by a placeholder, so that none collides with DynamoDB's
//! reserved words.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The changes of an item, and their conditions.
#[derive(Debug, Default)]
pub struct Update<'a> {
    changes: Vec<Change<'a>>,
    conditions: Vec<Condition<'a>>,
}

#[derive(Debug)]
enum Change<'a> {
    Set(&'a str, AttributeValue),
    SetIfAbsent(&'a str, AttributeValue),
    Remove(&'a str),
    Add(&'a str, AttributeValue),
}

#[derive(Debug)]
enum Condition<'a> {
    ItemAbsent,
    ItemPresent,
    Is(&'a str, AttributeValue),
    IsAbsent(&'a str),
    /// The attribute is absent or has this value, or the other one is below its bound.
    AbsentOrBelow {
        own: (&'a str, AttributeValue),
        bound: (&'a str, AttributeValue),
    },
}

impl<'a> Update<'a> {
    fn change(mut self, change: Change<'a>) -> Self {
        self.changes.push(change);
        self
    }

    fn only(mut self, condition: Condition<'a>) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Sets an attribute.
    pub fn set(self, attribute: &'a str, value: AttributeValue) -> Self {
        self.change(Change::Set(attribute, value))
    }

    /// Sets an attribute, or removes it when there is no value.
    pub fn set_or_remove(self, attribute: &'a str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self.remove(attribute),
        }
    }

    /// Sets an attribute unless it is there already.
    pub fn set_if_absent(self, attribute: &'a str, value: AttributeValue) -> Self {
        self.change(Change::SetIfAbsent(attribute, value))
    }

    /// Adds to a number, which is 0 when absent.
    pub fn add(self, attribute: &'a str, value: AttributeValue) -> Self {
        self.change(Change::Add(attribute, value))
    }

    pub fn remove(self, attribute: &'a str) -> Self {
        self.change(Change::Remove(attribute))
    }

    /// Adds a condition that an attribute has this value.
    pub fn only_if(self, attribute: &'a str, value: AttributeValue) -> Self {
        self.only(Condition::Is(attribute, value))
    }

    /// Adds a condition that an attribute has this value, or is absent when there is none.
    pub fn only_if_still(self, attribute: &'a str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.only_if(attribute, value),
            None => self.only(Condition::IsAbsent(attribute)),
        }
    }

    /// Adds a condition that there is no such item.
    pub fn only_if_absent(self) -> Self {
        self.only(Condition::ItemAbsent)
    }

    /// Adds a condition that there is such an item.
    pub fn only_if_present(self) -> Self {
        self.only(Condition::ItemPresent)
    }

    /// Adds a condition that an attribute is absent or equal to `own`, or that another is below
    /// `bound`.
    pub fn only_if_absent_below_or(
        self,
        own: (&'a str, AttributeValue),
        bound: (&'a str, AttributeValue),
    ) -> Self {
        self.only(Condition::AbsentOrBelow { own, bound })
    }

    /// Returns the update as expressions.
    pub fn expressions(self) -> Expressions {
        let mut named = Expressions::default();
        let [mut set, mut remove, mut add] = [const { Vec::new() }; 3];
        for change in self.changes {
            match change {
                Change::Set(attribute, value) => {
                    let (name, value) = named.both(attribute, value);
                    set.push(format!("{name} = {value}"));
                }
                Change::SetIfAbsent(attribute, value) => {
                    let (name, value) = named.both(attribute, value);
                    set.push(format!("{name} = if_not_exists({name}, {value})"));
                }
                Change::Remove(attribute) => remove.push(named.name(attribute)),
                Change::Add(attribute, value) => {
                    let (name, value) = named.both(attribute, value);
                    add.push(format!("{name} {value}"));
                }
            }
        }
        let clauses = [("SET", set), ("REMOVE", remove), ("ADD", add)];
        let clauses: Vec<String> = clauses
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(keyword, parts)| format!("{keyword} {}", parts.join(", ")))
            .collect();
        named.update = clauses.join(" ");
        let conditions = self.conditions.into_iter();
        let conditions: Vec<String> = conditions.map(|it| named.condition_of(it)).collect();
        named.condition = Some(conditions.join(" AND ")).filter(|text| !text.is_empty());
        named
    }

    /// Returns the attributes that it gives to an item that has only its key.
    pub fn of_nothing(self) -> Vec<(&'a str, AttributeValue)> {
        let changes = self.changes.into_iter();
        changes
            .filter_map(|change| match change {
                Change::Set(attribute, value)
                | Change::SetIfAbsent(attribute, value)
                | Change::Add(attribute, value) => Some((attribute, value)),
                Change::Remove(_) => None,
            })
            .collect()
    }

    /// Returns the update in PartiQL, in three parts. The changes come first, each with a space
    /// after it, then the attributes that must have a value, then all values in this order. Returns
    /// `None` if it has more than assignments, removals and equalities.
    pub fn statement(self) -> Option<(String, Vec<&'a str>, Vec<AttributeValue>)> {
        let (mut text, mut removes) = (String::new(), String::new());
        let mut values = Vec::with_capacity(self.changes.len() + self.conditions.len());
        for change in self.changes {
            match change {
                Change::Set(attribute, value) => {
                    text.extend(["SET \"", attribute, "\" = ? "]);
                    values.push(value);
                }
                Change::Remove(attribute) => removes.extend(["REMOVE \"", attribute, "\" "]),
                Change::SetIfAbsent(..) | Change::Add(..) => return None,
            }
        }
        text.push_str(&removes);
        let mut equal = Vec::with_capacity(self.conditions.len());
        for condition in self.conditions {
            let Condition::Is(attribute, value) = condition else {
                return None;
            };
            equal.push(attribute);
            values.push(value);
        }
        Some((text, equal, values))
    }
}

/// An update expression, its condition, and the names and values in both.
#[derive(Debug, Default)]
pub struct Expressions {
    pub update: String,
    pub condition: Option<String>,
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
}

impl Expressions {
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

    fn both(&mut self, attribute: &str, value: AttributeValue) -> (String, String) {
        (self.name(attribute), self.value(value))
    }

    fn condition_of(&mut self, condition: Condition<'_>) -> String {
        match condition {
            Condition::ItemAbsent => "attribute_not_exists(pk)".to_owned(),
            Condition::ItemPresent => "attribute_exists(pk)".to_owned(),
            Condition::Is(attribute, value) => {
                let (name, value) = self.both(attribute, value);
                format!("{name} = {value}")
            }
            Condition::IsAbsent(attribute) => {
                format!("attribute_not_exists({})", self.name(attribute))
            }
            Condition::AbsentOrBelow { own, bound } => {
                let (name, value) = self.both(own.0, own.1);
                let (bounded, bound) = self.both(bound.0, bound.1);
                format!("(attribute_not_exists({name}) OR {name} = {value} OR {bounded} < {bound})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::{number, text};
    use super::*;

    #[test]
    fn every_attribute_goes_by_a_placeholder() {
        let update = || {
            Update::default()
                .set("state", text("STARTED"))
                .set_or_remove("size", None)
                .add("count", number(2))
                .only_if("state", text("RETRY"))
        };
        let expressions = update()
            .set_if_absent("since", number(7))
            .only_if_present()
            .expressions();
        assert_eq!(
            expressions.update,
            "SET #state = :v0, #since = if_not_exists(#since, :v2) REMOVE #size ADD #count :v1"
        );
        assert_eq!(
            expressions.condition.unwrap(),
            "#state = :v3 AND attribute_exists(pk)"
        );
        assert_eq!(expressions.names.len(), 4);
        assert_eq!(expressions.values.len(), 4);
        assert_eq!(
            update().of_nothing(),
            [("state", text("STARTED")), ("count", number(2))]
        );
    }

    #[test]
    fn without_conditions_there_is_no_condition() {
        let expressions = Update::default().remove("pending").expressions();
        assert_eq!(expressions.update, "REMOVE #pending");
        assert_eq!(expressions.condition, None);
    }

    #[test]
    fn conditions_read_as_they_are_meant() {
        let update = Update::default()
            .only_if_absent()
            .only_if_absent_below_or(("holder", text("me")), ("expires_at", number(9)))
            .only_if_still("day", Some(number(7)))
            .only_if_still("owed", None);
        assert_eq!(
            update.expressions().condition.unwrap(),
            "attribute_not_exists(pk) AND \
             (attribute_not_exists(#holder) OR #holder = :v0 OR #expires_at < :v1) AND \
             #day = :v2 AND attribute_not_exists(#owed)"
        );
    }
}
