"""The language of every document: sentences of at most 25 words, and, by textlint, no word that stops a reader."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sentences
import tree
from program.paths import ROOT
from tools import node_packages
from tools.venvs import REQUIREMENTS

pytestmark = pytest.mark.quick

DIRECTORY = REQUIREMENTS / "textlint"
CONFIGURATIONS = ("textlint.json", "textlint-for-readers.json")
# The pages that a user reads have more rules.
READERS = ("README.md", "docs/README.md", "docs/guide/", "docs/operate/", "docs/reference/", "terraform/README.md")
EXCEPTIONS = {
    "README.ko.md": "Korean",
    "tests/fake-aws/README.md": "AWS's own words, and rows that say what AWS may do",
}
# Documents whose sentences are not checked, besides.
LONG = {
    "docs/evidence/performance.md": "tables of measurements with remarks",
    "docs/reference/inputs.md": "written from the comments of types",
}
LICENCES = {
    *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "ISC", "MIT", "(MIT OR CC0-1.0)", "CC0-1.0", "WTFPL"),
    *("CC-BY-3.0", "Python-2.0"),
}
# Their package.json has none, or an old form of it: MIT, by the file that they bring.
MIT = ("format", "boundary", "structured-source")


def textlint(configuration: str, files: list[Path]) -> Iterator[str]:
    home = node_packages.ensure("textlint", DIRECTORY, (*CONFIGURATIONS, "words.yml", "words-for-readers.yml"))
    command = [home / "node_modules/.bin/textlint", "--config", configuration, "--format", "json", *files]
    ran = subprocess.run(command, cwd=home, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr
    for found in json.loads(ran.stdout):
        path = Path(found["filePath"])
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name
        yield from (f"{name}:{each['line']}: {each['message']}" for each in found["messages"])


@pytest.mark.parametrize(
    ("configuration", "text", "said"),
    [
        ("textlint.json", f"{'word ' * 25}word.", "maximum word count of 25"),
        ("textlint.json", "A message may come twice.", "can come"),
        ("textlint.json", "It mends the row, which was sent for again.", "requeue"),
        ("textlint-for-readers.json", "The cost of what waits.", "of the NOUN that waits"),
        ("textlint-for-readers.json", "What waits is free.", "The NOUN that waits"),
    ],
)
def test_what_stops_a_reader_is_found(tmp_path: Path, configuration: str, text: str, said: str) -> None:
    (tmp_path / "one.md").write_text(f"# One\n\n{text}\n")
    assert any(said in found for found in textlint(configuration, [tmp_path / "one.md"]))


def test_what_does_not_is_let_through(tmp_path: Path) -> None:
    text = f"# One\n\n{'word ' * 24}word. The role may read. `may be`\n\n```sh\nwhat waits may be mended\n```\n"
    (tmp_path / "one.md").write_text(text)
    assert list(textlint("textlint-for-readers.json", [tmp_path / "one.md"])) == []


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_every_document_can_be_read(configuration: str) -> None:
    names = [name for name in tree.documents() if name not in EXCEPTIONS]
    if configuration == "textlint-for-readers.json":
        names = [name for name in names if name.startswith(READERS)]
    assert len(names) > 25
    assert list(textlint(configuration, [ROOT / name for name in names])) == []


def test_a_long_sentence_is_found_over_several_lines() -> None:
    words = "word " * 13
    text = f"# One\n\nShort.\nA {words}\n{words.strip()}.\n\n- `a.b` {words}\n  `c`. A {words}\n\n| {words} | {words} |\n"
    assert [line for line, _ in sentences.too_long(text)] == [3]


@pytest.mark.parametrize("name", [name for name in tree.documents() if name not in EXCEPTIONS.keys() | LONG.keys()])
def test_no_sentence_is_too_long(name: str) -> None:
    assert list(sentences.too_long(tree.documents()[name])) == []


def test_an_exception_is_a_document() -> None:
    assert EXCEPTIONS.keys() | LONG.keys() <= set(tree.documents())


def test_the_packages_have_licences_that_others_may_use() -> None:
    packages = json.loads((DIRECTORY / "package-lock.json").read_text())["packages"]
    assert len(packages) > 100
    others = {name for name, each in packages.items() if name and each.get("license") not in LICENCES}
    assert {name.rpartition("/")[2] for name in others} == set(MIT)
