"""The commands that scripts/demo --keep offers."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

from demo import kept, reports
from demo.kept import Kept
from demo.stack import Names

# Instead of the AWS CLI: tells its arguments, and its input.
CLI = """#!/usr/bin/env python3
import json, os, sys
given = sys.stdin.read() if "-" in sys.argv else ""
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps({"arguments": sys.argv[1:], "given": given}), file=calls)
"""
NAMES = Names(**{name: f"the-{name}" for name in Names.__dataclass_fields__})


def calls(script: str, directory: Path) -> list[dict]:
    """The arguments with which that shell script would call the AWS CLI, in turn."""
    (directory / "aws").write_text(CLI)
    (directory / "aws").chmod(0o755)
    environment = {**os.environ, "PATH": f"{directory}{os.pathsep}{os.environ['PATH']}", "CALLS": str(directory / "calls")}
    environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    subprocess.run(["bash", "-euc", script], env=environment, check=True, stdin=subprocess.DEVNULL)
    return [json.loads(line) for line in (directory / "calls").read_text().splitlines()]


def hints(directory: Path) -> dict[str, str]:
    """The guide's commands, by their purpose."""
    guide = kept.guide(Kept(directory, "http://127.0.0.1:1", 0), NAMES, "device-1")
    lines = [line.strip() for line in guide.splitlines()]
    return {what.removeprefix("# "): command for what, command in zip(lines[::2], lines[1::2], strict=True)}


def test_the_demos_hints_look_pause_and_resume_by_the_operators_program(tmp_path: Path) -> None:
    said = hints(tmp_path)
    for what, words in (("is it healthy", ["status"]), ("pause", ["pause", "--reason", "a look around"]), ("resume", ["resume"])):
        assert shlex.split(said[what]) == ["scripts/spillway", "-p", "the-dispatch", *words]


def test_the_demos_hint_uploads_a_report_that_is_there(tmp_path: Path) -> None:
    (call,) = calls(hints(tmp_path)["one more upload"], tmp_path)
    source, target = call["arguments"][-2:]
    assert (source, target) == ("-", f"s3://{NAMES.bucket}/status/one-more.json")
    report = json.loads(call["given"])
    assert set(report) == {"device_id", "status", "time"}
    assert report["device_id"] == "device-1"
    # So it is the device's latest, and is shown.
    assert report["time"] > max(of.time for of in reports.generate(300))


def test_the_hints_name_no_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "env").touch()
    for what, command in hints(tmp_path).items():
        for word in shlex.split(command):
            if re.fullmatch(r"[\w./-]+\.\w{2,4}|.*/env", word):
                assert Path(word).exists(), f"{what}: {word}"
