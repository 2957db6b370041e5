"""The composition's refusals: the runs of modules/input/tests, one test each."""

import input_runs
import pytest
from terraform_runs import REFUSED, Result

pytestmark = pytest.mark.quick


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return input_runs.results(tmp_path_factory.mktemp("refused"), REFUSED)


@pytest.mark.parametrize("run", [str(run) for run in REFUSED])
def test_refused(run: str, results: dict[str, Result]) -> None:
    assert (results[run].status, results[run].errors) == ("pass", [])
