"""Every command line of docs/operations.md, as it stands there."""

import os
import re
import shlex
import subprocess

import pytest
from build import operators
from program.paths import ROOT
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

# What a line says on this pipeline where it does not do what it says: by how it begins.
REFUSED = {
    # The schedule of this site is off.
    "spillway -p device-status doctor": "_tick is disabled",
    "spillway running --stop": "no slot of",
    # None of its sources comes via lambda, and it lists no bucket.
    "spillway redrive --stage ingest": "has no stage ingest",
    "spillway backfill": "may not list",
    "spillway reconcile --object": "may not list",
}


def lines() -> list[str]:
    text = (ROOT / "docs/operations.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.startswith("spillway")]


@pytest.mark.parametrize("line", lines())
def test_a_command_does_what_the_page_says(line: str, quiet: Running) -> None:
    words = [word.replace("my-bucket", quiet.bucket).replace("device-status", quiet.name) for word in shlex.split(line)]
    environment = {**os.environ, **quiet.emulator.environment, "SPILLWAY_PIPELINE": quiet.name}
    command = [str(operators.program()), *words[1:]]
    ended = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    refused = [said for start, said in REFUSED.items() if line.startswith(start)]
    if refused:
        assert (ended.returncode, refused[0] in ended.stdout + ended.stderr) == (1, True), ended
    else:
        assert ended.returncode == 0, ended
        assert ended.stdout.strip(), ended


def test_the_page_has_them_all() -> None:
    shown = {word for line in lines() for word in line.split()[1:]}
    for command in ("list", "status", "doctor", "pause", "resume", "set", "unset", "explain", "running", "tick", "redrive"):
        assert command in shown
    for command in ("replay", "discard", "backfill", "reconcile"):
        assert command in shown
