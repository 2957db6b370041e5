"""What the composition refuses: the runs of terraform/tests that expect only that, one test each, without the provider."""

from pathlib import Path

import pytest
import without_provider
from terraform_runs import REFUSED, Result

pytestmark = pytest.mark.quick


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return without_provider.results(tmp_path_factory.mktemp("refused"), REFUSED)


@pytest.mark.parametrize("run", [str(run) for run in REFUSED])
def test_refused(run: str, results: dict[str, Result]) -> None:
    assert (results[run].status, results[run].errors) == ("pass", [])


def test_every_variable_is_there_with_every_rule(tmp_path: Path) -> None:
    """And stands where it stood; what else is there does not differ either."""
    without_provider.write(tmp_path)
    rules = 0
    for source in without_provider.COMPOSITION.glob("*.tf"):
        before, after = source.read_text().splitlines(), (tmp_path / source.name).read_text().splitlines()
        assert len(after) == len(before)
        inside = False
        for old, new in zip(before, after):
            inside = inside or old.startswith("variable ")
            assert new == old or (new == "" and not inside), f"{source.name}: {old}"
            rules += new.startswith("  validation {")
            inside = inside and old != "}"
    assert rules > 80
