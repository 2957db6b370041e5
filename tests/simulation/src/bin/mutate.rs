//! `scripts/mutate`: does the simulation notice when the handlers are broken?

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use clap::Parser;
use simulation::mutation::{self, DIRECTORY, Mutation};

/// Breaks the handlers on purpose (tests/mutations), one way after the other, in a copy below
/// target/, and runs the simulation's seeds until one fails.
#[derive(Debug, Parser)]
#[command(
    name = "scripts/mutate",
    bin_name = "scripts/mutate",
    after_help = "Exit status: 0, every mutation was caught; 1, one was not, or does not build; 2, the arguments are wrong."
)]
struct Options {
    /// Mutations; by default all.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// List the mutations, check that each fits the code, and stop.
    #[arg(long)]
    list: bool,
    /// Seeds before a mutation counts as not caught.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    seeds: u64,
    /// Threads; by default one a core.
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    jobs: Option<u16>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(all) => ExitCode::from(u8::from(!all)),
        Err(problem) => {
            eprintln!("scripts/mutate: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all were caught.
fn run(options: &Options) -> Result<bool> {
    let mut out = io::stdout();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let mutations = chosen(&mutation::read(&root.join(DIRECTORY))?, &options.names)?;
    for mutation in &mutations {
        mutation.applied(&root)?;
    }
    if options.list {
        for mutation in &mutations {
            writeln!(out, "{:<36} {}", mutation.name, mutation.title)?;
        }
        return Ok(true);
    }
    let bench = Bench::new(root, options);
    writeln!(
        out,
        "| mutation | noticed by | noticed first |\n| --- | --- | --- |"
    )?;
    let mut caught = 0;
    for mutation in &mutations {
        let name = &mutation.name;
        match bench.check(mutation)? {
            Noticed::By(what, problem) => {
                caught += 1;
                writeln!(out, "| {name} | {what} | {problem} |")?;
            }
            Noticed::Not(why) => writeln!(out, "| {name} | **not caught** | {why} |")?,
        }
    }
    writeln!(out, "\n{caught} of {} were caught", mutations.len())?;
    Ok(caught == mutations.len())
}

fn chosen(all: &[Mutation], names: &[String]) -> Result<Vec<Mutation>> {
    let known = |name: &&String| !all.iter().any(|mutation| mutation.name == **name);
    if let Some(unknown) = names.iter().find(known) {
        return Err(format!("no mutation is called {unknown}: see --list").into());
    }
    let wanted = |mutation: &&Mutation| names.is_empty() || names.contains(&mutation.name);
    Ok(all.iter().filter(wanted).cloned().collect())
}

enum Noticed {
    /// The test or seed that noticed it, and the first thing noticed.
    By(String, String),
    Not(String),
}

/// The copy that is broken, and the directory of its build.
struct Bench {
    root: PathBuf,
    tree: PathBuf,
    build: PathBuf,
    seeds: String,
    jobs: Option<String>,
}

impl Bench {
    fn new(root: PathBuf, options: &Options) -> Self {
        let work = root.join("target/mutations");
        Self {
            root,
            tree: work.join("tree"),
            build: work.join("build"),
            seeds: options.seeds.to_string(),
            jobs: options.jobs.map(|jobs| jobs.to_string()),
        }
    }

    fn check(&self, mutation: &Mutation) -> Result<Noticed> {
        self.copy()?;
        for (file, text) in mutation.applied(&self.root)? {
            fs::write(self.tree.join(file), text)?;
        }
        match &mutation.test {
            Some(test) => self.by_test(test),
            None => self.by_seeds(),
        }
    }

    /// Copies the tracked files as they are. One that is the same stays untouched, so that little
    /// is built again.
    fn copy(&self) -> Result<()> {
        let git = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(&self.root)
            .output()?;
        let tracked = String::from_utf8(git.stdout)?;
        let names = tracked.split('\0').filter(|name| !name.is_empty());
        let wanted: BTreeSet<PathBuf> = names.map(PathBuf::from).collect();
        for name in &wanted {
            let (source, target) = (self.root.join(name), self.tree.join(name));
            let Ok(bytes) = fs::read(source) else {
                continue;
            };
            if fs::read(&target).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(target.parent().ok_or("the root is no file")?)?;
                fs::write(target, bytes)?;
            }
        }
        remove_others(&self.tree, Path::new(""), &wanted)
    }

    fn cargo(&self, arguments: &[&str]) -> Result<Output> {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.tree);
        Ok(cargo.env("CARGO_TARGET_DIR", &self.build).output()?)
    }

    /// That it builds is seen before the test that it names is run.
    fn by_test(&self, test: &[String]) -> Result<Noticed> {
        let test: Vec<&str> = test.iter().map(String::as_str).collect();
        let command = [&["test", "--quiet", "--locked"], test.as_slice()].concat();
        let built = self.cargo(&[command.as_slice(), &["--no-run"]].concat())?;
        if !built.status.success() {
            return Ok(Noticed::Not(does_not_build(&built)));
        }
        let command_line = format!("`cargo test {}`", test.join(" "));
        Ok(match self.cargo(&command)?.status.success() {
            true => Noticed::Not(command_line),
            false => Noticed::By("a test".into(), command_line),
        })
    }

    fn by_seeds(&self) -> Result<Noticed> {
        let simulate = [
            "build",
            "--quiet",
            "--locked",
            "--package",
            "simulation",
            "--bin",
            "simulate",
        ];
        let built = self.cargo(&simulate)?;
        if !built.status.success() {
            return Ok(Noticed::Not(does_not_build(&built)));
        }
        let mut simulate = Command::new(self.build.join("debug/simulate"));
        simulate.args(["--stop", "--seeds", &self.seeds]);
        if let Some(jobs) = &self.jobs {
            simulate.args(["--jobs", jobs]);
        }
        let said = String::from_utf8_lossy(&simulate.output()?.stdout).into_owned();
        let failed = said
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("seed ")?.split_once(" failed: "));
        Ok(match failed {
            Some((seed, problem)) => {
                Noticed::By(format!("seed {seed}"), problem.chars().take(100).collect())
            }
            None => Noticed::Not(said.lines().last().unwrap_or_default().to_owned()),
        })
    }
}

fn does_not_build(built: &Output) -> String {
    let said = String::from_utf8_lossy(&built.stderr);
    let first = said
        .lines()
        .find(|line| line.starts_with("error"))
        .unwrap_or_default();
    format!("it does not build: {first}")
}

/// Removes the files that are not wanted below a directory of the tree.
fn remove_others(tree: &Path, below: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(tree.join(below))? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            remove_others(tree, &name, wanted)?;
        } else if !wanted.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_every_crate_of_the_workspace() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let work = std::env::temp_dir().join(format!("spillway-mutate-{}", std::process::id()));
        let bench = Bench {
            root,
            tree: work.join("tree"),
            build: work.join("build"),
            seeds: "1".to_owned(),
            jobs: None,
        };
        let read = bench
            .copy()
            .and_then(|()| bench.cargo(&["metadata", "--no-deps", "--format-version", "1"]));
        fs::remove_dir_all(&work).unwrap();
        let read = read.unwrap();
        assert!(
            read.status.success(),
            "{}",
            String::from_utf8_lossy(&read.stderr)
        );
    }
}
