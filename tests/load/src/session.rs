//! The program at work: invocation after invocation, and its use meanwhile.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;
use crate::cpu::{self, Used};
use crate::process::Program;
use crate::report::Spent;
use crate::runtime::{Answer, Driver, Poll};

/// The most time of a program to its first request for work, or from an answer to the next one.
const ASKING: Duration = Duration::from_secs(60);
/// A program that has used no CPU for so long has nothing left to do. With a quota it can be held
/// back, so this is longer than a period of it.
const QUIET: Duration = Duration::from_millis(4);
const QUIET_UNDER_QUOTA: Duration = Duration::from_millis(50);
/// Some never are: garbage collectors, compilers.
const NEVER_QUIET: Duration = Duration::from_millis(300);

/// A program that has asked for work.
pub struct Session {
    program: Program,
    driver: Driver,
    timeout: Duration,
    quiet: Duration,
    poll: Option<Poll>,
    /// When it was started.
    pub started: Started,
    measured: Measured,
}

/// How it started.
pub struct Started {
    pub spent: Spent,
    pub peak_rss: u64,
    used: Used,
}

/// The measurements from the first invocation on.
#[derive(Default)]
struct Measured {
    invocations: u32,
    failed: u32,
    began: Option<Instant>,
    answered: Option<Instant>,
    first: Spent,
    server_began: Duration,
    server: Duration,
}

/// How all its invocations went.
pub struct Worked {
    pub invocations: u32,
    pub failed: u32,
    pub began: Instant,
    /// From handing out the first invocation to the answer of the last.
    pub wall: Duration,
    /// User and system, in seconds.
    pub cpu: (f64, f64),
    pub first: Spent,
    pub peak_rss: u64,
    /// CPU time of this process.
    pub server: Duration,
}

impl Session {
    /// Lets a prepared program start, and waits until it asks for work.
    pub async fn start(
        mut program: Program,
        driver: Driver,
        timeout: Duration,
        under_quota: bool,
    ) -> Result<Self, Failure> {
        let (began, unused) = program.go().await?;
        let poll = asked(&mut program, &driver).await?;
        let quiet = if under_quota {
            QUIET_UNDER_QUOTA
        } else {
            QUIET
        };
        let used = settled(&program, quiet).await;
        let started = Started {
            spent: Spent::of(poll.at - began, used.cpu.saturating_sub(unused.cpu)),
            peak_rss: used.peak_rss,
            used,
        };
        Ok(Self {
            program,
            driver,
            timeout,
            quiet,
            poll: Some(poll),
            started,
            measured: Measured::default(),
        })
    }

    /// Invokes it once, and waits until it asks for more.
    pub async fn invoke(&mut self, payload: &Value) -> Result<Answer, Failure> {
        let poll = match self.poll.take() {
            Some(poll) => poll,
            None => return Err(Failure::Program("it does not ask for work".into())),
        };
        let measured = &mut self.measured;
        if measured.began.is_none() {
            measured.server_began = cpu::own();
        }
        let invoking = self.driver.invoke(poll, payload, self.timeout);
        let invoked = until_death(&mut self.program, invoking).await?;
        measured.server = cpu::own() - measured.server_began;
        measured.answered = Some(invoked.answered);
        measured.invocations += 1;
        measured.failed += u32::from(matches!(invoked.answer, Answer::Failed(_)));
        self.poll = Some(asked(&mut self.program, &self.driver).await?);
        if measured.began.is_none() {
            measured.began = Some(invoked.handed_out);
            let cpu = self
                .program
                .used()
                .cpu
                .saturating_sub(self.started.used.cpu);
            measured.first = Spent::of(invoked.answered - invoked.handed_out, cpu);
        }
        Ok(invoked.answer)
    }

    /// Ends it.
    pub async fn end(mut self) -> Result<Worked, Failure> {
        let used = settled(&self.program, self.quiet).await;
        self.program.end().await;
        let measured = self.measured;
        let (Some(began), Some(answered)) = (measured.began, measured.answered) else {
            return Err(Failure::Program(format!(
                "it was never invoked{}",
                self.program.last_words()
            )));
        };
        Ok(Worked {
            invocations: measured.invocations,
            failed: measured.failed,
            began,
            wall: answered - began,
            cpu: used.split_since(&self.started.used),
            first: measured.first,
            peak_rss: used.peak_rss,
            server: measured.server,
        })
    }
}

async fn asked(program: &mut Program, driver: &Driver) -> Result<Poll, Failure> {
    let asking = tokio::time::timeout(ASKING, driver.poll());
    let late = || Err(format!("it did not ask for work within {ASKING:?}"));
    until_death(program, async { asking.await.unwrap_or_else(|_| late()) }).await
}

/// Returns the program's answer, unless it dies before.
async fn until_death<T>(
    program: &mut Program,
    says: impl Future<Output = Result<T, String>>,
) -> Result<T, Failure> {
    let said = tokio::select! {
        biased;
        said = says => said,
        died = program.died() => return Err(died),
    };
    said.map_err(|problem| Failure::Program(format!("{problem}{}", program.last_words())))
}

/// Returns the program's use once it is quiet.
async fn settled(program: &Program, quiet: Duration) -> Used {
    let until = Instant::now() + NEVER_QUIET;
    let mut used = program.used();
    loop {
        tokio::time::sleep(quiet).await;
        let now = program.used();
        if now.cpu == used.cpu || Instant::now() >= until {
            return now;
        }
        used = now;
    }
}
