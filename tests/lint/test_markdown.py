"""Every document shows as it was meant, and its links lead somewhere: by rumdl, and by checks of its own. No network is asked."""

import subprocess
import sys
from pathlib import Path

import markdown
import prose
import pytest
import tree
from program.paths import ROOT

pytestmark = pytest.mark.quick

TABLE = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def rumdl(directory: Path, names: list[str]) -> str:
    config = ROOT / "scripts/requirements/rumdl.toml"
    command = [Path(sys.executable).parent / "rumdl", "check", "--no-cache", "--color", "never", "--config", config, *names]
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout if ran.returncode else ""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("* one\n* two\n\n* three\n", "MD076"),
        (f"{TABLE}| 3 | 4 | 5 |\n", "MD056"),
        (f"Text.\n{TABLE}", "MD058"),
        ("```sh\nls\n", "MD046"),
        ("[a](nothing.md)\n", "MD057"),
        ("![a](nothing.svg)\n", "MD057"),
        ("[a](#nowhere)\n", "MD051"),
        ("[a](other.md#nowhere)\n", "MD051"),
        ("[a][nowhere]\n", "MD052"),
        ("[a]()\n", "MD042"),
    ],
)
def test_rumdl_finds_what_is_broken(tmp_path: Path, text: str, rule: str) -> None:
    (tmp_path / "one.md").write_text(f"# One\n\n{text}")
    (tmp_path / "other.md").write_text("# Other\n")
    assert f"[{rule}]" in rumdl(tmp_path, ["one.md", "other.md"])


def test_rumdl_lets_through_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(
        f"# One\n\n* one\n* two\n\n{TABLE}\n[a](other.md#other), [b](#one), [c](https://example.com)\n"
    )
    (tmp_path / "other.md").write_text("# Other\n")
    assert rumdl(tmp_path, ["one.md", "other.md"]) == ""


def test_no_document_is_broken() -> None:
    names = list(tree.documents())
    assert len(names) > 40
    assert rumdl(ROOT, names) == ""


def test_a_line_that_a_table_swallows_is_found() -> None:
    assert list(markdown.swallowed(f"{TABLE}MILLION\n| 3 | 4 |\n")) == [(4, "MILLION")]
    assert list(markdown.swallowed(f"{TABLE}\nText.\n\n```text\n{TABLE}more\n```\n")) == []


def test_no_table_swallows_a_line() -> None:
    swallowed = {name: list(markdown.swallowed(text)) for name, text in tree.documents().items()}
    assert {name: lines for name, lines in swallowed.items() if lines} == {}


@pytest.mark.parametrize(
    "address", ["https:/example.com", "http://example.com/a", "https://", "https://example", "https:example.com"]
)
def test_an_address_that_is_none_is_found(address: str) -> None:
    assert list(markdown.ill_formed(f"Text.\n[a]({address}).")) == [(2, address)]


def test_addresses_are_let_through() -> None:
    assert list(markdown.ill_formed("<https://docs.rs/a/1.0/b#c>, https://example.com. `http://127.0.0.1:4566`")) == []


def test_all_addresses_are_well_formed() -> None:
    texts = {**tree.documents(), **{name: prose.comments(name, text) for name, text in tree.code().items()}}
    ill = {name: list(markdown.ill_formed(text)) for name, text in texts.items() if not name.startswith("tests/lint/")}
    assert {name: addresses for name, addresses in ill.items() if addresses} == {}
