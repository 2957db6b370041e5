//! The task of a run of reconcile, and the facts that a person needs before it begins.

use aws::environment::{Environment, EnvironmentError};
use serde_json::{Map, Value, json};
use spillway::Millis;
use spillway::lane::source::Source;
use spillway::reconcile::scope::{Outside, Scope, days};

use crate::shown::object_quoted;
use crate::time::{moment, span};

const DAY: Millis = 86_400_000;

/// How the pipeline's reconcile is configured.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The sources with objects that it can compare.
    pub sources: Vec<Source>,
    pub retention_days: u32,
    pub min_age: Millis,
}

impl Configured {
    /// Reads it from the function's variables.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let mut environment = Environment::new(lookup);
        let lanes = environment.lanes();
        let configured = Self {
            sources: environment.sources(&lanes),
            retention_days: environment.days("SPILLWAY_RETENTION_DAYS"),
            min_age: environment
                .seconds("SPILLWAY_RECONCILE_MIN_AGE_SECONDS", 0)
                .as_millis() as Millis,
        };
        environment.finish()?;
        Ok(configured)
    }
}

/// The request of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `<bucket>/<prefix>`, or `<bucket>/<key>` of one object.
    pub places: Vec<String>,
    pub since: Option<Millis>,
    pub until: Option<Millis>,
    pub dry_run: bool,
    /// An age in place of the configured one.
    pub min_age: Option<Millis>,
    /// An S3 inventory's manifest, as `<bucket>/<key>`; with one place, which is its bucket.
    pub inventory: Option<String>,
}

/// A run that can begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The input of the state machine.
    pub input: Value,
    /// Facts for the person to know.
    pub notes: Vec<String>,
}

/// Plans a run over buckets. `Err`: it would find nothing, and why.
pub fn plan(
    pipeline: &str,
    configured: &Configured,
    asked: &Asked,
    now: Millis,
) -> Result<Plan, String> {
    let mut notes = Vec::new();
    let mut list = Vec::new();
    for place in &asked.places {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let of_bucket: Vec<&Source> = configured
            .sources
            .iter()
            .filter(|source| source.bucket.as_deref() == Some(bucket))
            .collect();
        if of_bucket.is_empty() {
            return Err(format!(
                "reconcile of {pipeline} may not list {bucket}: name the bucket's key in reconcile.list.buckets of the module, and apply. \
                 Sources with events, reasons or sizes of their own, and topics, cannot be listed"
            ));
        }
        let prefixes: Vec<&str> = of_bucket
            .iter()
            .map(|source| source.prefix.as_deref().unwrap_or_default())
            .collect();
        let covered = prefixes
            .iter()
            .any(|source| prefix.starts_with(source) || source.starts_with(prefix));
        if !covered {
            return Err(format!(
                "no source of {pipeline} takes in s3://{place}: those of {bucket} have the prefixes {}",
                prefixes.join(", ")
            ));
        }
        let mut entry = Map::new();
        entry.insert("bucket".into(), bucket.into());
        match &asked.inventory {
            None => drop(entry.insert("prefix".into(), prefix.into())),
            Some(inventory) => {
                let (bucket, key) = inventory.split_once('/').unwrap_or_default();
                entry.insert("inventory".into(), json!({"bucket": bucket, "key": key}));
            }
        }
        for (name, time) in [("from", asked.since), ("to", asked.until)] {
            if let Some(time) = time {
                entry.insert(name.into(), moment(time).into());
            }
        }
        if let Some(min_age) = asked.min_age {
            entry.insert("min_age_seconds".into(), (min_age / 1_000).into());
        }
        if asked.dry_run {
            entry.insert("dry_run".into(), true.into());
        }
        list.push(Value::Object(entry));
    }
    let min_age = asked.min_age.unwrap_or(configured.min_age);
    let young = now - min_age;
    if min_age > 0 && asked.until.is_none_or(|until| until > young) {
        notes.push(format!(
            "objects younger than {} are left out (min_age_seconds): their events can be under way; --min-age 0m takes them in",
            span(min_age)
        ));
    }
    let old = now - Millis::from(configured.retention_days.saturating_sub(1)) * DAY;
    if asked.since.is_none_or(|since| since < old) {
        notes.push(format!(
            "objects from before {} are left out: the ledger remembers {} days, and could have forgotten that they were processed",
            moment(old),
            configured.retention_days
        ));
    }
    Ok(Plan {
        input: json!({"list": list}),
        notes,
    })
}

/// Returns why nothing can be asked of a reconcile that is off.
pub fn off(pipeline: &str) -> String {
    format!("reconcile is off in {pipeline}: set reconcile.enabled in the module, and apply")
}

/// Returns the command that settles one object. `young`: although it is younger than configured.
pub fn settling_by(pipeline: &str, object: &str, young: bool) -> String {
    let young = if young { " --min-age 0m" } else { "" };
    format!(
        "spillway -p {pipeline} reconcile --object {}{young}",
        object_quoted(object)
    )
}

/// Returns the command that settles the state of an object; `modified`: its time, if it is known.
/// `Err`: the reason why none does.
pub fn settling(
    pipeline: &str,
    configured: &Configured,
    object: &str,
    modified: Option<Millis>,
    now: Millis,
) -> Result<String, String> {
    let asked = Asked {
        places: vec![object.to_owned()],
        ..Asked::default()
    };
    plan(pipeline, configured, &asked, now)?;
    let scope = Scope {
        now,
        min_age: configured.min_age,
        retention: days(configured.retention_days),
        from: None,
        to: None,
    };
    let young = match modified.map(|modified| scope.leaves(modified)) {
        Some(Some(Outside::TooOld)) => {
            return Err(format!(
                "the object is older than the ledger remembers ({} days). Upload it again, or copy it onto itself",
                configured.retention_days
            ));
        }
        Some(outside) => outside == Some(Outside::TooYoung),
        None => configured.min_age > 0,
    };
    Ok(settling_by(pipeline, object, young))
}

/// Returns the cost of a run in dollars, at the prices of us-east-1: `docs/operate/backfill.md` has
/// the numbers.
pub fn cost(listed: f64, unknown: f64) -> f64 {
    let per_known = (0.06 + 0.005 + 0.13 + 0.10) / 1e6;
    let per_unknown = (0.40 + 0.63) / 1e6;
    listed * per_known + unknown * per_unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_795_341_600_000;

    fn configured() -> Configured {
        let lanes = r#"[{"name": "default", "queue_url": "q", "dead_letter_queue_url": "d", "priority": 1, "min_share": 0}]"#;
        Configured::read(&|name| {
            let value = match name {
                "SPILLWAY_LANES" => lanes,
                "SPILLWAY_SOURCES" => {
                    r#"[{"bucket": "uploads", "prefix": "status/", "lane": "default"}]"#
                }
                "SPILLWAY_RETENTION_DAYS" => "90",
                "SPILLWAY_RECONCILE_MIN_AGE_SECONDS" => "86400",
                _ => return None,
            };
            Some(value.to_owned())
        })
        .unwrap()
    }

    fn asked(place: &str) -> Asked {
        Asked {
            places: vec![place.into()],
            ..Asked::default()
        }
    }

    #[test]
    fn a_run_says_what_it_leaves_out() {
        let plan = plan("p", &configured(), &asked("uploads/status/2026/"), NOW).unwrap();
        assert_eq!(
            plan.input,
            json!({"list": [{"bucket": "uploads", "prefix": "status/2026/"}]})
        );
        assert!(
            plan.notes[0].contains("younger than 1 d are left out (min_age_seconds)"),
            "{:?}",
            plan.notes
        );
        assert!(
            plan.notes[1].contains("before 2026-08-25T10:00:00Z are left out"),
            "{:?}",
            plan.notes
        );
        let bounded = Asked {
            since: Some(NOW - 3 * DAY),
            until: Some(NOW - 2 * DAY),
            dry_run: true,
            ..asked("uploads/")
        };
        let bounded = super::plan("p", &configured(), &bounded, NOW).unwrap();
        assert!(bounded.notes.is_empty());
        let expected = json!({"bucket": "uploads", "prefix": "", "from": "2026-11-19T10:00:00Z", "to": "2026-11-20T10:00:00Z", "dry_run": true});
        assert_eq!(bounded.input["list"][0], expected);
    }

    #[test]
    fn the_least_age_is_overridden_for_one_run() {
        let asked = Asked {
            min_age: Some(0),
            since: Some(NOW - DAY),
            ..asked("uploads/status/")
        };
        let plan = plan("p", &configured(), &asked, NOW).unwrap();
        assert_eq!(
            (&plan.input["list"][0]["min_age_seconds"], plan.notes.len()),
            (&json!(0), 0)
        );
    }

    #[test]
    fn what_it_may_not_read_is_said_before_it_begins() {
        let refused = |place: &str| plan("p", &configured(), &asked(place), NOW).unwrap_err();
        assert!(
            refused("others/")
                .contains("may not list others: name the bucket's key in reconcile.list.buckets")
        );
        assert!(
            refused("uploads/reports/").contains("no source of p takes in s3://uploads/reports/")
        );
    }

    #[test]
    fn the_command_that_settles_an_object_is_one_that_works() {
        let by = |object: &str, age: Option<Millis>| {
            settling("p", &configured(), object, age.map(|age| NOW - age), NOW)
        };
        let plain = "spillway -p p reconcile --object 's3://uploads/status/7.json'".to_owned();
        let young = format!("{plain} --min-age 0m");
        assert_eq!(by("uploads/status/7.json", Some(DAY)), Ok(plain));
        assert_eq!(
            by("uploads/status/7.json", Some(DAY - 1)),
            Ok(young.clone())
        );
        assert_eq!(by("uploads/status/7.json", None), Ok(young));
        let old = by("uploads/status/7.json", Some(90 * DAY)).unwrap_err();
        assert!(
            old.contains("older than the ledger remembers (90 days)"),
            "{old}"
        );
        let others = by("others/7.json", Some(DAY)).unwrap_err();
        assert!(others.contains("may not list others"), "{others}");
    }

    #[test]
    fn an_inventory_has_no_prefix() {
        let inventory = Asked {
            inventory: Some("inventories/uploads/all/2026-11-22T01-00Z/manifest.json".into()),
            ..asked("uploads/")
        };
        let plan = plan("p", &configured(), &inventory, NOW).unwrap();
        let entry = &plan.input["list"][0];
        assert_eq!(entry.get("prefix"), None);
        assert_eq!(
            entry["inventory"]["key"],
            "uploads/all/2026-11-22T01-00Z/manifest.json"
        );
    }

    #[test]
    fn a_million_unknown_objects_cost_more_than_a_million_known_ones() {
        assert!((cost(1e6, 0.0) - 0.295).abs() < 1e-9);
        assert!((cost(1e6, 1e6) - 1.325).abs() < 1e-9);
    }
}
