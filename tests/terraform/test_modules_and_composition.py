"""terraform/tests, by the mocked provider and once by the real one: one test per run."""

from pathlib import Path

import pytest
from terraform_runs import DIRECTORY, FILES, REFUSED, RUNS, Result, Run, terraform_test
from tools.terraform import Terraform


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest, copy: Path, environment: dict[str, str]) -> dict[tuple[str, str], Result]:
    """Of the files that are asked for, in one go: Terraform reads the provider's schema once."""
    asked = {item.callspec.params["run"].file for item in request.session.items if getattr(item, "function", None) is test_run}
    terraform = Terraform(copy, environment)
    terraform.init()
    return terraform_test(terraform, sorted(asked))


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_run(run: Run, results: dict[tuple[str, str], Result]) -> None:
    result = results[run.file, run.name]
    assert (result.status, result.errors) == ("pass", [])


def test_no_run_is_overlooked() -> None:
    written = [line for text in FILES.values() for line in text.splitlines() if line.startswith("run ")]
    assert len(written) == len(RUNS) > 150
    assert len(REFUSED) > 100
    assert sorted(FILES) == sorted(path.name for path in DIRECTORY.iterdir() if ".tftest." in path.name)
