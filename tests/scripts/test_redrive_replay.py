"""`spillway replay`: finished events are asked for once more."""

import datetime
import io
import itertools
import json
import os
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from build import operators
from emulator import Emulator
from emulator.aws import Aws
from redriven import NUMBERS, Pipeline, make, outputs

HOUR = 3_600_000


def millis(moment: str) -> int:
    return round(datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() * 1000)


class Ledger:
    """A pipeline's rows, as the handlers would have written them."""

    def __init__(self, aws: Aws, pipeline: Pipeline, lanes: dict[str, Pipeline], order: str = "none") -> None:
        self.aws, self.pipeline, self.table = aws, pipeline, f"{pipeline.name}_ledger"
        self._sequencers = itertools.count(1)
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        described = aws.dynamodb.create_table(
            TableName=self.table,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self.arn = described["TableDescription"]["TableArn"]
        self.lanes = [
            {"name": name, "queue_url": of.queue, "dead_letter_queue_url": of.dead, "priority": at}
            for at, (name, of) in enumerate(lanes.items())
        ]
        self._configure_dispatch(order)

    def _configure_dispatch(self, order: str) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("main.py", "")
        name = f"{self.pipeline.name}_dispatch"
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self.aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        variables = {
            "SPILLWAY_LEDGER_TABLE": self.table,
            "SPILLWAY_LEDGER_ARN": self.arn,
            "SPILLWAY_ORDER": order,
            # The first lane is the one of the lowest priority, at any place in the list.
            "SPILLWAY_LANES": json.dumps(self.lanes[::-1]),
        }
        self.aws.lambda_.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="main.run",
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": variables},
        )

    def put(self, key: str, state: str, attempt: int = 1, **more: str | int) -> str:
        """`key`: with its bucket. Returns the row's sort key."""
        sequencer = more.pop("sequencer", None) or f"{next(self._sequencers):018X}"
        row = {
            "pk": key,
            "sk": f"s#{sequencer}",
            "sequencer": sequencer,
            "v": 1,
            "state": state,
            "attempt": attempt,
            "event_name": "ObjectCreated:Put",
            "event_time": "2026-11-22T10:00:00.000Z",
            "finished_at": round(time.time() * 1000) - HOUR,
            **more,
        }
        self.write(row)
        return row["sk"]

    def write(self, item: dict) -> None:
        typed = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()}
        self.aws.dynamodb.put_item(TableName=self.table, Item=typed)

    def replay(self, *arguments: str) -> subprocess.CompletedProcess:
        return self.pipeline.spillway("-p", self.pipeline.name, "replay", *arguments)

    def asked(self, queue: str | None = None) -> list[tuple[str, int]]:
        """The objects and attempts that messages ask for."""
        found = []
        for message in self.pipeline.emulator.messages(queue or self.pipeline.queue):
            event = json.loads(message["Body"])["object"]
            # None: the first.
            attempt = message.get("MessageAttributes", {}).get("attempt", {"StringValue": "1"})["StringValue"]
            found.append((f"{event['bucket']}/{event['key']}", int(attempt)))
        return sorted(found)


@pytest.fixture
def ledger(aws: Aws, pipeline: Pipeline) -> Ledger:
    return Ledger(aws, pipeline, {"default": pipeline})


def test_an_object_is_asked_for_in_the_state_that_is_named(ledger: Ledger) -> None:
    ledger.put("uploads/a b", "DEAD", 3, error="UnknownDevice")
    ledger.put("uploads/a b", "SUCCEEDED", 1)
    ledger.put("uploads/other", "DEAD", 3)
    would = ledger.replay("--object", "s3://uploads/a b", "--dry-run")
    assert (would.returncode, "would ask for 1 attempt (1 DEAD)" in would.stdout, "attempt 4" in would.stdout) == (0, True, True), (
        would
    )
    assert ledger.asked() == []
    done = ledger.replay("--object", "s3://uploads/a b")
    assert done.returncode == 0, done
    assert "asked for 1 attempt (1 DEAD)" in done.stdout
    assert "are stale now" in done.stdout
    assert ledger.asked() == [("uploads/a b", 4)]
    assert ledger.replay("--object", "uploads/a b", "--state", "SUCCEEDED").returncode == 0
    assert ledger.asked() == [("uploads/a b", 2), ("uploads/a b", 4)]


def test_all_of_the_ledger_is_read_and_only_what_is_finished_is_asked_for(ledger: Ledger) -> None:
    for number, state in enumerate(("SUCCEEDED", "DEAD", "SUPERSEDED", "QUEUED", "STARTED", "RETRY", "WAITING")):
        for again in range(20):
            ledger.put(f"uploads/{state}/{again}", state, number)
    # The other items of a ledger.
    ledger.write({"pk": "uploads/DEAD/1", "sk": "head", "revision": 1})
    ledger.write({"pk": "slots", "sk": "x-1", "taken_at": 1})
    ledger.write({"pk": "control", "sk": "dispatch", "state": "DEAD"})
    done = ledger.replay("--all")
    assert (done.returncode, "asked for 20 attempts (20 DEAD)" in done.stdout) == (0, True), done
    assert f"reading all of {ledger.table}" in done.stdout
    assert "read units" in done.stdout
    assert ledger.asked() == sorted((f"uploads/DEAD/{number}", 2) for number in range(20))
    every = ledger.replay("--all", "--state", "SUCCEEDED", "--state", "SUPERSEDED")
    assert "asked for 40 attempts (20 SUCCEEDED, 20 SUPERSEDED)" in every.stdout
    assert len(ledger.asked()) == 60


def test_prefix_time_and_error_select_rows(ledger: Ledger) -> None:
    now = round(time.time() * 1000)
    ledger.put("uploads/status/1", "DEAD", 3, error="UnknownDevice", cause="device 7")
    ledger.put("uploads/status/2", "DEAD", 3, error="BrokenReport", finished_at=now - 3 * HOUR)
    ledger.put("uploads-of-others/status/3", "DEAD", 3, error="UnknownDevice")
    for arguments, count in (
        (("--prefix", "uploads/status/"), 2),
        (("--prefix", "uploads"), 2),
        (("--error", "DEVICE 7"), 1),
        (("--since", "2h"), 2),
        (("--until", "2h"), 1),
        (("--prefix", "uploads/", "--error", "unknown", "--since", "2h"), 1),
    ):
        assert f"would ask for {count} attempt" in ledger.replay(*arguments, "--dry-run").stdout, arguments


def test_what_ended_since_the_run_began_is_not_asked_for(ledger: Ledger) -> None:
    """This run, or the one before it, can have asked for it."""
    now = round(time.time() * 1000)
    ledger.put("uploads/1", "DEAD", 1, finished_at=now - HOUR)
    ledger.put("uploads/2", "DEAD", 2, finished_at=now + HOUR)
    done = ledger.replay("--all")
    assert ledger.asked() == [("uploads/1", 2)]
    until = done.stdout.split("--until ")[1].split()[0]
    assert now <= millis(until) <= now + 60_000
    ledger.put("uploads/1", "DEAD", 2, finished_at=millis(until) + 1, sequencer=f"{1:018X}")
    again = ledger.replay("--all", "--until", until)
    assert "asked for 0 attempts" in again.stdout
    assert ledger.asked() == [("uploads/1", 2)]


def test_two_runs_ask_for_the_same_attempt(ledger: Ledger) -> None:
    ledger.put("uploads/1", "SUCCEEDED", 5)
    for _ in range(2):
        assert ledger.replay("--object", "uploads/1", "--state", "SUCCEEDED").returncode == 0
    assert ledger.asked() == [("uploads/1", 6), ("uploads/1", 6)]


def test_a_fifo_queue_takes_the_same_attempt_once(aws: Aws, emulator: Emulator) -> None:
    pipeline = make(aws, emulator, f"pipeline-{next(NUMBERS)}", ".fifo")
    ledger = Ledger(aws, pipeline, {"default": pipeline})
    for _ in range(12):
        ledger.put("uploads/1", "DEAD", 3)
    ledger.put("uploads/2", "DEAD", 3)
    for _ in range(2):
        assert ledger.replay("--all").returncode == 0
    assert ledger.asked() == [("uploads/1", 4)] * 12 + [("uploads/2", 4)]
    # In their order, within the object's group.
    messages = pipeline.received(pipeline.queue)
    first = [json.loads(message["Body"])["object"]["sequencer"] for message in messages if '"1"' in message["Body"]]
    assert first == sorted(first)
    groups = {message["Attributes"]["MessageGroupId"] for message in messages if '"1"' in message["Body"]}
    assert len(groups) == 1


@pytest.fixture
def lanes(aws: Aws, emulator: Emulator) -> dict[str, Pipeline]:
    name = f"pipeline-{next(NUMBERS)}"
    return {lane: make(aws, emulator, name, lane=lane) for lane in ("urgent", "bulk")}


def test_every_row_goes_by_its_lane(aws: Aws, lanes: dict[str, Pipeline], tmp_path: Path) -> None:
    urgent, bulk = lanes["urgent"], lanes["bulk"]
    ledger = Ledger(aws, urgent, lanes)
    ledger.put("uploads/1", "DEAD", 3, lane="bulk")
    ledger.put("uploads/2", "DEAD", 3, lane="urgent")
    ledger.put("uploads/3", "DEAD", 3, lane="gone")
    ledger.put("uploads/4", "DEAD", 3)
    assert "1 attempt" in ledger.replay("--all", "--lane", "bulk", "--dry-run").stdout
    unknown = ledger.replay("--all", "--lane", "slow")
    assert (unknown.returncode, "the pipeline has no lane slow: its lanes are urgent, bulk" in unknown.stderr) == (1, True)
    assert ledger.replay("--all").returncode == 0
    assert ledger.asked(bulk.queue) == [("uploads/1", 4)]
    assert ledger.asked(urgent.queue) == [("uploads/2", 4), ("uploads/3", 4), ("uploads/4", 4)]

    ways = {lane: {"source_arn": of.arn(of.dead), "destination_url": of.queue} for lane, of in lanes.items()}
    shown = {"first_lane": "urgent", "ledger_arn": ledger.arn, "ledger_table_name": ledger.table, "order": "none"}
    directory = outputs(tmp_path, {"events": ways["urgent"], "lanes": ways, "replay": shown})
    again = urgent.spillway("--terraform-dir", directory, "replay", "--all")
    assert again.returncode == 0, again
    assert ledger.asked(bulk.queue) == [("uploads/1", 4)] * 2
    assert len(ledger.asked(urgent.queue)) == 6


def test_with_order_latest_older_versions_are_left_alone(aws: Aws, pipeline: Pipeline) -> None:
    ledger = Ledger(aws, pipeline, {"default": pipeline}, order="latest")
    ledger.put("uploads/1", "SUCCEEDED", 1)
    newest = ledger.put("uploads/1", "SUCCEEDED", 2)
    ledger.write({"pk": "uploads/1", "sk": "head", "revision": 1, "newest": f"{newest.removeprefix('s#')}#{newest}"})
    ledger.put("uploads/2", "SUCCEEDED", 3)
    done = ledger.replay("--all", "--state", "SUCCEEDED")
    assert (done.returncode, "1 row left alone: with order latest" in done.stdout) == (0, True), done
    assert ledger.asked() == [("uploads/1", 3), ("uploads/2", 4)]
    refused = ledger.replay("--all", "--state", "SUPERSEDED")
    assert (refused.returncode, "would be superseded again" in refused.stderr) == (1, True)


def test_a_row_that_cannot_be_read_stops_no_other(ledger: Ledger) -> None:
    ledger.put("uploads/1", "DEAD", 3)
    ledger.put("uploads/2", "DEAD", 3, v=3)
    ledger.put("uploads/3", "DEAD", 3, sequencer="not one")
    done = ledger.replay("--all")
    assert (done.returncode, "2 rows cannot be replayed" in done.stderr) == (1, True), done
    assert ledger.asked() == [("uploads/1", 4)]


def test_a_pipeline_that_is_not_there_is_named(pipeline: Pipeline) -> None:
    said = pipeline.spillway("-p", "nobody", "replay", "--all")
    assert (said.returncode, "there is no function nobody_dispatch" in said.stderr) == (1, True), said


def test_ctrl_c_says_how_to_go_on(ledger: Ledger) -> None:
    for number in range(40):
        ledger.put(f"uploads/{number:02}", "DEAD", 3)
    command = [str(operators.program()), "-p", ledger.pipeline.name, "replay", "--all", "--velocity", "5"]
    environment = {**os.environ, **ledger.pipeline.environment}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    while ledger.pipeline.count(ledger.pipeline.queue) < 3:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=20)
    asked = len(ledger.asked())
    assert (running.returncode, asked < 40) == (130, True), said
    assert f"stopped after {asked} attempts" in said
    until = said.split("--until ")[1].split()[0]
    assert ledger.replay("--all", "--until", until).returncode == 0
    assert set(ledger.asked()) == {(f"uploads/{number:02}", 4) for number in range(40)}
