"""The options of all scripts: a number out of range, or no number at all, is refused before anything is done."""

import argparse
import re
from collections.abc import Callable

import pytest
import variables
from bench import options as bench
from build import __main__ as build
from demo import options as demo
from pages import __main__ as site
from program.numbers import Whole
from program.paths import ROOT, SCRIPTS
from release import __main__ as release
from suite import options as suite

PARSE: dict[str, Callable[[list[str]], object]] = {
    "bench": bench.parse,
    "build": build.parse,
    "demo": demo.parse,
    "release": release.parse,
    "site": site.parse,
    "test": suite.parse,
    "variables": variables.parse,
}


class _CaughtError(Exception):
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def parser(script: str, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """The parser of the script's arguments."""

    def caught(self: argparse.ArgumentParser, *_: object) -> None:
        raise _CaughtError(self)

    with monkeypatch.context() as instead:
        instead.setattr(argparse.ArgumentParser, "parse_args", caught)
        with pytest.raises(_CaughtError) as raised:
            PARSE[script]([])
    return raised.value.parser


def numeric(script: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Whole]:
    actions = parser(script, monkeypatch)._actions
    return {action.option_strings[0]: action.type for action in actions if isinstance(action.type, Whole)}


# Of Rust: tests/simulation, scripts/operator.
RUST = {"mutate", "simulate", "spillway"}


def test_every_script_is_looked_at() -> None:
    assert PARSE.keys() | RUST == {path.name for path in SCRIPTS.iterdir() if path.is_file()}


@pytest.mark.parametrize("script", PARSE)
def test_no_number_goes_without_a_range(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {action.dest: action.type for action in parser(script, monkeypatch)._actions}
    assert not [dest for dest, kind in kinds.items() if kind in (int, float)], kinds


@pytest.mark.parametrize("script", PARSE)
def test_a_number_out_of_range_is_refused_with_the_range(
    script: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for option, whole in numeric(script, monkeypatch).items():
        wrong = [whole.least - 1, whole.most + 1, -1, "", "many", "1.5", "1e3", "1_0", " 1", "٣", "9" * 30]
        for value in wrong:
            with pytest.raises(SystemExit) as refused:
                PARSE[script]([f"{option}={value}"])
            said = capsys.readouterr().err
            assert refused.value.code == 2, (option, value)
            assert option in said, (value, said)
            assert f"from {whole.least:,} to {whole.most:,}" in said, (value, said)
        for value in (whole.least, whole.most):
            PARSE[script]([f"{option}={value}"])


def test_there_are_numbers_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    of = {script: set(numeric(script, monkeypatch)) for script in PARSE}
    assert of["demo"] == {"--objects", "--max-concurrency", "--seed"}


def test_the_demos_limit_is_the_modules() -> None:
    text = (ROOT / "terraform/modules/input/variables-pace.tf").read_text()
    bounds = r"pace\.max_concurrency >= (\d+) && var\.pace\.max_concurrency <= \(var\.pace\.slot_partitions == 16 \? \d+ : (\d+)\)"
    (least, most) = re.search(bounds, text).groups()
    assert Whole(int(least), int(most)) == demo.MAX_CONCURRENCY
