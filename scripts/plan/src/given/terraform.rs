//! The pipeline of `terraform show -json`: of a plan, or of a state.
//! <https://developer.hashicorp.com/terraform/internals/json-format>

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use spillway::pace::Pace;
use spillway::rules::retry::RetryPolicy;

use super::adapting::{self, Adapting};
use super::pipeline::{Lane, Pipeline};
use super::tenants::Tenants;
use super::wrong::Wrong;
use crate::costs::Functions;

/// The contents of the module's resource `terraform_data.numbers`.
#[derive(Debug, Deserialize)]
struct Numbers {
    pipeline: String,
    /// Not in a plan before the first apply.
    region: Option<String>,
    architecture: String,
    dispatch_memory_mb: f64,
    settle_memory_mb: f64,
    ingest_memory_mb: f64,
    fifo: bool,
    schedule_enabled: bool,
    events_per_execution: u32,
    /// Missing while the plan's state machine is not known; 0: as long as it takes.
    execution_timeout_seconds: Option<u64>,
    order: String,
    starts_per_day: Option<u32>,
    idle: String,
    schedule: String,
    tick_seconds: u64,
    tenants: Option<OfTenants>,
    via: String,
    windows: Value,
    retry: Retry,
    pace: Rates,
    lanes: Vec<OneLane>,
}

#[derive(Debug, Deserialize)]
struct Retry {
    max_attempts: u32,
    backoff_seconds: Vec<u32>,
}

#[derive(Debug, Deserialize)]
struct Rates {
    max_concurrency: u32,
    starts_per_second: f64,
    starts_per_tick: Option<u32>,
    burst: u32,
    slot_partitions: u32,
    adapt: Option<adapting::Numbers>,
}

#[derive(Debug, Deserialize)]
struct OfTenants {
    by: String,
    max_concurrency: u32,
}

#[derive(Debug, Deserialize)]
struct OneLane {
    name: String,
    priority: u32,
    min_share: f64,
    max_concurrency: Option<u32>,
}

/// Reads the pipeline of that name, or the only one.
pub fn read(json: &str, file: &str, name: Option<&str>) -> Result<Pipeline, Wrong> {
    let plan: Value = serde_json::from_str(json).map_err(|error| {
        Wrong::new(format!(
            "{file} is not JSON ({error}): give the file that `terraform show -json PLAN > plan.json` writes"
        ))
    })?;
    let mut found = Vec::new();
    for place in ["planned_values", "values"] {
        if let Some(root) = plan.get(place).and_then(|it| it.get("root_module")) {
            collect(root, &mut found);
        }
    }
    let wrong = |error: &dyn std::fmt::Display| {
        Wrong::new(format!(
            "{file} has numbers that are not understood ({error}): take the `spillway` of the module's release"
        ))
    };
    let pipelines: Result<Vec<Numbers>, _> = found.into_iter().map(Numbers::deserialize).collect();
    let mut pipelines = pipelines.map_err(|error| wrong(&error))?;
    let names: Vec<String> = pipelines.iter().map(|it| it.pipeline.clone()).collect();
    pipelines.retain(|it| name.is_none_or(|name| it.pipeline == name));
    let numbers = match (pipelines.pop(), names.as_slice()) {
        (Some(numbers), _) if pipelines.is_empty() => numbers,
        (_, []) => {
            return Err(Wrong::new(format!(
                "{file} has no pipeline: write it with `terraform show -json PLAN > {file}`. PLAN is of a root module that calls this release of Spillway"
            )));
        }
        (None, names) => {
            return Err(Wrong::new(format!(
                "{file} has no pipeline of that name: there are {}",
                names.join(", ")
            )));
        }
        (_, names) => {
            return Err(Wrong::new(format!(
                "{file} has several pipelines: choose one by -p: {}",
                names.join(", ")
            )));
        }
    };
    let mut pipeline = numbers.into_pipeline(&wrong)?;
    pipeline.region = pipeline.region.or_else(|| region(&plan));
    Ok(pipeline)
}

/// Collects the contents of each `terraform_data.numbers`, of a module and of those below it.
fn collect<'a>(module: &'a Value, found: &mut Vec<&'a Value>) {
    for resource in list(module, "resources") {
        let input = resource.pointer("/values/input");
        // Somebody else's can have the same name.
        let ours = input.filter(|it| it.get("pipeline").is_some() && it.get("pace").is_some());
        if resource["type"] == "terraform_data" && resource["name"] == "numbers" {
            found.extend(ours);
        }
    }
    for child in list(module, "child_modules") {
        collect(child, found);
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

impl Numbers {
    fn into_pipeline(
        self,
        wrong: &dyn Fn(&dyn std::fmt::Display) -> Wrong,
    ) -> Result<Pipeline, Wrong> {
        let lane = |lane: OneLane| Lane {
            name: lane.name,
            priority: lane.priority,
            min_share: lane.min_share,
            max_concurrency: lane.max_concurrency,
        };
        let partitions = self.pace.slot_partitions.to_string();
        let mut pipeline = Pipeline {
            name: self.pipeline,
            region: self.region,
            pace: Pace {
                max_concurrency: self.pace.max_concurrency,
                starts_per_second: self.pace.starts_per_second,
                burst: self.pace.burst,
                starts_per_tick: self.pace.starts_per_tick,
                layout: partitions.parse().map_err(|error| wrong(&error))?,
            },
            adapt: match self.pace.adapt {
                Some(numbers) => Some(Adapting::new(numbers, "the plan's pace.adapt")?),
                None => None,
            },
            lanes: self.lanes.into_iter().map(lane).collect(),
            starts_per_day: self.starts_per_day,
            retry: RetryPolicy {
                max_attempts: self.retry.max_attempts,
                backoff_seconds: self.retry.backoff_seconds,
            },
            order: self.order.parse().map_err(|error| wrong(&error))?,
            events_per_execution: self.events_per_execution,
            way: self.via.parse().map_err(|error| wrong(&error))?,
            fifo: self.fifo,
            idle: self.idle.parse().map_err(|error| wrong(&error))?,
            tenants: match self.tenants {
                Some(of) => Some(Tenants::new(
                    &of.by,
                    of.max_concurrency,
                    "the plan's tenants",
                )?),
                None => None,
            },
            tick: Some(Duration::from_secs(self.tick_seconds)),
            schedule: schedule(&self.schedule)?,
            enabled: self.schedule_enabled,
            functions: Functions {
                dispatch_mb: self.dispatch_memory_mb,
                settle_mb: self.settle_memory_mb,
                ingest_mb: self.ingest_memory_mb,
                arm64: self.architecture == "arm64",
            },
            timeout: self
                .execution_timeout_seconds
                .filter(|it| *it > 0)
                .map(Duration::from_secs),
            ..Pipeline::default()
        };
        pipeline.set_windows(&self.windows.to_string(), "the plan's windows")?;
        Ok(pipeline)
    }
}

/// Returns the Region of the provider, if its configuration says it in plain text.
fn region(plan: &Value) -> Option<String> {
    let aws = plan
        .get("configuration")?
        .get("provider_config")?
        .get("aws")?;
    let region = aws
        .pointer("/expressions/region/constant_value")?
        .as_str()?;
    Some(region.to_owned())
}

/// Returns the time from one tick to the next: `rate(5 minutes)`. A tick by `cron` is planned as
/// one a minute.
fn schedule(expression: &str) -> Result<Duration, Wrong> {
    let Some(rate) = expression
        .strip_prefix("rate(")
        .and_then(|it| it.strip_suffix(')'))
    else {
        return Ok(Pipeline::default().schedule);
    };
    let wrong = || {
        Wrong::new(format!(
            "the plan's schedule {expression} is no rate: give one such as rate(1 minute), or take the numbers as options"
        ))
    };
    let (number, unit) = rate.split_once(' ').ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(number * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::Way;
    use serde_json::json;

    fn numbers(pipeline: &str) -> Value {
        json!({
            "pipeline": pipeline, "architecture": "x86_64", "dispatch_memory_mb": 512, "settle_memory_mb": 256,
            "ingest_memory_mb": 256, "fifo": false, "schedule_enabled": true,
            "events_per_execution": 1, "execution_timeout_seconds": 600, "order": "latest", "starts_per_day": null,
            "idle": "stop", "schedule": "rate(2 minutes)", "tick_seconds": 50, "via": "lambda",
            "windows": [{"name": "night", "priority": 1, "from": "20:00", "to": "24:00", "timezone": "UTC", "pause": true}],
            "retry": {"max_attempts": 5, "backoff_seconds": [1, 2]},
            "pace": {"max_concurrency": 7, "starts_per_second": 2.5, "starts_per_tick": null, "burst": 9, "slot_partitions": 1},
            "lanes": [
                {"name": "urgent", "priority": 1, "min_share": 0.2, "max_concurrency": null},
                {"name": "default", "priority": 2, "min_share": 0, "max_concurrency": 3},
            ],
        })
    }

    fn plan(pipelines: &[Value]) -> String {
        let resource = |input: &Value| json!({"type": "terraform_data", "name": "numbers", "values": {"input": input}});
        let other = json!({"type": "terraform_data", "name": "numbers", "values": {"input": 1}});
        let resources = pipelines.iter().map(resource).chain([other]);
        json!({
            "planned_values": {"root_module": {"child_modules": [{"resources": resources.collect::<Vec<_>>()}]}},
            "configuration": {"provider_config": {"aws": {"expressions": {"region": {"constant_value": "eu-central-1"}}}}},
        })
        .to_string()
    }

    #[test]
    fn the_numbers_of_the_module_are_the_pipeline() {
        let pipeline = read(&plan(&[numbers("reports")]), "plan.json", None).unwrap();
        assert_eq!(pipeline.name, "reports");
        assert_eq!(pipeline.region.as_deref(), Some("eu-central-1"));
        assert_eq!((pipeline.pace.max_concurrency, pipeline.pace.burst), (7, 9));
        assert_eq!(pipeline.retry.max_attempts, 5);
        assert_eq!(pipeline.retry.backoff_seconds, [1, 2]);
        assert_eq!(pipeline.schedule, Duration::from_secs(120));
        assert_eq!(pipeline.tick, Some(Duration::from_secs(50)));
        assert_eq!(pipeline.functions.dispatch_mb, 512.0);
        assert!(!pipeline.functions.arm64);
        assert_eq!(pipeline.way, Way::Lambda);
        let at_nine = pipeline.windows.in_force(21 * 3_600_000);
        assert!(at_nine.is_some_and(|it| it.pause));
        let bounds: Vec<_> = pipeline.lanes.iter().map(|it| it.max_concurrency).collect();
        assert_eq!(bounds, [None, Some(3)]);
        assert_eq!(pipeline.timeout, Some(Duration::from_secs(600)));
        assert!(pipeline.tenants.is_none());
    }

    #[test]
    fn adapt_fifo_and_a_schedule_that_is_off_are_read() {
        let mut numbers = numbers("reports");
        let read =
            |numbers: &Value| read(&plan(std::slice::from_ref(numbers)), "p.json", None).unwrap();
        let without = read(&numbers);
        assert_eq!((without.fifo, without.enabled), (false, true));
        assert!(without.adapt.is_none());
        numbers["pace"]["adapt"] = json!({
            "errors": ["*Throttl*"], "tolerated_share": 0.1, "slowest_starts_per_second": 1, "uncounted_max": 5
        });
        let adapt = read(&numbers).adapt.unwrap().adapt;
        assert!(adapt.is_failure(Some("ThrottlingException")));
        assert_eq!((adapt.slowest, adapt.uncounted_max), (1.0, 5));
        numbers["fifo"] = true.into();
        numbers["schedule_enabled"] = false.into();
        numbers["ingest_memory_mb"] = 128.into();
        let now = read(&numbers);
        assert_eq!((now.fifo, now.enabled), (true, false));
        assert_eq!(now.functions.ingest_mb, 128.0);
    }

    #[test]
    fn a_bound_of_tenants_is_read() {
        let bound = |tenants: Value| {
            let mut numbers = numbers("reports");
            numbers["tenants"] = tenants;
            let pipeline = read(&plan(&[numbers]), "p.json", None).unwrap();
            let tenants = pipeline.tenants;
            tenants.map(|it| (it.by, it.bound.max_concurrency))
        };
        let five = json!({"by": "2", "max_concurrency": 5});
        assert_eq!(bound(five), Some(("2".to_owned(), 5)));
        assert_eq!(bound(Value::Null), None);
    }

    #[test]
    fn one_of_several_is_chosen_by_its_name() {
        let several = plan(&[numbers("reports"), numbers("images")]);
        let chosen = read(&several, "p.json", Some("reports")).unwrap();
        assert_eq!(chosen.name, "reports");
        let told = read(&several, "p.json", None).unwrap_err().to_string();
        assert!(told.contains("choose one by -p: reports, images"), "{told}");
    }

    #[test]
    fn numbers_of_another_release_are_told() {
        let mut other = numbers("reports");
        other["order"] = "sideways".into();
        let told = read(&plan(&[other]), "p.json", None)
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("take the `spillway` of the module's release"),
            "{told}"
        );
    }

    #[test]
    fn what_is_no_plan_is_told_with_the_remedy() {
        let told = |json: &str, name| read(json, "p.json", name).unwrap_err().to_string();
        assert!(told("", None).contains("terraform show -json PLAN > plan.json"));
        assert!(told("{}", None).contains("no pipeline"));
        let other = told(&plan(&[numbers("reports")]), Some("other"));
        assert!(other.contains("there are reports"), "{other}");
    }
}
