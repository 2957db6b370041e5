"""Every command line of the guide, of the operator's pages and of the reference, as it stands there."""

import command_lines
import pytest
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

LINES = command_lines.of_pages()


@pytest.mark.parametrize("line", LINES)
def test_a_command_does_what_the_page_says(line: str, quiet: Running) -> None:
    command_lines.check(line, quiet)


def test_the_page_has_them_all() -> None:
    shown = {word for line in LINES for word in line.split()[1:]}
    for command in ("list", "status", "doctor", "pause", "resume", "set", "unset", "explain", "running", "tick", "redrive"):
        assert command in shown
    for command in ("replay", "discard", "backfill", "reconcile"):
        assert command in shown
