//! Deliberate faults of the handlers: `tests/mutations/*.mutation`, each a text of the code and its
//! replacement.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Their place, from the repository's root.
pub const DIRECTORY: &str = "tests/mutations";

/// Why a mutation cannot be used: it is not read, or no longer fits the code.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MutationError(String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    file: PathBuf,
    before: String,
    after: String,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    pub name: String,
    /// The fault, in words.
    pub title: String,
    /// Arguments of `cargo test`, if a test notices it and not the seeds.
    pub test: Option<Vec<String>>,
    edits: Vec<Edit>,
}

/// Returns all mutations of a directory, by name.
pub fn read(directory: &Path) -> Result<Vec<Mutation>, MutationError> {
    let unreadable =
        |error: std::io::Error| MutationError(format!("{}: {error}", directory.display()));
    let mut mutations = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "mutation")
        {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let text = fs::read_to_string(&path).map_err(unreadable)?;
            let mutation = parse(&name, &text);
            mutations.push(mutation.ok_or_else(|| {
                MutationError(format!("{name}.mutation is not a title and edits"))
            })?);
        }
    }
    if mutations.is_empty() {
        return Err(MutationError(format!(
            "there are no mutations in {}",
            directory.display()
        )));
    }
    mutations.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(mutations)
}

fn parse(name: &str, text: &str) -> Option<Mutation> {
    let mut parts = text.split("\n--- ");
    let head = parts.next()?;
    let test = head.lines().find_map(|line| line.strip_prefix("# test: "));
    let edits: Option<Vec<Edit>> = parts.map(edit).collect();
    Some(Mutation {
        name: name.to_owned(),
        title: head.lines().next()?.strip_prefix("# ")?.to_owned(),
        test: test.map(|words| words.split_whitespace().map(str::to_owned).collect()),
        edits: edits.filter(|edits| !edits.is_empty())?,
    })
}

fn edit(text: &str) -> Option<Edit> {
    let (file, rest) = text.split_once("\n<<<<\n")?;
    let (before, after) = rest.split_once("\n====\n")?;
    let after = after.trim_end().strip_suffix(">>>>")?;
    Some(Edit {
        file: file.into(),
        before: before.to_owned(),
        after: after.strip_suffix('\n').unwrap_or(after).to_owned(),
    })
}

impl Mutation {
    /// Returns the faulty text of each file that it changes, below the repository's root.
    pub fn applied(&self, root: &Path) -> Result<BTreeMap<PathBuf, String>, MutationError> {
        let mut texts = BTreeMap::new();
        for Edit {
            file,
            before,
            after,
        } in &self.edits
        {
            let text = match texts.remove(file) {
                Some(text) => text,
                None => fs::read_to_string(root.join(file))
                    .map_err(|error| self.error(&format!("{}: {error}", file.display())))?,
            };
            let found = text.matches(before.as_str()).count();
            if found != 1 {
                let file = file.display();
                return Err(self.error(&format!(
                    "{file} has its text {found} times: fix the mutation\n{before}"
                )));
            }
            texts.insert(file.clone(), text.replacen(before.as_str(), after, 1));
        }
        Ok(texts)
    }

    fn error(&self, problem: &str) -> MutationError {
        MutationError(format!("{}: {problem}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn every_mutation_fits_the_code() {
        let mutations = read(&root().join(DIRECTORY)).unwrap();
        assert!(mutations.len() >= 50);
        for mutation in mutations {
            for (file, text) in mutation.applied(&root()).unwrap() {
                assert_ne!(text, fs::read_to_string(root().join(file)).unwrap());
            }
        }
    }

    #[test]
    fn a_mutation_is_a_title_and_edits() {
        let text = "# Late.\n# test: -p simulation --test late\n\n--- a.rs\n<<<<\none\n====\ntwo\n>>>>\n\n\
                    --- b.rs\n<<<<\ngone\n====\n>>>>\n";
        let mutation = parse("late", text).unwrap();
        assert_eq!(mutation.title, "Late.");
        assert_eq!(
            mutation.test.unwrap(),
            ["-p", "simulation", "--test", "late"]
        );
        let edits: Vec<(&str, &str)> = (mutation.edits.iter())
            .map(|edit| (edit.before.as_str(), edit.after.as_str()))
            .collect();
        assert_eq!(edits, [("one", "two"), ("gone", "")]);
        for wrong in [
            "",
            "no title\n--- a\n<<<<\nx\n====\ny\n>>>>",
            "# Title.\n",
            "# Title.\n\n--- a\n<<<<\nx\n>>>>\n",
        ] {
            assert_eq!(parse("wrong", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_mutation_that_no_longer_fits_is_named() {
        let old =
            "# Old.\n\n--- README.md\n<<<<\nno such text anywhere in it\n====\nanother\n>>>>\n";
        let problem = parse("old", old).unwrap().applied(&root()).unwrap_err();
        let said = problem.to_string();
        assert!(
            said.starts_with("old: README.md has its text 0 times"),
            "{said}"
        );
    }

    #[test]
    fn a_directory_without_mutations_is_named() {
        let problem = read(&root().join("docs")).unwrap_err().to_string();
        assert!(
            problem.starts_with("there are no mutations in "),
            "{problem}"
        );
    }
}
