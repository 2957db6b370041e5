//! The pipeline of `terraform show -json`: of a plan, or of a state.
//! <https://developer.hashicorp.com/terraform/internals/json-format>

use std::time::Duration;

use serde_json::Value;
use spillway::lane;
use spillway::pace::layout::Layout;

use super::pipeline::{Lane, Pipeline};
use super::wrong::Wrong;
use crate::costs::{Functions, Way};

/// A resource of a plan: its address, its type, what is known of it.
struct Resource<'a> {
    address: &'a str,
    kind: &'a str,
    values: &'a Value,
}

/// A function, with what it is told.
struct Function<'a> {
    /// The module call that its pipeline is, such as `module.spillway`.
    module: &'a str,
    values: &'a Value,
    variables: &'a Value,
}

impl Function<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)?
            .as_str()
            .filter(|text| !text.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Wrong> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Wrong::new(format!(
                "the plan's {name} is {text:?}: was it made by this release?"
            ))
        })
    }
}

/// Reads the pipeline of that name, or the only one.
pub fn read(json: &str, file: &str, name: Option<&str>) -> Result<Pipeline, Wrong> {
    let plan: Value = serde_json::from_str(json).map_err(|error| {
        Wrong::new(format!(
            "{file} is not JSON ({error}): write it with `terraform show -json PLAN > {file}`"
        ))
    })?;
    let mut resources = Vec::new();
    for place in ["planned_values", "values"] {
        if let Some(root) = plan.get(place).and_then(|it| it.get("root_module")) {
            collect(root, &mut resources);
        }
    }
    let functions: Vec<Function> = resources.iter().filter_map(function).collect();
    let dispatches = functions
        .iter()
        .filter(|it| it.text("SPILLWAY_TICK_SECONDS").is_some());
    let dispatches: Vec<&Function> = dispatches.collect();
    let of = |function: &Function| function.text("SPILLWAY_PIPELINE").unwrap_or("?").to_owned();
    let names: Vec<String> = dispatches.iter().map(|it| of(it)).collect();
    let chosen: Vec<&&Function> = dispatches
        .iter()
        .filter(|it| name.is_none_or(|name| of(it) == name))
        .collect();
    let dispatch = match (chosen.as_slice(), names.as_slice()) {
        ([dispatch], _) => dispatch,
        (_, []) => {
            return Err(Wrong::new(format!(
                "{file} has no pipeline whose functions' variables are known: give `terraform show -json` of a pipeline that is applied, or of a plan that changes one; before the first apply give the numbers by options"
            )));
        }
        ([], names) => {
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
    let settle = functions
        .iter()
        .find(|it| it.module == dispatch.module && it.text("SPILLWAY_MAX_ATTEMPTS").is_some());
    let mut pipeline = of_dispatch(dispatch)?;
    if let Some(settle) = settle {
        of_settle(&mut pipeline, settle)?;
    }
    let own = || {
        resources
            .iter()
            .filter(|it| it.address.starts_with(dispatch.module))
    };
    pipeline.lanes = lanes(dispatch, &pipeline.name, own(), &plan, file)?;
    pipeline.way = way(own());
    pipeline.region = pipeline.region.or_else(|| region(&plan));
    let rules = || own().filter(|it| it.kind == "aws_cloudwatch_event_rule");
    if let Some(expression) = rules().find_map(|it| it.values["schedule_expression"].as_str()) {
        pipeline.schedule = schedule(expression)?;
    }
    Ok(pipeline)
}

fn collect<'a>(module: &'a Value, resources: &mut Vec<Resource<'a>>) {
    for resource in list(module, "resources") {
        if let (Some(address), Some(kind)) =
            (resource["address"].as_str(), resource["type"].as_str())
        {
            resources.push(Resource {
                address,
                kind,
                values: &resource["values"],
            });
        }
    }
    for child in list(module, "child_modules") {
        collect(child, resources);
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn function<'a>(resource: &Resource<'a>) -> Option<Function<'a>> {
    if resource.kind != "aws_lambda_function" {
        return None;
    }
    let variables = resource
        .values
        .get("environment")?
        .get(0)?
        .get("variables")?;
    variables.get("SPILLWAY_PIPELINE")?;
    // module.spillway.module.dispatch.aws_lambda_function.this
    let (handler, _) = resource.address.rsplit_once(".aws_lambda_function.")?;
    let module = handler
        .rsplit_once(".module.")
        .map_or("", |(module, _)| module);
    Some(Function {
        module,
        values: resource.values,
        variables,
    })
}

fn of_dispatch(dispatch: &Function<'_>) -> Result<Pipeline, Wrong> {
    let machine = dispatch.text("SPILLWAY_STATE_MACHINE_ARN");
    let mut pipeline = Pipeline {
        name: dispatch
            .text("SPILLWAY_PIPELINE")
            .unwrap_or("pipeline")
            .to_owned(),
        region: machine
            .and_then(|arn| arn.split(':').nth(3))
            .map(str::to_owned),
        ..Pipeline::default()
    };
    let pace = &mut pipeline.pace;
    if let Some(number) = dispatch.parsed("SPILLWAY_MAX_CONCURRENCY")? {
        pace.max_concurrency = number;
    }
    if let Some(number) = dispatch.parsed("SPILLWAY_STARTS_PER_SECOND")? {
        pace.starts_per_second = number;
    }
    if let Some(number) = dispatch.parsed("SPILLWAY_BURST")? {
        pace.burst = number;
    }
    pace.starts_per_tick = dispatch.parsed("SPILLWAY_STARTS_PER_TICK")?;
    pace.layout = dispatch
        .parsed::<Layout>("SPILLWAY_SLOT_PARTITIONS")?
        .unwrap_or_default();
    pipeline.starts_per_day = dispatch.parsed("SPILLWAY_STARTS_PER_DAY")?;
    if let Some(order) = dispatch.parsed("SPILLWAY_ORDER")? {
        pipeline.order = order;
    }
    if let Some(events) = dispatch.parsed("SPILLWAY_EVENTS_PER_EXECUTION")? {
        pipeline.events_per_execution = events;
    }
    if let Some(idle) = dispatch.parsed("SPILLWAY_IDLE")? {
        pipeline.idle = idle;
    }
    pipeline.tick = dispatch
        .parsed("SPILLWAY_TICK_SECONDS")?
        .map(Duration::from_secs);
    let timeout = dispatch.parsed::<u64>("SPILLWAY_EXECUTION_TIMEOUT_SECONDS")?;
    pipeline.timeout = timeout.filter(|it| *it > 0).map(Duration::from_secs);
    if let Some(windows) = dispatch.text("SPILLWAY_WINDOWS") {
        pipeline.set_windows(windows, "the plan's SPILLWAY_WINDOWS")?;
    }
    let memory = |values: &Value| values["memory_size"].as_f64();
    let architecture = dispatch
        .values
        .pointer("/architectures/0")
        .and_then(Value::as_str);
    let default = Functions::default();
    pipeline.functions = Functions {
        dispatch_mb: memory(dispatch.values).unwrap_or(default.dispatch_mb),
        settle_mb: default.settle_mb,
        arm64: architecture != Some("x86_64"),
    };
    Ok(pipeline)
}

fn of_settle(pipeline: &mut Pipeline, settle: &Function<'_>) -> Result<(), Wrong> {
    if let Some(attempts) = settle.parsed("SPILLWAY_MAX_ATTEMPTS")? {
        pipeline.retry.max_attempts = attempts;
    }
    if let Some(backoff) = settle.text("SPILLWAY_BACKOFF_SECONDS") {
        let delays = backoff.split(',').filter_map(|delay| delay.parse().ok());
        pipeline.retry.backoff_seconds = delays.collect();
    }
    if let Some(memory) = settle.values["memory_size"].as_f64() {
        pipeline.functions.settle_mb = memory;
    }
    Ok(())
}

/// The lanes. Before the first apply the queues' addresses are not known, and so the variable with the lanes is not: then the
/// queues say which there are, and the module call what they are, if it says so in plain numbers.
fn lanes<'a>(
    dispatch: &Function<'_>,
    pipeline: &str,
    own: impl Iterator<Item = &'a Resource<'a>>,
    plan: &Value,
    file: &str,
) -> Result<Vec<Lane>, Wrong> {
    if let Some(lanes) = dispatch.text("SPILLWAY_LANES") {
        let lanes = lane::parse(lanes);
        let lanes = lanes
            .map_err(|error| Wrong::new(format!("the plan's SPILLWAY_LANES is wrong: {error}")))?;
        let lane = |lane: lane::Lane| Lane {
            name: lane.name,
            priority: lane.priority,
            min_share: lane.min_share,
            max_concurrency: lane.max_concurrency,
        };
        return Ok(lanes.into_iter().map(lane).collect());
    }
    let prefix = format!("{pipeline}_events_");
    let queues = own.filter(|it| it.kind == "aws_sqs_queue");
    let names = queues.filter_map(|it| it.values["name"].as_str()?.strip_prefix(&prefix));
    let mut names: Vec<&str> = names.map(|name| name.trim_end_matches(".fifo")).collect();
    names.sort_unstable();
    names.dedup();
    let said =
        call(plan, dispatch.module).and_then(|it| it.pointer("/expressions/lanes/constant_value"));
    let lane = |(place, name): (usize, &&str)| {
        let fields = said.and_then(|lanes| lanes.get(*name));
        let number = |field: &str| fields.and_then(|it| it[field].as_f64());
        match (number("priority"), names.len()) {
            (None, 2..) => Err(Wrong::new(format!(
                "{file} does not tell the lanes' priorities before the first apply: give --lane {name},priority=1,min_share=0.1 for each of {}",
                names.join(", ")
            ))),
            (priority, _) => Ok(Lane {
                name: (*name).to_owned(),
                priority: priority.map_or(place as u32 + 1, |it| it as u32),
                min_share: number("min_share").unwrap_or_default(),
                max_concurrency: number("max_concurrency").map(|it| it as u32),
            }),
        }
    };
    let lanes: Result<Vec<Lane>, Wrong> = names.iter().enumerate().map(lane).collect();
    Ok(match lanes? {
        lanes if lanes.is_empty() => Pipeline::default().lanes,
        lanes => lanes,
    })
}

/// The call of a module by its address, in the plan's configuration.
fn call<'a>(plan: &'a Value, address: &str) -> Option<&'a Value> {
    let mut module = plan.get("configuration")?.get("root_module")?;
    let mut call = None;
    for name in address.split('.').filter(|part| *part != "module") {
        let name = name.split('[').next().unwrap_or(name);
        call = Some(module.get("module_calls")?.get(name)?);
        module = call?.get("module")?;
    }
    call
}

/// The Region of the provider, if its configuration says it in plain text.
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

/// The way in that most sources have, by what the module makes for it.
fn way<'a>(own: impl Iterator<Item = &'a Resource<'a>>) -> Way {
    let mut way = Way::Sqs;
    for resource in own {
        let has = |part: &str| resource.address.contains(part);
        if resource.kind == "aws_lambda_function" && has(".module.ingest") {
            return Way::Lambda;
        }
        if resource.kind == "aws_cloudwatch_event_rule" && has(".module.rule") {
            way = Way::EventBridge;
        }
        if resource.kind == "aws_sns_topic_subscription" && way == Way::Sqs {
            way = Way::Sns;
        }
    }
    way
}

/// From one tick to the next: `rate(5 minutes)`. A tick by `cron` is planned as one a minute.
fn schedule(expression: &str) -> Result<Duration, Wrong> {
    let Some(rate) = expression
        .strip_prefix("rate(")
        .and_then(|it| it.strip_suffix(')'))
    else {
        return Ok(Pipeline::default().schedule);
    };
    let wrong = || Wrong::new(format!("the plan's schedule {expression} is no rate"));
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
    use serde_json::json;

    fn plan(lanes: Option<&str>, said: Value) -> String {
        let mut variables = json!({
            "SPILLWAY_PIPELINE": "reports", "SPILLWAY_TICK_SECONDS": "56", "SPILLWAY_MAX_CONCURRENCY": "7",
            "SPILLWAY_STARTS_PER_SECOND": "2.5", "SPILLWAY_BURST": "9", "SPILLWAY_IDLE": "wait", "SPILLWAY_ORDER": "latest",
            "SPILLWAY_EXECUTION_TIMEOUT_SECONDS": "600", "SPILLWAY_SLOT_PARTITIONS": "1",
            "SPILLWAY_WINDOWS": r#"[{"name": "night", "priority": 1, "from": "20:00", "to": "24:00", "timezone": "UTC", "pause": true}]"#,
        });
        if let Some(lanes) = lanes {
            variables["SPILLWAY_LANES"] = lanes.into();
        }
        let function = |name: &str, variables: Value| {
            json!({
                "address": format!("module.spillway.module.{name}.aws_lambda_function.this"), "type": "aws_lambda_function",
                "values": {"memory_size": 512, "architectures": ["x86_64"], "environment": [{"variables": variables}]},
            })
        };
        let settle = json!({"SPILLWAY_PIPELINE": "reports", "SPILLWAY_MAX_ATTEMPTS": "5", "SPILLWAY_BACKOFF_SECONDS": "1,2"});
        let queue = |lane: &str| {
            json!({
                "address": format!("module.spillway.module.queue[\"{lane}\"].aws_sqs_queue.this"), "type": "aws_sqs_queue",
                "values": {"name": format!("reports_events_{lane}")},
            })
        };
        let rule = json!({
            "address": "module.spillway.module.schedule.aws_cloudwatch_event_rule.this", "type": "aws_cloudwatch_event_rule",
            "values": {"schedule_expression": "rate(2 minutes)"},
        });
        json!({
            "planned_values": {"root_module": {"child_modules": [{"resources": [queue("default"), queue("urgent"), rule],
                "child_modules": [{"resources": [function("dispatch", variables), function("settle", settle)]}]}]}},
            "configuration": {"root_module": {"module_calls": {"spillway": {"expressions": {"lanes": said}, "module": {}}}}},
        })
        .to_string()
    }

    #[test]
    fn what_the_functions_are_told_is_the_pipeline() {
        let lanes = r#"[{"name": "urgent", "queue_url": "q", "dead_letter_queue_url": "d", "priority": 1, "min_share": 0.2}]"#;
        let pipeline = read(&plan(Some(lanes), Value::Null), "plan.json", None).unwrap();
        assert_eq!(pipeline.name, "reports");
        assert_eq!((pipeline.pace.max_concurrency, pipeline.pace.burst), (7, 9));
        assert_eq!(
            (
                pipeline.retry.max_attempts,
                pipeline.retry.backoff_seconds.as_slice()
            ),
            (5, &[1, 2][..])
        );
        assert_eq!(pipeline.schedule, Duration::from_secs(120));
        assert_eq!(pipeline.functions.dispatch_mb, 512.0);
        assert!(!pipeline.functions.arm64);
        assert!(
            pipeline
                .windows
                .in_force(21 * 3_600_000)
                .is_some_and(|it| it.pause)
        );
        assert_eq!(pipeline.lanes[0].min_share, 0.2);
        assert_eq!(pipeline.timeout, Some(Duration::from_secs(600)));
    }

    #[test]
    fn before_the_first_apply_the_queues_and_the_call_tell_the_lanes() {
        let said = json!({"constant_value": {"urgent": {"priority": 1}, "default": {"priority": 2, "min_share": 0.1}}});
        let pipeline = read(&plan(None, said), "plan.json", None)
            .unwrap()
            .checked()
            .unwrap();
        let lanes: Vec<_> = pipeline
            .lanes
            .iter()
            .map(|it| (it.name.as_str(), it.min_share))
            .collect();
        assert_eq!(lanes, [("urgent", 0.0), ("default", 0.1)]);
        let told = read(&plan(None, Value::Null), "plan.json", None)
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("--lane default,priority=1,min_share=0.1 for each of default, urgent"),
            "{told}"
        );
    }

    #[test]
    fn what_is_no_plan_is_told_with_the_remedy() {
        let told = |json: &str, name| read(json, "p.json", name).unwrap_err().to_string();
        assert!(told("", None).contains("terraform show -json PLAN > p.json"));
        assert!(told("{}", None).contains("no pipeline"));
        let other = told(&plan(None, Value::Null), Some("other"));
        assert!(other.contains("there are reports"), "{other}");
    }
}
