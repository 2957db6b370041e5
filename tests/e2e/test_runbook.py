"""Every command line of docs/operate/runbook.md, as it stands there."""

import re
from collections.abc import Iterator

import command_lines
import pytest
from program.paths import ROOT
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

RUNBOOK = (ROOT / "docs/operate/runbook.md").read_text()
LINES = command_lines.in_sentences(RUNBOOK)
# Commands of other pages are tested there.
ELSEWHERE = {command_lines.without_pipeline(line) for line in command_lines.of_pages()}
OWN = [line for line in LINES if command_lines.without_pipeline(line) not in ELSEWHERE]


@pytest.fixture(scope="module", autouse=True)
def steered_no_more(running: Running) -> Iterator[None]:
    """Afterwards nothing that the page pauses or sets is left."""
    yield
    assert command_lines.run("spillway -p NAME unset --all", running).returncode == 0


@pytest.mark.parametrize("line", OWN)
def test_a_command_does_what_the_page_says(line: str, running: Running) -> None:
    command_lines.check(line, running)


def test_the_page_says_what_to_do_by_this_program_alone() -> None:
    """No other program's command, and no item written by hand."""
    assert len(LINES) > 20
    assert set(command_lines.in_blocks("docs/operate/runbook.md")) <= set(LINES)
    assert not re.findall(r"\baws \w+ |put-item|update-item|curl ", RUNBOOK)
    assert all(line.startswith("spillway -p NAME ") for line in LINES), LINES
