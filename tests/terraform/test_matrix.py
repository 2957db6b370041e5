"""docs/matrix.md lists what Terraform accepts, each with a test that is there."""

import os
import re
import subprocess
import sys

import pytest
from program.paths import ROOT, SCRIPTS

DOCUMENT = (ROOT / "docs/matrix.md").read_text()


def rows() -> dict[str, str]:
    """The tests, by combination as Terraform writes it."""
    table = re.findall(r"^\| (\w+) \| (one|many) \| (\w+) \| (\w+) \| ([\w-]+) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    return {" / ".join(cell): tests for *cell, tests in table}


def accepted() -> list[str]:
    source = (ROOT / "terraform/modules/input/matrix.tf").read_text()
    cells = source[source.index("_cells = [") : source.index("]", source.index("_cells = ["))]
    return re.findall(r'^    "(.*)",$', cells, re.MULTILINE)


def named() -> set[str]:
    return set(re.findall(r"`(tests/[^`]*::[^`]*)`", DOCUMENT))


@pytest.fixture(scope="session")
def collected() -> set[str]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/e2e"]
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return set(shown.stdout.splitlines())


def test_every_combination_that_terraform_accepts_is_listed_and_no_other() -> None:
    assert len(accepted()) > 20
    assert sorted(rows()) == sorted(accepted())
    assert len(set(accepted())) == len(accepted())


def test_every_row_names_a_test() -> None:
    without = [cell for cell, tests in rows().items() if not re.search(r"`tests/[^`]*::[^`]*`", tests)]
    assert without == []


def test_every_test_that_is_named_is_there(collected: set[str]) -> None:
    assert len(named()) > 20
    assert sorted(named() - collected) == []


def test_a_row_names_the_test_of_its_own_way_and_format() -> None:
    for cell, tests in rows().items():
        *_, way, _, input_format = cell.split(" / ")
        assert f"-{way}-{input_format}]" in tests, cell
