"""What scripts/demo --keep says one may type, and the documented commands for the control item."""

import itertools
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo import kept, reports
from demo.kept import Kept
from demo.stack import Names
from emulator.aws import Aws
from program.paths import ROOT

# Instead of the AWS CLI: tells what it is called with, and what it is given.
CLI = """#!/usr/bin/env python3
import json, os, sys
given = sys.stdin.read() if "-" in sys.argv else ""
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps({"arguments": sys.argv[1:], "given": given}), file=calls)
"""
NAMES = Names(**{name: f"the-{name}" for name in Names.__dataclass_fields__})
KEY = {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}


def calls(script: str, directory: Path) -> list[dict]:
    """What that shell script would call the AWS CLI with, in turn."""
    (directory / "aws").write_text(CLI)
    (directory / "aws").chmod(0o755)
    environment = {**os.environ, "PATH": f"{directory}{os.pathsep}{os.environ['PATH']}", "CALLS": str(directory / "calls")}
    environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    subprocess.run(["bash", "-euc", script], env=environment, check=True, stdin=subprocess.DEVNULL)
    return [json.loads(line) for line in (directory / "calls").read_text().splitlines()]


def options(call: dict) -> dict[str, str]:
    """The options of a call that have a value, by name."""
    words = call["arguments"]
    return {word: value for word, value in itertools.pairwise(words) if word.startswith("--")}


def hints(directory: Path) -> dict[str, str]:
    """The guide's commands, by what they are for."""
    guide = kept.guide(Kept(directory, "http://127.0.0.1:1", 0), NAMES, "device-1")
    lines = [line.strip() for line in guide.splitlines()]
    return {what.removeprefix("# "): command for what, command in zip(lines[::2], lines[1::2], strict=True)}


def documented() -> str:
    """The block of commands about the control item."""
    text = (ROOT / "docs/operations.md").read_text()
    section = text.split("## Change the pace, pause, resume")[1].split("\n## ")[0]
    return re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]


class Control:
    """A control item, and the calls of the AWS CLI that change it."""

    def __init__(self, aws: Aws, table: str) -> None:
        self._aws, self._table = aws, table

    def carry_out(self, call: dict) -> None:
        service, action = [word for word in call["arguments"] if not word.startswith(("--", "http"))][:2]
        given = options(call)
        assert service == "dynamodb"
        assert json.loads(given["--key"]) == KEY
        request = {"TableName": self._table, "Key": KEY}
        if action == "delete-item":
            self._aws.dynamodb.delete_item(**request)
            return
        assert action == "update-item", f"{action} would lose what else the item says"
        if values := given.get("--expression-attribute-values"):
            request["ExpressionAttributeValues"] = json.loads(values)
        self._aws.dynamodb.update_item(**request, UpdateExpression=given["--update-expression"])

    def says(self) -> dict:
        item = self._aws.dynamodb.get_item(TableName=self._table, Key=KEY).get("Item", {})
        return {name: value for name, value in item.items() if name not in ("pk", "sk", "since")}

    def since(self) -> str | None:
        item = self._aws.dynamodb.get_item(TableName=self._table, Key=KEY).get("Item", {})
        return item.get("since", {}).get("S")


@pytest.fixture
def control(aws: Aws) -> Iterator[Control]:
    keys = [{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))]
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    name = "a-ledger"
    aws.dynamodb.create_table(TableName=name, KeySchema=keys, AttributeDefinitions=kinds, BillingMode="PAY_PER_REQUEST")
    yield Control(aws, name)
    aws.dynamodb.delete_table(TableName=name)


def test_the_documented_commands_change_what_they_say_and_nothing_else(control: Control, tmp_path: Path) -> None:
    look, limit, no_limit, pause, resume, nothing = calls(documented(), tmp_path)
    assert "get-item" in look["arguments"]
    five, paused = {"max_concurrency": {"N": "5"}}, {"paused": {"BOOL": True}}
    for change, says in (
        (limit, five),
        (pause, five | paused),
        (resume, five),
        (pause, five | paused),
        (no_limit, paused),
        (resume, {}),
        (limit, five),
    ):
        control.carry_out(change)
        assert control.says() == says, change
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", control.since())
    control.carry_out(nothing)
    assert (control.says(), control.since()) == ({}, None)


def test_the_demos_hints_pause_and_resume_and_keep_a_limit(control: Control, tmp_path: Path) -> None:
    said = hints(tmp_path)
    pause, resume = (calls(said[what], tmp_path)[-1] for what in ("pause", "resume"))
    assert options(pause)["--table-name"] == NAMES.ledger
    control.carry_out(calls(documented(), tmp_path)[-5])
    control.carry_out(pause)
    assert control.says() == {"max_concurrency": {"N": "5"}, "paused": {"BOOL": True}}
    control.carry_out(resume)
    assert control.says() == {"max_concurrency": {"N": "5"}}


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
