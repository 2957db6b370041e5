"""scripts/redrive --stage replay: finished events are asked for once more."""

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
from emulator import Emulator
from emulator.aws import Aws
from program.paths import SCRIPTS
from redrive import asking, aws_api, replay, selection
from redrive.errors import RedriveError
from redrive.ledger import Rows
from redrive.selection import Selection
from redriven import NUMBERS, Pipeline, Said, has_cli, make, outputs, refusing

EXAMPLES = json.loads(Path(__file__).with_name("asking.json").read_text())
HOUR = 3_600_000


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
        self.lanes = [{"name": name, "queue_url": of.queue, "priority": at} for at, (name, of) in enumerate(lanes.items())]
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
            # The first lane is the one of the lowest priority, wherever it is in the list.
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

    def replay(self, *arguments: str) -> Said:
        return self.pipeline.run(self.pipeline.name, "--stage", "replay", *arguments)

    def asked(self, queue: str | None = None) -> list[tuple[str, int]]:
        """The objects and attempts that messages ask for."""
        found = []
        for message in self.pipeline.emulator.messages(queue or self.pipeline.queue):
            event = json.loads(message["Body"])["object"]
            attempt = message["MessageAttributes"]["attempt"]["StringValue"]
            found.append((f"{event['bucket']}/{event['key']}", int(attempt)))
        return sorted(found)


@pytest.fixture
def ledger(aws: Aws, pipeline: Pipeline) -> Ledger:
    return Ledger(aws, pipeline, {"default": pipeline})


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_row_is_asked_for_as_the_handlers_do(example: dict) -> None:
    """The Rust tests read the same examples."""
    entry = asking.message(example["pipeline"], example["row"], example["attempt"], example["cause"], fifo=True)
    assert entry["MessageBody"] == example["body"]
    assert (entry["MessageGroupId"], entry["MessageDeduplicationId"]) == (example["group"], example["deduplication"])
    assert entry["MessageAttributes"]["attempt"] == {"DataType": "Number", "StringValue": str(example["attempt"])}
    assert entry["MessageAttributes"].get("lane", {}).get("StringValue") == example["row"].get("lane", {}).get("S")
    assert "MessageGroupId" not in asking.message(example["pipeline"], example["row"], 2, "x", fifo=False)


def test_an_object_is_asked_for_in_the_state_that_is_named(ledger: Ledger) -> None:
    ledger.put("uploads/a b", "DEAD", 3, error="UnknownDevice")
    ledger.put("uploads/a b", "SUCCEEDED", 1)
    ledger.put("uploads/other", "DEAD", 3)
    would = ledger.replay("--object", "s3://uploads/a b", "--dry-run")
    assert (would.code, "would ask for 1 attempt (1 DEAD)" in would.out, "attempt 4" in would.out) == (0, True, True), would
    assert ledger.asked() == []
    done = ledger.replay("--object", "s3://uploads/a b")
    assert (done.code, "asked for 1 attempt (1 DEAD)" in done.out, "is stale now" in done.out) == (0, True, True), done
    assert ledger.asked() == [("uploads/a b", 4)]
    assert ledger.replay("--object", "uploads/a b", "--state", "SUCCEEDED").code == 0
    assert ledger.asked() == [("uploads/a b", 2), ("uploads/a b", 4)]


@pytest.mark.skipif(not has_cli(), reason="the AWS CLI is not here")
def test_a_replay_by_the_aws_cli(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_api, "botocore", None)
    ledger.put("uploads/서울", "DEAD", 3, error="UnknownDevice")
    ledger.put("uploads/other", "SUCCEEDED", 1)
    done = ledger.replay("--all")
    assert (done.code, "asked for 1 attempt (1 DEAD)" in done.out) == (0, True), done
    assert ledger.asked() == [("uploads/서울", 4)]


def test_all_of_the_ledger_is_read_and_only_what_is_finished_is_asked_for(ledger: Ledger) -> None:
    for number, state in enumerate(("SUCCEEDED", "DEAD", "SUPERSEDED", "QUEUED", "STARTED", "RETRY", "WAITING")):
        for again in range(20):
            ledger.put(f"uploads/{state}/{again}", state, number)
    # What else is in a ledger.
    ledger.write({"pk": "uploads/DEAD/1", "sk": "head", "revision": 1})
    ledger.write({"pk": "slots", "sk": "x-1", "taken_at": 1})
    ledger.write({"pk": "control", "sk": "dispatch", "state": "DEAD"})
    done = ledger.replay("--all")
    assert (done.code, "asked for 20 attempts (20 DEAD)" in done.out) == (0, True), done
    assert f"reading all of {ledger.table}" in done.out
    assert "read units" in done.out
    assert ledger.asked() == sorted((f"uploads/DEAD/{number}", 2) for number in range(20))
    every = ledger.replay("--all", "--state", "SUCCEEDED", "--state", "SUPERSEDED")
    assert "asked for 40 attempts (20 SUCCEEDED, 20 SUPERSEDED)" in every.out
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
        assert f"would ask for {count} attempt" in ledger.replay(*arguments, "--dry-run").out, arguments


def test_what_ended_since_the_run_began_is_not_asked_for(ledger: Ledger) -> None:
    """It may be what this run, or the one before it, asked for."""
    now = round(time.time() * 1000)
    ledger.put("uploads/1", "DEAD", 1, finished_at=now - HOUR)
    ledger.put("uploads/2", "DEAD", 2, finished_at=now + HOUR)
    done = ledger.replay("--all")
    assert ledger.asked() == [("uploads/1", 2)]
    until = done.out.split("--until ")[1].split()[0]
    assert now <= selection.moment(until, None) <= now + 60_000
    ledger.put("uploads/1", "DEAD", 2, finished_at=selection.moment(until, None) + 1, sequencer=f"{1:018X}")
    again = ledger.replay("--all", "--until", until)
    assert "asked for 0 attempts" in again.out
    assert ledger.asked() == [("uploads/1", 2)]


def test_two_runs_ask_for_the_same_attempt(ledger: Ledger) -> None:
    ledger.put("uploads/1", "SUCCEEDED", 5)
    for _ in range(2):
        assert ledger.replay("--object", "uploads/1", "--state", "SUCCEEDED").code == 0
    assert ledger.asked() == [("uploads/1", 6), ("uploads/1", 6)]


def test_a_fifo_queue_takes_the_same_attempt_once(aws: Aws, emulator: Emulator) -> None:
    pipeline = make(aws, emulator, f"pipeline-{next(NUMBERS)}", ".fifo")
    ledger = Ledger(aws, pipeline, {"default": pipeline})
    for _ in range(12):
        ledger.put("uploads/1", "DEAD", 3)
    ledger.put("uploads/2", "DEAD", 3)
    for _ in range(2):
        assert ledger.replay("--all").code == 0
    assert ledger.asked() == [("uploads/1", 4)] * 12 + [("uploads/2", 4)]
    # In their order, within the object's group.
    messages = pipeline.received(pipeline.queue)
    first = [json.loads(message["Body"])["object"]["sequencer"] for message in messages if '"1"' in message["Body"]]
    assert first == sorted(first)
    groups = {message["Attributes"]["MessageGroupId"] for message in messages if '"1"' in message["Body"]}
    assert len(groups) == 1


def test_a_batch_has_one_message_of_a_group() -> None:
    """Each entry may be refused alone, and the next of its group would have overtaken it."""
    groups = ["a", "b", "a", "a", "c", None, None]
    entries = [("DEAD", {"MessageGroupId": group} if group else {}) for group in groups]
    sent = []
    while entries:
        batch, entries = replay._next_batch(entries, 10)
        sent.append([entry.get("MessageGroupId") for _, entry in batch])
    assert sent == [["a", "b", "c", None, None], ["a"], ["a"]]
    assert [len(replay._next_batch([("DEAD", {})] * 12, most)[0]) for most in (10, 3)] == [10, 3]


def test_a_row_that_is_not_finished_any_more_is_left_alone(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scans are eventually consistent, and take their time."""
    sks = [ledger.put(f"uploads/{number}", "DEAD", 3) for number in range(4)]
    now = Rows.now

    def changed(rows: Rows, keys: list) -> dict:
        common = {"v": 1, "event_name": "ObjectCreated:Put", "event_time": "x", "finished_at": 1}
        ledger.write({"pk": "uploads/0", "sk": sks[0], "state": "STARTED", "attempt": 4, **common})
        ledger.write({"pk": "uploads/1", "sk": sks[1], "state": "DEAD", "attempt": 4, **common})
        ledger.aws.dynamodb.delete_item(TableName=ledger.table, Key={"pk": {"S": "uploads/2"}, "sk": {"S": sks[2]}})
        return now(rows, keys)

    monkeypatch.setattr(Rows, "now", changed)
    done = ledger.replay("--all")
    assert (done.code, "3 rows left alone: not finished any more" in done.out) == (0, True), done
    assert ledger.asked() == [("uploads/3", 4)]


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
    assert "1 attempt" in ledger.replay("--all", "--lane", "bulk", "--dry-run").out
    unknown = ledger.replay("--all", "--lane", "slow")
    assert (unknown.code, "the pipeline has no lane slow: its lanes are urgent, bulk" in unknown.err) == (1, True)
    assert ledger.replay("--all").code == 0
    assert ledger.asked(bulk.queue) == [("uploads/1", 4)]
    assert ledger.asked(urgent.queue) == [("uploads/2", 4), ("uploads/3", 4), ("uploads/4", 4)]

    ways = {lane: {"source_arn": of.arn(of.dead), "destination_url": of.queue} for lane, of in lanes.items()}
    shown = {"first_lane": "urgent", "ledger_arn": ledger.arn, "ledger_table_name": ledger.table, "order": "none"}
    directory = outputs(tmp_path, {"events": ways["urgent"], "lanes": ways, "replay": shown})
    again = urgent.run("--terraform-dir", directory, "--stage", "replay", "--all")
    assert again.code == 0, again
    assert ledger.asked(bulk.queue) == [("uploads/1", 4)] * 2
    assert len(ledger.asked(urgent.queue)) == 6


def test_with_order_latest_older_versions_are_left_alone(aws: Aws, pipeline: Pipeline) -> None:
    ledger = Ledger(aws, pipeline, {"default": pipeline}, order="latest")
    ledger.put("uploads/1", "SUCCEEDED", 1)
    newest = ledger.put("uploads/1", "SUCCEEDED", 2)
    ledger.write({"pk": "uploads/1", "sk": "head", "newest": f"{newest.removeprefix('s#')}#{newest}"})
    ledger.put("uploads/2", "SUCCEEDED", 3)
    done = ledger.replay("--all", "--state", "SUCCEEDED")
    assert (done.code, "1 row left alone: with order latest" in done.out) == (0, True), done
    assert ledger.asked() == [("uploads/1", 3), ("uploads/2", 4)]
    refused = ledger.replay("--all", "--state", "SUPERSEDED")
    assert (refused.code, "would be superseded again" in refused.err) == (1, True)


def test_with_order_latest_a_version_that_reconcile_found_is_replayed_if_it_is_the_newest() -> None:
    def row(sk: str, sequencer: str | None = None) -> dict:
        return {"sk": {"S": sk}, **({"sequencer": {"S": sequencer}} if sequencer else {})}

    first, second = row("s#0A", "0A"), row("v#2", "0A0")
    found, other = row("f#9#e"), row("f#8#e")
    # As handlers/spillway/src/rules/order.rs writes places.
    first_place, second_place, found_place = "0A#s#0A", "0A0#v#2", "0A+000000000000009#f#9#e"
    for newest, of, older in (
        ("", first, False),
        (first_place, first, False),
        (second_place, first, True),
        (first_place, second, False),
        (found_place, found, False),
        (found_place, first, True),
        (found_place, second, False),
        (found_place, other, True),
        (second_place, found, True),
        ("", found, False),
    ):
        assert replay._is_newer(newest, of) == older, (newest, of)


def test_a_row_that_cannot_be_read_stops_no_other(ledger: Ledger) -> None:
    ledger.put("uploads/1", "DEAD", 3)
    ledger.put("uploads/2", "DEAD", 3, v=3)
    ledger.put("uploads/3", "DEAD", 3, sequencer="not one")
    done = ledger.replay("--all")
    assert (done.code, "2 rows cannot be replayed; the first: uploads/2" in done.err) == (1, True), done
    assert ledger.asked() == [("uploads/1", 4)]


def test_what_the_queue_refuses_is_told(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        ledger.put(f"uploads/{number}", "DEAD", 3)
    with refusing(monkeypatch, lambda entry: '"key":"1"' in entry["MessageBody"]):
        done = ledger.replay("--all")
    assert (done.code, "asked for 2 attempts" in done.out, "1 attempt could not be asked for" in done.err) == (1, True, True), done
    assert ledger.asked() == [("uploads/0", 4), ("uploads/2", 4)]


def test_a_pipeline_that_is_not_there_is_named(pipeline: Pipeline) -> None:
    said = pipeline.run("nobody", "--stage", "replay", "--all")
    assert (said.code, "there is no function nobody_dispatch" in said.err) == (1, True), said


def test_ctrl_c_says_how_to_go_on(ledger: Ledger) -> None:
    for number in range(40):
        ledger.put(f"uploads/{number:02}", "DEAD", 3)
    command = [str(SCRIPTS / "redrive"), ledger.pipeline.name, "--stage", "replay", "--all", "--velocity", "5"]
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
    assert ledger.replay("--all", "--until", until).code == 0
    assert set(ledger.asked()) == {(f"uploads/{number:02}", 4) for number in range(40)}


class Paged:
    """A DynamoDB with small pages, which leaves keys unprocessed."""

    def __init__(self, size: int) -> None:
        self.items = {f"b/{number}": {"pk": {"S": f"b/{number}"}, "sk": {"S": "0#"}} for number in range(50)}
        for item in self.items.values():
            item |= {"state": {"S": "DEAD"}, "finished_at": {"N": "1"}}
        self.size, self.left_unprocessed = size, 0

    def dynamodb(self, action: str, **request: object) -> dict:
        if action == "DescribeTable":
            return {"Table": {"TableSizeBytes": self.size}}
        consumed = {"CapacityUnits": 1.0}
        if action == "Scan":
            own = sorted(self.items)[request["Segment"] :: request["TotalSegments"]]
            after = request.get("ExclusiveStartKey", {"pk": {"S": ""}})["pk"]["S"]
            page = [self.items[name] for name in own if name > after][:3]
            more = bool(page) and page[-1]["pk"]["S"] != own[-1]
            return {"Items": page, "ConsumedCapacity": consumed, **({"LastEvaluatedKey": page[-1]} if more else {})}
        keys = request["RequestItems"]["t"]["Keys"]
        done, left = (keys[:2], keys[2:]) if self.left_unprocessed else (keys, [])
        self.left_unprocessed -= bool(left)
        answered = {"Responses": {"t": [self.items[key["pk"]["S"]] for key in done]}, "ConsumedCapacity": [consumed]}
        return {**answered, "UnprocessedKeys": {"t": {"Keys": left}} if left else {}}


@pytest.mark.parametrize("size", [0, 100 * 1024 * 1024])
def test_every_page_of_every_segment_is_read_once(size: int) -> None:
    rows = Rows(Paged(size), "t")
    assert rows.scan_units() == size // 8192
    found = [row["pk"]["S"] for page in rows.selected(Selection(until=2), ["DEAD"], None) for row in page]
    assert sorted(found) == sorted(f"b/{number}" for number in range(50))
    assert rows.read_units >= 17


def test_keys_left_unprocessed_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    paged = Paged(0)
    paged.left_unprocessed = 3
    rows = Rows(paged, "t")
    keys = [(f"b/{number}", "0#") for number in range(10)]
    assert sorted(rows.now([*keys, keys[0]])) == sorted(keys)
    assert rows.read_units == 4
    paged.left_unprocessed = 100
    with pytest.raises(RedriveError, match="left unread"):
        rows.now([(f"b/{number}", "0#") for number in range(50)])
