"""docs/reference/matrix.md lists the combinations that Terraform accepts, each with a test that is there."""

import itertools
import os
import re
import subprocess
import sys

import input_runs
import pytest
from program.paths import PYTHONPATH, ROOT
from terraform_runs import Result, Run

DOCUMENT = (ROOT / "docs/reference/matrix.md").read_text()


def rows() -> dict[str, str]:
    """The tests, by combination as Terraform writes it."""
    table = re.findall(r"^\| (\w+) \| (one|many) \| (\w+) \| (\w+) \| ([\w-]+) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    return {" / ".join(cell): tests for *cell, tests in table}


def combinations() -> list[tuple[str, ...]]:
    ways = ("sqs", "eventbridge", "lambda")
    return list(
        itertools.product(("none", "latest", "each"), ("one", "many"), ways, ("standard", "fifo"), ("objects", "s3-notification"))
    )


def _run(combination: tuple[str, ...], *, tenants: bool = False) -> Run:
    order, events, way, queue, input_format = combination
    name = re.sub(r"\W", "_", "_".join([*combination, *(["tenants"] if tenants else [])]))
    workflow = f'order = "{order}", input_format = "{input_format}", events_per_execution = {2 if events == "many" else 1}'
    text = f"""run "{name}" {{
  command = plan

  variables {{
    fifo     = {str(queue == "fifo").lower()}
    buckets  = {{ a = {{ name = "bucket-a", notification = "owned", sources = {{ all = {{ via = "{way}" }} }} }} }}
    workflow = {{ definition = "{{}}", {workflow} }}
    tenants  = {'{ by = "1", max_concurrency = 5 }' if tenants else "null"}
  }}
}}
"""
    return Run("refused-workflow.tftest.hcl", name, text)


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Result]:
    runs = {combination: _run(combination) for combination in combinations()}
    results = input_runs.results(tmp_path_factory.mktemp("matrix"), list(runs.values()))
    return {combination: results[str(run)] for combination, run in runs.items()}


@pytest.fixture(scope="session")
def with_tenants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Of the combinations of the table, each with a bound of tenants."""
    runs = {cell: _run(tuple(cell.split(" / ")), tenants=True) for cell in rows()}
    results = input_runs.results(tmp_path_factory.mktemp("tenants"), list(runs.values()))
    return {cell: results[str(run)] for cell, run in runs.items()}


def named() -> set[str]:
    return set(re.findall(r"`(tests/[^`]*::[^`]*)`", DOCUMENT))


@pytest.fixture(scope="session")
def collected() -> set[str]:
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/e2e"]
    shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return set(shown.stdout.splitlines())


def test_every_combination_that_terraform_accepts_is_listed_and_no_other(planned: dict[tuple[str, ...], Result]) -> None:
    accepted = [" / ".join(combination) for combination, result in planned.items() if result.status == "pass"]
    assert len(planned) == 72
    assert len(accepted) > 20
    assert sorted(rows()) == sorted(accepted)


# By the rule that a combination breaks: the values refused for it alone, and why.
RULES = [
    (("none", "one", "sqs", "fifo", "objects"), "S3 cannot send to a FIFO queue"),
    (("none", "one", "eventbridge", "fifo", "objects"), "S3 cannot send to a FIFO queue"),
    (("none", "many", "lambda", "fifo", "objects"), "has no place in that order"),
    (("none", "many", "sqs", "standard", "s3-notification"), "S3's notification has no ids"),
    (("latest", "many", "sqs", "standard", "objects"), "hold up all of them for one"),
    (("each", "many", "sqs", "standard", "objects"), "hold up all of them for one"),
]


@pytest.mark.parametrize(("combination", "reason"), RULES, ids=lambda it: "-".join(it) if isinstance(it, tuple) else "")
def test_a_combination_is_refused_by_one_rule_with_its_reason(
    combination: tuple[str, ...], reason: str, planned: dict[tuple[str, ...], Result]
) -> None:
    [error] = set(planned[combination].errors)
    assert reason in error


def test_tenants_go_with_what_the_page_says(with_tenants: dict[str, Result]) -> None:
    accepted = {cell for cell, result in with_tenants.items() if result.status == "pass"}
    assert accepted == {cell for cell in rows() if cell.startswith("none / one / ") and " / fifo / " not in cell}
    refused = {cell: set(result.errors) for cell, result in with_tenants.items() if cell not in accepted}
    assert [cell for cell, errors in refused.items() if not all("leave tenants out" in error for error in errors)] == []


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
