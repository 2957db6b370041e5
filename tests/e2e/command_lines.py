"""The operator's command lines of a page, and the result of each on a pipeline."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from build import operators
from one_pipeline import Pipeline, wait
from program.paths import ROOT

# The output of a line that cannot do its work on this pipeline, and its exit status: by its first words, without the pipeline.
_REFUSED = {
    # The schedule of this site is off.
    "doctor": (1, "_tick is disabled"),
    "running --stop": (1, "no slot of"),
    # None of its sources comes via lambda, eventbridge or a topic, and it lists no bucket.
    "redrive --stage ingest": (1, "has no stage ingest"),
    "redrive --stage rules": (1, "has no stage rules"),
    "backfill": (1, "may not list"),
    "reconcile --object": (1, "may not list"),
    # It has one lane: tests/e2e/test_lanes.py sets the bound of one of two.
    "set lanes.bulk.": (2, 'there is no lane "bulk"; give one of default'),
}


# The runbook has a test of its own, and so have the answers of spillway plan; the program cannot be installed into this pipeline.
_ELSEWHERE = ("runbook", "numbers", "install")


def in_blocks(page: str | Path) -> list[str]:
    """Those of its blocks of commands, each on one line."""
    text = re.sub(r"\\\n\s*", "", (ROOT / page).read_text())
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.startswith("spillway")]


def of_pages() -> list[str]:
    """Those in blocks of the guide, of the operator's pages but the runbook, and of the reference: each once."""
    pages = [path for part in ("guide", "operate", "reference") for path in sorted((ROOT / "docs" / part).glob("*.md"))]
    return list(dict.fromkeys(line for page in pages if page.stem not in _ELSEWHERE for line in in_blocks(page)))


def in_sentences(text: str) -> list[str]:
    """Those between backticks, each once."""
    return list(dict.fromkeys(re.findall(r"`(spillway [^`]+)`", text)))


def without_pipeline(line: str) -> str:
    return re.sub(r"^spillway -p \S+ ", "spillway ", line)


def under(page: str, heading: str) -> list[str]:
    """Those of its sentences under a heading."""
    (section,) = re.findall(rf"^## {heading}$(.*?)(?=^## |\Z)", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return in_sentences(section)


def run(line: str, running: Pipeline, key: str = "status/7.json", execution: str = "device-7-0123") -> subprocess.CompletedProcess:
    """As a person types it, with this pipeline, its bucket, an object's key and an execution for those that the page names."""
    names = {"my-bucket": running.bucket, "device-status": running.name, "status/7.json": key, "hello.txt": key}
    names["device-7-0123"] = execution
    names["$(terraform output -raw bucket)"] = running.bucket
    words = [running.name if word in ("NAME", "reports") else word for word in shlex.split(line)]
    for named, own in names.items():
        words = [word.replace(named, own) for word in words]
    environment = {**os.environ, **running.emulator.environment, "SPILLWAY_PIPELINE": running.name}
    command = [str(operators.program()), *words[1:]]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def check(line: str, running: Pipeline) -> None:
    """It does its work as on the page, or is refused for a part that this pipeline does not have."""
    if " lease release" in line:
        # Another test can have left it to a tick that died.
        wait(lambda: running.tick()["LeaseBusy"] == 0, "the lease is held")
    ended = run(line, running)
    if without_pipeline(line) == "spillway schedule on":
        # The ticks of this site are invoked by the tests.
        assert run("spillway -p NAME schedule off", running).returncode == 0
    refused = [told for start, told in _REFUSED.items() if without_pipeline(line).startswith(f"spillway {start}")]
    if refused:
        ((status, said),) = refused
        assert (ended.returncode, said in ended.stdout + ended.stderr) == (status, True), ended
    else:
        assert ended.returncode == 0, ended
        assert ended.stdout.strip(), ended
