"""`spillway redrive`, of a selection of the messages in a dead-letter queue."""

import datetime
import json
import signal
import subprocess
import time

import marks
import pytest
from build import operators
from emulator.aws import Aws
from redriven import Pipeline, fail, taken


def own(key: str, bucket: str = "uploads") -> str:
    return json.dumps({"spillway": 1, "object": {"bucket": bucket, "key": key, "sequencer": "1"}})


def notification(*keys: str) -> dict:
    return {"Records": [{"s3": {"bucket": {"name": "uploads"}, "object": {"key": key}}} for key in keys]}


def dead(pipeline: Pipeline, key: str, reason: str = "FAILED: UnknownDevice", **ids: str) -> None:
    attributes = {"attempt": {"DataType": "Number", "StringValue": "4"}, "reason": {"DataType": "String", "StringValue": reason}}
    pipeline.aws.sqs.send_message(QueueUrl=pipeline.dead, MessageBody=own(key), MessageAttributes=attributes, **ids)


def test_a_selection_moves_what_matches_and_gives_the_rest_back(pipeline: Pipeline) -> None:
    for number in range(25):
        dead(pipeline, f"status/{number}.json", "FAILED: UnknownDevice" if number % 5 else "FAILED: BrokenReport")
    dead(pipeline, "other/1.json")
    would = pipeline.redrive("--error", "unknowndevice", "--prefix", "uploads/status/", "--dry-run")
    assert would.returncode == 0, would.stderr
    assert f"would move 20 messages of 26 looked at from {pipeline.name}_events-dlq_default" in would.stdout
    assert "  uploads/status/1.json: FAILED: UnknownDevice\n" in would.stdout
    assert "… and 10 more" in would.stdout
    assert (len(pipeline.bodies(pipeline.dead)), pipeline.bodies(pipeline.queue)) == (26, [])

    done = pipeline.redrive("--error", "unknowndevice", "--prefix", "uploads/status/")
    assert (done.returncode, f"20 messages of 26 looked at moved from {pipeline.name}_events-dlq_default" in done.stdout) == (
        0,
        True,
    ), done
    assert pipeline.bodies(pipeline.queue) == sorted(own(f"status/{number}.json") for number in range(25) if number % 5)
    # At once visible again.
    left = [own(f"status/{number}.json") for number in range(0, 25, 5)] + [own("other/1.json")]
    assert pipeline.bodies(pipeline.dead) == sorted(left)
    for message in pipeline.received(pipeline.queue):
        assert message["MessageAttributes"]["attempt"] == {"DataType": "Number", "StringValue": "4"}
        assert message["MessageAttributes"]["reason"]["StringValue"] == "FAILED: UnknownDevice"
    again = pipeline.redrive("--error", "unknowndevice", "--prefix", "uploads/status/")
    assert "0 messages of 6 looked at moved" in again.stdout


def test_objects_and_times_select(pipeline: Pipeline) -> None:
    dead(pipeline, "early")
    time.sleep(1.1)
    between = datetime.datetime.now(datetime.timezone.utc).isoformat()
    time.sleep(0.1)
    dead(pipeline, "late")
    dead(pipeline, "late too")
    assert "1 message of 3" in pipeline.redrive("--until", between, "--dry-run").stdout
    assert "2 messages of 3" in pipeline.redrive("--since", between, "--dry-run").stdout
    done = pipeline.redrive("--object", "s3://uploads/late", "--object", "uploads/early", "--since", between)
    assert (done.returncode, pipeline.bodies(pipeline.queue)) == (0, [own("late")]), done


def test_a_dry_run_without_a_selection_shows_some(pipeline: Pipeline) -> None:
    for number in range(12):
        dead(pipeline, f"{number}")
    would = pipeline.redrive("--dry-run")
    assert "would move 12 messages" in would.stdout
    assert "  uploads/0: FAILED: UnknownDevice\n" in would.stdout
    assert "… and 2 more" in would.stdout
    assert len(pipeline.bodies(pipeline.dead)) == 12


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_leaves_nothing_lost_and_says_what_is_done(name: str, pipeline: Pipeline) -> None:
    for number in range(40):
        dead(pipeline, f"{number:02}")
    command = [str(operators.program()), "-p", pipeline.name, "redrive", "--prefix", "uploads", "--velocity", "5"]
    running = subprocess.Popen(
        command, env=pipeline.environment, preexec_fn=marks.hears_of_its_terminal, stdout=subprocess.PIPE, text=True
    )
    while (before := pipeline.count(pipeline.queue)) < 3:
        time.sleep(0.1)
    running.send_signal(getattr(signal, name))
    said, _ = running.communicate(timeout=20)
    moved = pipeline.bodies(pipeline.queue)
    # The one under way, and not all ten that were received with it.
    assert len(moved) <= before + 3, said
    assert running.returncode == 130, said
    assert f"stopped after {len(moved)} messages" in said
    assert len(moved) < 40
    assert sorted(moved + pipeline.bodies(pipeline.dead)) == [own(f"{number:02}") for number in range(40)]


def test_a_selection_of_what_ingest_failed_on(aws: Aws, pipeline: Pipeline, failures: str) -> None:
    for number in range(3):
        fail(aws, failures, {"number": number, **notification(f"a+{number}")})
    done = pipeline.redrive("--stage", "ingest", "--object", "uploads/a 1")
    assert (done.returncode, taken(aws, pipeline)) == (0, ["took 1"]), done
    assert len(pipeline.bodies(failures)) == 2
    done = pipeline.redrive("--stage", "ingest", "--error", "retriesexhausted")
    assert (done.returncode, taken(aws, pipeline)) == (0, ["took 0", "took 1", "took 2"]), done


def test_a_selection_of_what_a_rule_could_not_deliver(aws: Aws, pipeline: Pipeline) -> None:
    kept = aws.sqs.create_queue(QueueName=f"{pipeline.name}_rules-dlq_default")["QueueUrl"]
    for code in ("NO_PERMISSIONS", "SDK_CLIENT_ERROR"):
        event = json.dumps({"detail-type": "Object Created", "detail": {"bucket": {"name": "uploads"}, "object": {"key": code}}})
        attributes = {"ERROR_CODE": {"DataType": "String", "StringValue": code}}
        aws.sqs.send_message(QueueUrl=kept, MessageBody=event, MessageAttributes=attributes)
    done = pipeline.redrive("--stage", "rules", "--error", "NO_PERMISSIONS")
    assert done.returncode == 0, done
    (moved,) = pipeline.received(pipeline.queue)
    assert json.loads(moved["Body"])["detail"]["object"]["key"] == "NO_PERMISSIONS"
    assert "MessageAttributes" not in moved


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["redrive", "--stage", "outcomes", "--object", "bucket/k"], "an outcome names an execution and no object"),
        (["replay"], "name the events to replay"),
        (["redrive", "--object", "bucket"], "names no object: give s3://bucket/key"),
        (["redrive", "--since", "2h", "--until", "3h"], "so nothing can match: give an earlier --since"),
        (["redrive", "--since", "soon"], "'soon' is no time: give one such as"),
        (["redrive", "--detach", "--since", "2h"], "--detach goes with a move that SQS makes by itself"),
    ],
)
def test_selections_that_make_no_sense_are_refused(pipeline: Pipeline, arguments: list[str], complaint: str) -> None:
    said = pipeline.spillway("-p", "x", *arguments)
    assert (said.returncode, complaint in said.stderr) == (2, True), said


def test_the_help_says_why_there_is_no_stage_for_ticks(pipeline: Pipeline) -> None:
    said = pipeline.redrive("--help")
    assert (said.returncode, "There is no stage for ticks" in " ".join(said.stdout.split())) == (0, True), said
