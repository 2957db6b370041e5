//! The program under measurement, as a child that ends with its driver.
//!
//! It is started in two steps. This same binary comes first: it binds its life to the driver's,
//! joins the control group, and waits. Told to go on, it becomes the program. So the measured time
//! begins with the program, and no unsafe code has to run between fork and exec.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command as StdCommand, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use crate::Failure;
use crate::cpu::{self, Used};
use crate::quota::Quota;

/// The first argument of the first step.
pub const WAIT: &str = "--become";
/// The line that it writes when it waits.
const READY: &[u8] = b"ready\n";
/// The bytes of the program's output that are shown when it dies.
const SHOWN: u64 = 4_000;

/// The most time of a program's end: valgrind writes its counts.
const ENDING: Duration = Duration::from_secs(20);

/// The program; it is killed when this is dropped.
pub struct Program {
    child: Child,
    pid: u32,
    /// The stream with the word to start; waiting for the child's end would close it.
    input: Option<ChildStdin>,
    /// Its standard output and error.
    written: File,
    /// Goes after the child.
    _quota: Option<Quota>,
}

impl Program {
    /// Starts the first step of `program`, with nothing but `environment`.
    pub async fn prepare(
        program: &[String],
        environment: &BTreeMap<String, String>,
        quota: Option<Quota>,
    ) -> Result<Self, Failure> {
        let itself = std::env::current_exe().map_err(Failure::io("finding this binary"))?;
        let written =
            scratch().map_err(Failure::io("making a file for what the program writes"))?;
        let writes_to = |file: &File| file.try_clone().map_err(Failure::io("opening that file"));
        let members = quota.as_ref().map(Quota::members).unwrap_or_default();
        let mut child = Command::new(itself)
            .arg(WAIT)
            .arg(std::process::id().to_string())
            .arg(members)
            .args(program)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(writes_to(&written)?)
            .stderr(writes_to(&written)?)
            .kill_on_drop(true)
            .spawn()
            .map_err(Failure::io("starting the program"))?;
        let pid = child.id().unwrap_or_default();
        let mut started = Self {
            input: child.stdin.take(),
            child,
            pid,
            written,
            _quota: quota,
        };
        started.is_ready().await?;
        Ok(started)
    }

    async fn is_ready(&mut self) -> Result<(), Failure> {
        loop {
            let length = self.written.metadata().map_or(0, |file| file.len());
            if length >= READY.len() as u64 {
                return Ok(());
            }
            let pause = tokio::time::sleep(Duration::from_millis(1));
            tokio::select! {
                died = self.died() => return Err(died),
                () = pause => {}
            }
        }
    }

    /// Lets it become the program. Returns the time, and its use until then.
    pub async fn go(&mut self) -> Result<(Instant, Used), Failure> {
        let mut input = self.input.take();
        let input = input
            .as_mut()
            .ok_or_else(|| Failure::Program("it was started before".into()))?;
        let (used, now) = (self.used(), Instant::now());
        let told = input.write_all(b"\n").await;
        told.map_err(Failure::io("telling the program to start"))?;
        Ok((now, used))
    }

    /// Returns the use of it and its children; nothing when it is gone.
    pub fn used(&self) -> Used {
        cpu::of(self.pid).unwrap_or_default()
    }

    /// Asks it to end, and waits for that. One that does not is killed when this is dropped.
    pub async fn end(&mut self) {
        let pid = i32::try_from(self.pid).ok().filter(|pid| *pid > 0);
        if let Some(pid) = pid
            && kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok()
        {
            let _ = tokio::time::timeout(ENDING, self.child.wait()).await;
        }
    }

    /// Resolves when it has ended, which it never should.
    pub async fn died(&mut self) -> Failure {
        let status = self.child.wait().await;
        let status = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Failure::Program(format!("it ended ({status}){}", self.last_words()))
    }

    /// Returns the end of its output, for a message.
    pub fn last_words(&mut self) -> String {
        let length = self.written.metadata().map_or(0, |file| file.len());
        let from = length.saturating_sub(SHOWN).max(READY.len() as u64);
        let mut bytes = Vec::new();
        let read = self.written.seek(SeekFrom::Start(from));
        let read = read.and_then(|_| self.written.read_to_end(&mut bytes));
        match read {
            Ok(0) | Err(_) => String::new(),
            Ok(_) => format!("; its last words:\n{}", String::from_utf8_lossy(&bytes)),
        }
    }
}

impl Drop for Program {
    /// Waits for the end of the process that it kills: a control group cannot go while a process is
    /// in it.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let until = Instant::now() + ENDING;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Returns a file that nobody else sees, gone with its last handle.
fn scratch() -> std::io::Result<File> {
    let name = format!("spillway-load-{}-{:?}", std::process::id(), Instant::now());
    let path: PathBuf =
        std::env::temp_dir().join(name.replace(|byte: char| !byte.is_ascii_alphanumeric(), "-"));
    // Appending: the child's writes and this process's reads share one position.
    let file = File::options()
        .create_new(true)
        .read(true)
        .append(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Runs the first step: `arguments` are the driver's process id, the file of the control group
/// (empty: none), the program and its arguments. Returns only if something is wrong.
pub fn wait_and_become(arguments: &[String]) -> ExitCode {
    let [driver, members, program, arguments @ ..] = arguments else {
        eprintln!("not for people: load starts itself so");
        return ExitCode::FAILURE;
    };
    if let Err(error) = set_pdeathsig(Signal::SIGKILL) {
        eprintln!("binding it to its driver: {error}");
        return ExitCode::FAILURE;
    }
    // The driver could have ended before that.
    if getppid().to_string() != *driver {
        return ExitCode::FAILURE;
    }
    if !members.is_empty()
        && let Err(error) = fs::write(members, "0")
    {
        eprintln!("joining the control group: {members}: {error}");
        return ExitCode::FAILURE;
    }
    let mut output = std::io::stdout();
    let ready = output.write_all(READY).and_then(|()| output.flush());
    let told = ready.and_then(|()| std::io::stdin().read_exact(&mut [0]));
    if told.is_err() {
        return ExitCode::FAILURE;
    }
    let error = StdCommand::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .exec();
    eprintln!("{program}: {error}");
    ExitCode::FAILURE
}
