"""The language of comments and of Terraform's descriptions: as of the documents, see test_language.py."""

import pytest
import tree
import wording

pytestmark = pytest.mark.quick

# Comments that are no sentences.
NO_SENTENCES = {
    "scripts/parts/toolchain.sh": "its usage",
    "scripts/requirements/ruff.toml": "a remark beside each rule",
    "terraform/examples/deploy-pipeline/deploy.sh": "its usage",
}


@pytest.mark.parametrize(
    ("name", "text", "faults"),
    [
        ("a.rs", "/// Returns what is left.\nfn a() {}\n\n// For who waits.\n", ["a.rs:1: what: ", "a.rs:4: who: "]),
        ("a.rs", "// Whatever comes.\n// It may come twice.\n", ["a.rs:1: Whatever: ", "a.rs:2: may: "]),
        ("a.rs", "// The person who reads, at the place where it is. `what may` <https://a/what>\n", []),
        ("a.rs", "/// ```\n/// // what may\n/// ```\n", []),
        ("a.rs", 'let a = "what may";\n', []),
        (
            "handlers/a.rs",
            'let a = "remove {what} it \\\n    excludes, or what it has";\nlet b = "what may";\n',
            ["a.rs:1: what: "],
        ),
        ("handlers/a.rs", '#[cfg(test)]\nlet a = "name of what may come";\n', []),
        ("handlers/tests/a.rs", 'let a = "name of what may come";\n', []),
        ("a.py", '"""One.\n\nWhat it does.\n"""\n', ["a.py:3: What: "]),
        (
            "terraform/a.tf",
            '# It may send.\n# It may be late.\n  description = "What it is."\n',
            ["a.tf:2: may: ", "a.tf:3: What: "],
        ),
        (
            "terraform/a.tf",
            '  error_message = "${each.value.what} has {} of ${join(", ", [for it in a : "${it}"])}, what else."\n',
            ["1: what: "],
        ),
        ("terraform/a.tf", '  description = "The ${var.what}."\n', []),
        ("a.mutation", "# What it is.\n# test: what\n", ["a.mutation:1: What: "]),
    ],
)
def test_what_stops_a_reader_of_code_is_found(name: str, text: str, faults: list[str]) -> None:
    found = list(wording.found(name, text))
    assert len(found) == len(faults)
    assert all(fault in each for fault, each in zip(faults, found))


def test_a_long_sentence_is_found_over_the_lines_of_a_comment_and_no_further() -> None:
    words = "word " * 13
    assert [found[:7] for found in wording.long("a.rs", f"// A {words}\n// {words.strip()}.\n")] == ["a.rs:1:"]
    assert list(wording.long("a.rs", f"/// A {words}\n// {words.strip()}.\n\n// {words.strip()}.\n")) == []


def test_a_long_message_is_found() -> None:
    words = "word " * 26
    assert [found[:16] for found in wording.long("handlers/a.rs", f'//! A.\nlet a = "A {words}";\n')] == ["handlers/a.rs:2:"]
    assert list(wording.long("handlers/a.rs", f'let a = "{"word " * 13}.\\n{"word " * 13}";\n')) == []


def test_a_function_whose_documentation_opens_with_a_noun_is_found() -> None:
    text = (
        "/// Returns it.\npub fn a() {}\n\n/// The answer.\n#[must_use]\npub(crate) async fn b() {}\n\n/// The rest.\nfn c() {}\n"
    )
    assert list(wording.without_a_verb("a.rs", text)) == ["a.rs:4: b: The answer."]


def test_a_wide_comment_is_found_and_no_wide_code() -> None:
    wide = "x" * 100
    text = f"// {wide}\n    /// {wide}\nlet a = {wide};\n// https://{wide}\n//! {wide[:96]}\n"
    assert list(wording.wide("a.rs", text)) == ["a.rs:1: wider than 100", "a.rs:2: wider than 100"]


def test_no_comment_and_no_description_stops_a_reader() -> None:
    assert [found for name, text in tree.code().items() for found in wording.found(name, text)] == []


def test_no_sentence_of_a_comment_is_too_long() -> None:
    assert [found for name, text in tree.code().items() if name not in NO_SENTENCES for found in wording.long(name, text)] == []


def test_documentation_of_functions_opens_with_a_verb() -> None:
    functions = {name: text for name, text in tree.code().items() if name.endswith(".rs")}
    assert [found for name, text in functions.items() for found in wording.without_a_verb(name, text)] == []


def test_no_comment_of_rust_is_wider_than_100() -> None:
    rust = {name: text for name, text in tree.code().items() if name.endswith(".rs")}
    assert [found for name, text in rust.items() for found in wording.wide(name, text)] == []


def test_the_paths_are_there() -> None:
    assert NO_SENTENCES.keys() <= tree.code().keys()
