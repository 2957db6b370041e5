//! The operator's program. Its decisions lie in modules without I/O; it reads the state of a
//! pipeline by the shell and the core that the handlers use.

pub mod answer;
pub mod canary;
pub mod connect;
pub mod control;
pub mod doctor;
pub mod explain;
pub mod failed;
pub mod fault;
pub mod history;
pub mod iam;
pub mod lease;
pub mod object;
pub mod options;
pub mod permission;
pub mod pipeline;
pub mod reconcile;
pub mod redrive;
pub mod running;
pub mod schedule;
pub mod services;
pub mod shown;
pub mod status;
pub mod tick;
pub mod time;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::answer::Answer;
use crate::connect::Connected;
use crate::control::change::Change;
use crate::fault::Fault;
use crate::options::{Because, Command, Iam, Options};
use crate::pipeline::Pipeline;
use crate::redrive::told::Told;
use crate::shown::plain_lines;

/// Runs the command line that the process was given.
pub fn run() -> ExitCode {
    let options = Options::parse();
    match complete(&options.command) {
        Some(()) => return ExitCode::SUCCESS,
        None => warnings_to_stderr(),
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let answered = match runtime {
        Ok(runtime) => runtime.block_on(answer(&options)),
        Err(error) => Err(Fault::failed(format!("the program cannot run: {error}"))),
    };
    match answered {
        Ok(answer) => {
            if options.json || !answer.text.is_empty() {
                answer.print(options.json);
            }
            ExitCode::from(answer.status)
        }
        Err(fault) => {
            eprintln!("spillway: {}", plain_lines(&fault.to_string()));
            if options.json {
                println!("{}", serde_json::json!({"error": fault.to_string()}));
            }
            ExitCode::from(fault.status())
        }
    }
}

/// Prints completions and the manual page, for which nobody is asked.
fn complete(command: &Command) -> Option<()> {
    let mut out = std::io::stdout().lock();
    match command {
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Options::command(), "spillway", &mut out);
        }
        Command::Man => {
            let page = clap_mangen::Man::new(Options::command());
            drop(page.render(&mut out).and_then(|()| out.flush()));
        }
        _ => return None,
    }
    Some(())
}

/// Sends the shell's warnings to the standard error, without a log's fields. The SDK's warnings are
/// in its errors too.
fn warnings_to_stderr() {
    let shell = Targets::new().with_target("aws::", LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(shell))
        .init();
}

async fn answer(options: &Options) -> Result<Answer, Fault> {
    if let Command::Plan(plan) = &options.command {
        return planned(options, plan);
    }
    let connected = Connected::new(&options.access).await?;
    act(&connected, options).await
}

/// Runs the command of the command line. Returns its answer.
pub async fn act(connected: &Connected, options: &Options) -> Result<Answer, Fault> {
    match &options.command {
        Command::List => return pipeline::list::list(connected).await,
        Command::Redrive(redrive) => return redrive::redrive(connected, options, redrive).await,
        Command::Replay(replay) => return redrive::replay(connected, options, replay).await,
        Command::Discard(discard) => return redrive::discard(connected, options, discard).await,
        _ => {}
    }
    let pipeline = pipeline::find(connected, &options.which).await?;
    let told = Told { json: options.json };
    match &options.command {
        Command::Status(options) => status::status(connected, &pipeline, options).await,
        Command::Explain(options) => explain::explain(connected, &pipeline, &options.object).await,
        Command::Running(options) => running::running(connected, &pipeline, options).await,
        Command::Pause(options) => {
            let because = Because {
                reason: Some(options.reason.clone()),
                lasts: options.lasts,
            };
            control::change(connected, &pipeline, Change::Pause, &because).await
        }
        // A pause is taken away for good: only a word against windows can end.
        Command::Resume(options) if options.because.lasts.is_some() && !options.through_windows => {
            Err(Fault::usage(
                "--for goes with --through-windows: without it a pause is taken away, which does not end by itself",
            ))
        }
        Command::Resume(options) => {
            let change = if options.through_windows {
                Change::GoOn
            } else {
                Change::Resume
            };
            control::change(connected, &pipeline, change, &options.because).await
        }
        Command::Set(options) => {
            control::change(
                connected,
                &pipeline,
                Change::Set(options.values.clone()),
                &options.because,
            )
            .await
        }
        Command::Unset(options) => {
            let change = if options.all {
                Change::UnsetAll
            } else {
                Change::Unset(options.names.clone())
            };
            let because = Because {
                reason: options.reason.clone(),
                lasts: None,
            };
            control::change(connected, &pipeline, change, &because).await
        }
        Command::Pace => control::pace(&pipeline).await,
        Command::Canary(options) => canary::canary(connected, &pipeline, options).await,
        Command::History(options) => history::history(connected, &pipeline, options).await,
        Command::Failed(options) => failed::failed(connected, &pipeline, options).await,
        Command::Backfill(backfill) => {
            reconcile::backfill(connected, &pipeline, backfill, told).await
        }
        Command::Reconcile(reconcile) => {
            reconcile::reconcile(connected, &pipeline, reconcile, told).await
        }
        Command::Doctor => doctor::doctor(connected, &pipeline).await,
        Command::Iam(options) => Ok(policy(&pipeline, options)),
        Command::Tick => tick::tick(connected, &pipeline).await,
        Command::Schedule(options) => {
            schedule::schedule(connected, &pipeline, options.switch).await
        }
        Command::Lease(options::Lease::Release(options)) => {
            lease::release(&pipeline, options).await
        }
        // Answered before.
        Command::List
        | Command::Plan(_)
        | Command::Redrive(_)
        | Command::Replay(_)
        | Command::Discard(_)
        | Command::Completions { .. }
        | Command::Man => Ok(Answer::new("", serde_json::Value::Null)),
    }
}

/// Runs `plan`, which asks nothing of AWS. Returns its answer.
fn planned(options: &Options, plan: &plan::given::options::Options) -> Result<Answer, Fault> {
    let (region, name) = (&options.access.region, &options.which.pipeline);
    let told = plan::plan(plan, region.as_deref(), name.as_deref());
    let told = told.map_err(|wrong| Fault::usage(wrong.to_string()))?;
    Ok(Answer {
        text: told.text,
        json: told.json,
        status: if told.found { 0 } else { 1 },
    })
}

fn policy(pipeline: &Pipeline, options: &Iam) -> Answer {
    let machine = pipeline
        .config
        .state_machine_arn
        .split(':')
        .take(7)
        .collect::<Vec<_>>()
        .join(":");
    let place = iam::Place {
        pipeline: pipeline.name().to_owned(),
        partition: pipeline.partition.clone(),
        region: pipeline.region.clone(),
        account: pipeline.account.clone(),
        state_machine_arn: machine,
        buckets: options.buckets.clone(),
    };
    let policy = if options.operate {
        iam::operate(&place)
    } else {
        iam::read(&place)
    };
    Answer::new(format!("{policy:#}"), policy)
}
