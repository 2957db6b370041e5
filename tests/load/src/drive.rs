//! One run: the server, the program, its work, and the result.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fake_aws::{CallCount, Capacity, Fault, PartitionLimits, Rng, StartQuota};

use crate::pipeline::Pipeline;
use crate::process::Program;
use crate::quota::Quota;
use crate::report::{Bytes, Peak, Report, Server, Split};
use crate::runtime::RuntimeApi;
use crate::scenario::{Scenario, Work};
use crate::scratch::Scratch;
use crate::server::{AwsServer, Seen, certify, start_runtime_api};
use crate::session::{Session, Worked};
use crate::{Failure, environment, work};

/// Runs a scenario.
pub async fn run(scenario: &Scenario) -> Result<Report, Failure> {
    let pipeline = Pipeline::new(scenario);
    let scratch = Scratch::new()?;
    let certificate = match scenario.tls {
        true => Some(certify(&scratch.certificate())?),
        false => None,
    };
    let aws = AwsServer::start(pipeline.aws.caller("program"), certificate.as_ref()).await?;
    let (api, driver) = RuntimeApi::new();
    let runtime_api = start_runtime_api(api).await?;
    let prepared = work::prepare(scenario, &pipeline, &aws.endpoint).await?;

    let environment = environment::of(scenario, &pipeline, &aws.endpoint, &runtime_api, &scratch);
    let command: Vec<String> = scenario
        .program
        .iter()
        .map(|part| pipeline.fill_in(part, &aws.endpoint))
        .collect();
    let quota = scenario.cpu_share.map(Quota::new).transpose()?;
    let under_quota = quota.is_some();
    let program = Program::prepare(&command, &environment, quota).await?;
    trouble(scenario, &pipeline);
    let before = Counted::until_now(&pipeline);

    let timeout = Duration::from_secs(scenario.timeout_s);
    let mut session = Session::start(program, driver, timeout, under_quota).await?;
    let mut report = Report {
        start_up: session.started.spent,
        peak_rss_bytes: Peak {
            at_first_poll: session.started.peak_rss,
            at_end: session.started.peak_rss,
        },
        ..Report::default()
    };
    if scenario.work != Work::StartUp {
        report.events = scenario.events;
        report.lost = work::drive(scenario, &pipeline, prepared, &mut session).await?;
        let worked = session.end().await?;
        at_work(&mut report, scenario, &pipeline, &worked);
    }
    report.ledger_throttled = pipeline.aws.dynamodb().throttled();
    counted(
        &mut report,
        &before,
        &Counted::until_now(&pipeline),
        &aws.seen,
    );
    Ok(report)
}

/// Sets the faults, and the time of calls.
fn trouble(scenario: &Scenario, pipeline: &Pipeline) {
    let limits = scenario.partition_limits.then_some(PartitionLimits::AWS);
    pipeline.aws.dynamodb().limit_partitions(limits);
    let latency = Duration::from_millis(scenario.latency_ms);
    pipeline.aws.set_latency(latency, latency);
    let quota = scenario.start_quota.map(|quota| StartQuota {
        bucket: quota.burst,
        refill_per_second: quota.per_second,
    });
    pipeline.aws.sfn().set_start_quota(quota);
    if scenario.error_rate > 0.0 {
        let (mut rng, rate) = (Rng::new(scenario.seed).fork("errors"), scenario.error_rate);
        pipeline.aws.faults().before(move |_| {
            if rng.chance(rate) {
                Fault::InternalError
            } else {
                Fault::None
            }
        });
    }
}

fn at_work(report: &mut Report, scenario: &Scenario, pipeline: &Pipeline, worked: &Worked) {
    report.invocations = worked.invocations;
    report.invocations_failed = worked.failed;
    report.wall_s = worked.wall.as_secs_f64();
    let (user, system) = worked.cpu;
    report.cpu_s = Split { user, system };
    report.first_invocation = worked.first;
    report.peak_rss_bytes.at_end = worked.peak_rss;
    let cpu_s = worked.server.as_secs_f64();
    report.server = Server {
        cpu_s,
        busy: cpu_s / report.wall_s,
    };
    if matches!(scenario.work, Work::Dispatch | Work::Messages) {
        let tally = &pipeline.tally;
        report.starts = tally.executions();
        report.started_twice = tally.twice();
        let last = tally
            .last()
            .map(|last| last.saturating_duration_since(worked.began));
        report.last_start_s = last.unwrap_or_default().as_secs_f64();
    }
}

/// Returns the counts of the fake AWS.
struct Counted {
    calls: BTreeMap<String, CallCount>,
    capacity: Capacity,
}

impl Counted {
    fn until_now(pipeline: &Pipeline) -> Self {
        Self {
            calls: pipeline.aws.call_counts(),
            capacity: pipeline.aws.consumed_capacity(),
        }
    }
}

fn counted(report: &mut Report, before: &Counted, after: &Counted, seen: &Seen) {
    for (operation, count) in &after.calls {
        let earlier = before.calls.get(operation).map_or(0, |count| count.sent);
        if count.sent > earlier {
            report.calls.insert(operation.clone(), count.sent - earlier);
        }
    }
    report.read_units = after.capacity.read - before.capacity.read;
    report.write_units = after.capacity.write - before.capacity.write;
    report.throttled = seen.throttled.load(Ordering::Relaxed);
    report.bytes = Bytes {
        sent: seen.sent.load(Ordering::Relaxed),
        received: seen.received.load(Ordering::Relaxed),
    };
}
