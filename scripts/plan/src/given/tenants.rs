//! The tenants of a plan: their bound, and the names of those that upload.

use std::collections::HashMap;

use spillway::event::tenant::By;
use spillway::pace::tenants::TenantBound;

use super::arriving::Whose;
use super::wrong::Wrong;

/// Tenants as the module bounds them, with the text that says how a key tells its tenant.
#[derive(Debug, Clone)]
pub struct Tenants {
    pub by: String,
    pub bound: TenantBound,
}

impl Default for Tenants {
    /// Returns the smallest bound, of tenants that are the first segments of keys.
    fn default() -> Self {
        Self {
            by: "1".to_owned(),
            bound: TenantBound {
                by: By::Segment(1),
                max_concurrency: 1,
            },
        }
    }
}

impl Tenants {
    /// Reads the module's numbers. `name`: of the input that gives them.
    pub fn new(by: &str, max_concurrency: u32, name: &str) -> Result<Self, Wrong> {
        if max_concurrency == 0 {
            return Err(Wrong::new(format!(
                "{name}: give max_concurrency=1 or more, or pause the pipeline"
            )));
        }
        let parsed = By::parse(by);
        let parsed = parsed.map_err(|error| Wrong::new(format!("{name}: by {error}")))?;
        Ok(Self {
            by: by.to_owned(),
            bound: TenantBound {
                by: parsed,
                max_concurrency,
            },
        })
    }
}

/// Sets the tenants of a pipeline: `max_concurrency=5`, `by=2`, both of them, or `none`.
pub fn set(tenants: &mut Option<Tenants>, given: &str) -> Result<(), Wrong> {
    const NAME: &str = "--tenants";
    if given == "none" {
        *tenants = None;
        return Ok(());
    }
    let (mut by, mut max_concurrency) = match &*tenants {
        Some(tenants) => (tenants.by.clone(), Some(tenants.bound.max_concurrency)),
        None => (Tenants::default().by, None),
    };
    const NUMBER: &str = "max_concurrency=";
    // A pattern can have a comma, so it has all of the text before or behind the number.
    let (number, pattern) = match given.strip_prefix("by=") {
        Some(by) => match by.rsplit_once(",max_concurrency=") {
            Some((pattern, number)) => (Some(number), Some(pattern)),
            None => (None, Some(by)),
        },
        None => match given.split_once(",by=") {
            Some((first, pattern)) => (first.strip_prefix(NUMBER).or(Some("")), Some(pattern)),
            None => (given.strip_prefix(NUMBER).or(Some("")), None),
        },
    };
    if let Some(pattern) = pattern {
        by = pattern.to_owned();
    }
    if let Some(number) = number {
        let number = number.replace('_', "").parse().ok();
        max_concurrency = Some(number.ok_or_else(|| {
            Wrong::new(format!(
                "{NAME} {given}: give max_concurrency=5, the executions of one tenant at once, or none; and by=2 beside it"
            ))
        })?);
    }
    let max_concurrency = max_concurrency.ok_or_else(|| {
        Wrong::new(format!(
            "{NAME} {given}: give max_concurrency too, such as max_concurrency=5,by=2"
        ))
    })?;
    *tenants = Some(Tenants::new(&by, max_concurrency, NAME)?);
    Ok(())
}

/// Tenants that upload, each by its number, from 1 on.
#[derive(Debug, Default)]
pub struct Named {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

/// The tenants of uploads, one after the other.
#[derive(Debug)]
pub struct InTurn {
    all: Vec<u32>,
    next: usize,
}

impl Named {
    /// Returns the number of a tenant.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        self.names.push(name.to_owned());
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Returns the tenants of an option's uploads.
    pub fn of(&mut self, whose: &Whose) -> InTurn {
        let all = match whose {
            Whose::Nobody => vec![0],
            Whose::One(name) => vec![self.number(name)],
            Whose::Several(several) => (1..=*several)
                .map(|number| self.number(&format!("tenant-{number}")))
                .collect(),
        };
        InTurn { all, next: 0 }
    }

    /// Returns their names, in the order of their numbers.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }
}

impl InTurn {
    /// Returns the tenant of the next upload.
    pub fn upload(&mut self) -> u32 {
        let tenant = self.all.get(self.next).copied().unwrap_or_default();
        self.next = (self.next + 1) % self.all.len().max(1);
        tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_all(given: &[&str]) -> Result<Option<(String, u32)>, String> {
        let mut tenants = None;
        for text in given {
            set(&mut tenants, text).map_err(|wrong| wrong.to_string())?;
        }
        Ok(tenants.map(|it| (it.by, it.bound.max_concurrency)))
    }

    #[test]
    fn a_bound_is_given_by_the_modules_names() {
        let bound = |by: &str, max: u32| Ok(Some((by.to_owned(), max)));
        assert_eq!(set_all(&["max_concurrency=5"]), bound("1", 5));
        assert_eq!(set_all(&["max_concurrency=5,by=2"]), bound("2", 5));
        let pattern = "by=^in/([a-z]{1,9})/";
        assert_eq!(
            set_all(&["max_concurrency=1_000", pattern]),
            bound("^in/([a-z]{1,9})/", 1_000)
        );
        assert_eq!(set_all(&["max_concurrency=5", "none"]), Ok(None));
        for (given, part) in [
            ("5", "give max_concurrency=5"),
            ("by=2", "give max_concurrency too"),
            ("max_concurrency=0", "give max_concurrency=1 or more"),
            ("max_concurrency=5,by=0", "segment 0 is none"),
            ("max_concurrency=5,by=in/", "has 0 groups"),
        ] {
            let told = set_all(&[given]).unwrap_err();
            assert!(told.contains(part), "{given}: {told}");
        }
    }

    #[test]
    fn several_tenants_take_turns_and_one_name_is_one_tenant() {
        let mut named = Named::default();
        let mut several = named.of(&Whose::Several(2));
        let uploads: Vec<u32> = (0..5).map(|_| several.upload()).collect();
        assert_eq!(uploads, [1, 2, 1, 2, 1]);
        assert_eq!(named.of(&Whose::One("acme".into())).upload(), 3);
        assert_eq!(named.of(&Whose::One("tenant-2".into())).upload(), 2);
        assert_eq!(named.of(&Whose::Nobody).upload(), 0);
        assert_eq!(named.into_names(), ["tenant-1", "tenant-2", "acme"]);
    }
}
