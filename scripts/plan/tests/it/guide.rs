//! The answers on pages are the output of their commands. `SPILLWAY_WRITE=1 cargo test -p plan
//! guide` writes them anew.

use std::path::Path;

use crate::support::try_plan;

/// Pages with answers, and how many they have at least.
const PAGES: [(&str, usize); 3] = [("adapt.md", 1), ("numbers.md", 3), ("tenants.md", 1)];

/// A command of the guide, and the answer below it.
struct Shown {
    command: String,
    answer: String,
}

/// Each block of a command that is followed by a block of text.
fn shown(guide: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    for part in guide.split("```sh\n").skip(1) {
        let Some((command, rest)) = part.split_once("```\n") else {
            continue;
        };
        if let Some(answer) = rest.trim_start().strip_prefix("```text\n")
            && let Some((answer, _)) = answer.split_once("```\n")
        {
            all.push(Shown {
                command: command.to_owned(),
                answer: answer.to_owned(),
            });
        }
    }
    all
}

/// The arguments of `spillway plan …`, over several lines, without quotation marks.
fn arguments(command: &str) -> Vec<String> {
    let words = command.replace("\\\n", " ");
    let words = words.split_whitespace().skip(2);
    words.map(|word| word.replace('\'', "")).collect()
}

/// Checks the answers of a page, or writes them.
fn check(page: &str, least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let path = path.join(page);
    let mut guide = std::fs::read_to_string(&path).unwrap();
    let all = shown(&guide);
    assert!(all.len() >= least, "{page} has {} answers", all.len());
    let write = std::env::var_os("SPILLWAY_WRITE").is_some();
    for Shown { command, answer } in all {
        assert!(command.starts_with("spillway plan "), "{command}");
        let arguments = arguments(&command);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let told = try_plan(&arguments).unwrap_or_else(|wrong| panic!("{command}: {wrong}"));
        let text = format!("{}\n", told.text.trim_end());
        if write {
            guide = guide.replacen(
                &format!("{command}```\n\n```text\n{answer}"),
                &format!("{command}```\n\n```text\n{text}"),
                1,
            );
        } else {
            assert_eq!(answer, text, "{command}");
        }
    }
    if write {
        std::fs::write(&path, guide).unwrap();
    }
}

#[test]
fn pages_show_what_their_commands_print() {
    for (page, least) in PAGES {
        check(page, least);
    }
}
