"""scripts/redrive, of a selection of what lies in a dead-letter queue."""

import datetime
import json
import signal
import subprocess
import time

import marks
import pytest
from emulator import Emulator
from emulator.aws import Aws
from program.paths import SCRIPTS
from redrive import aws_api, contents, one_by_one, selection
from redrive.aws_api import ApiError
from redrive.selection import Selection
from redriven import NUMBERS, Pipeline, fail, has_cli, make, refusing, taken

NOW = datetime.datetime(2026, 11, 22, 20, tzinfo=datetime.timezone.utc)


def own(key: str, bucket: str = "uploads") -> str:
    return json.dumps({"spillway": 1, "object": {"bucket": bucket, "key": key, "sequencer": "1"}})


def notification(*keys: str) -> dict:
    return {"Records": [{"s3": {"bucket": {"name": "uploads"}, "object": {"key": key}}} for key in keys]}


def dead(pipeline: Pipeline, key: str, reason: str = "FAILED: UnknownDevice", **ids: str) -> None:
    attributes = {"attempt": {"DataType": "Number", "StringValue": "4"}, "reason": {"DataType": "String", "StringValue": reason}}
    pipeline.aws.sqs.send_message(QueueUrl=pipeline.dead, MessageBody=own(key), MessageAttributes=attributes, **ids)


@pytest.mark.parametrize(
    ("body", "objects", "error"),
    [
        (own("a b+c"), ["uploads/a b+c"], ""),
        (json.dumps(notification("a+b%2Bc", "d")), ["uploads/a b+c", "uploads/d"], ""),
        (
            json.dumps({"detail-type": "Object Created", "detail": {"bucket": {"name": "uploads"}, "object": {"key": "a+b%2B"}}}),
            ["uploads/a+b%2B"],
            "",
        ),
        (json.dumps({"Type": "Notification", "Message": json.dumps(notification("a"))}), ["uploads/a"], ""),
        (
            json.dumps(
                {
                    "version": "1.0",
                    "timestamp": "2026-11-22T20:00:00.000Z",
                    "requestContext": {"requestId": "x", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
                    "requestPayload": notification("a"),
                    "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
                    "responsePayload": {"errorType": "HandlerError", "errorMessage": "no queue"},
                }
            ),
            ["uploads/a"],
            "HandlerError: no queue: RetriesExhausted",
        ),
        (
            json.dumps({"source": "aws.states", "detail-type": "x", "detail": {"status": "FAILED", "error": "E", "cause": "c"}}),
            [],
            "FAILED: E: c",
        ),
        (json.dumps({"spillway": 1, "outcome": {"execution": "x", "status": "REFUSED", "error": None}}), [], "REFUSED"),
        ("no JSON", [], ""),
        ("7", [], ""),
        ('{"Records": [{"s3": 7}]}', [], ""),
        ('{"Type": "Notification", "Message": "no JSON"}', [], ""),
        ('{"requestPayload": null, "responsePayload": "text"}', [], ""),
    ],
)
def test_every_dialect_tells_its_objects_and_its_error(body: str, objects: list[str], error: str) -> None:
    told = contents.of({"Body": body, "Attributes": {"SentTimestamp": "17"}})
    assert (list(told.objects), told.error, told.sent_at) == (objects, error, 17)


def test_the_reason_is_spillways_or_eventbridges() -> None:
    def text(value: str) -> dict:
        return {"DataType": "String", "StringValue": value}

    attributes = {"RULE_ARN": text("arn"), "ERROR_CODE": text("NO_PERMISSIONS"), "ERROR_MESSAGE": text("not allowed")}
    assert contents.of({"Body": "", "MessageAttributes": attributes}).error == "NO_PERMISSIONS: not allowed"
    assert contents.of({"Body": "", "MessageAttributes": {"reason": text("not JSON")}}).error == "not JSON"


def test_objects_prefixes_and_times_are_read() -> None:
    for text in ("s3://uploads/a b/c", "uploads/a b/c", "arn:aws:s3:::uploads/a b/c", "arn:aws-cn:s3:::uploads/a b/c"):
        assert selection.named_object(text) == "uploads/a b/c"
    for text in ("uploads", "uploads/", "s3:///key", ""):
        with pytest.raises(ValueError, match="names no object: give s3://bucket/key"):
            selection.named_object(text)
    assert selection.named_prefix("s3://uploads") == "uploads/"
    assert selection.named_prefix("uploads/a") == "uploads/a"
    at = round(NOW.timestamp() * 1000)
    for text in ("2026-11-22T20:00:00Z", "2026-11-22T20:00:00", "2026-11-22 20:00", "2026-11-22T21:00:00+01:00", "0m"):
        assert selection.moment(text, NOW) == at
    assert selection.moment("2h", NOW) == at - 2 * 3_600_000
    assert selection.moment("3d", NOW) == at - 3 * 86_400_000
    assert selection.moment(selection.shown(at + 123), NOW) == at + 123
    with pytest.raises(ValueError, match="neither a time such as"):
        selection.moment("yesterday", NOW)


def test_all_that_is_given_must_hold() -> None:
    chosen = Selection(("b/k",), "b/", 10, 20, "Boom")
    assert chosen.takes(["a/x", "b/k"], 10, "a boom")
    assert not chosen.takes(["b/other"], 10, "boom")
    assert not chosen.takes(["b/k"], 9, "boom")
    assert not chosen.takes(["b/k"], 20, "boom")
    assert not chosen.takes(["b/k"], 10, "bang")
    assert not Selection(prefix="b/k/").takes(["b/k"], 0, "")
    assert (Selection().narrows, Selection(since=0).narrows) == (False, True)


def test_a_selection_moves_what_matches_and_gives_the_rest_back(pipeline: Pipeline) -> None:
    for number in range(25):
        dead(pipeline, f"status/{number}.json", "FAILED: UnknownDevice" if number % 5 else "FAILED: BrokenReport")
    dead(pipeline, "other/1.json")
    would = pipeline.run(pipeline.name, "--error", "unknowndevice", "--prefix", "uploads/status/", "--dry-run")
    assert would.code == 0, would.err
    assert f"would move 20 messages of 26 looked at from {pipeline.name}_events-dlq_default" in would.out
    assert "  uploads/status/1.json: FAILED: UnknownDevice\n" in would.out
    assert "… and 10 more" in would.out
    assert (len(pipeline.bodies(pipeline.dead)), pipeline.bodies(pipeline.queue)) == (26, [])

    done = pipeline.run(pipeline.name, "--error", "unknowndevice", "--prefix", "uploads/status/")
    assert (done.code, f"20 messages of 26 looked at moved from {pipeline.name}_events-dlq_default" in done.out) == (0, True), done
    assert pipeline.bodies(pipeline.queue) == sorted(own(f"status/{number}.json") for number in range(25) if number % 5)
    # At once visible again.
    left = [own(f"status/{number}.json") for number in range(0, 25, 5)] + [own("other/1.json")]
    assert pipeline.bodies(pipeline.dead) == sorted(left)
    for message in pipeline.received(pipeline.queue):
        assert message["MessageAttributes"]["attempt"] == {"DataType": "Number", "StringValue": "4"}
        assert message["MessageAttributes"]["reason"]["StringValue"] == "FAILED: UnknownDevice"
    again = pipeline.run(pipeline.name, "--error", "unknowndevice", "--prefix", "uploads/status/")
    assert "0 messages of 6 looked at moved" in again.out


def test_objects_and_times_select(pipeline: Pipeline) -> None:
    dead(pipeline, "early")
    time.sleep(1.1)
    between = selection.shown(round(time.time() * 1000))
    time.sleep(0.1)
    dead(pipeline, "late")
    dead(pipeline, "late too")
    assert "1 message of 3" in pipeline.run(pipeline.name, "--until", between, "--dry-run").out
    assert "2 messages of 3" in pipeline.run(pipeline.name, "--since", between, "--dry-run").out
    done = pipeline.run(pipeline.name, "--object", "s3://uploads/late", "--object", "uploads/early", "--since", between)
    assert (done.code, pipeline.bodies(pipeline.queue)) == (0, [own("late")]), done


def test_a_dry_run_without_a_selection_shows_some(pipeline: Pipeline) -> None:
    for number in range(12):
        dead(pipeline, f"{number}")
    would = pipeline.run(pipeline.name, "--dry-run")
    assert "would move 12 messages" in would.out
    assert "  uploads/0: FAILED: UnknownDevice\n" in would.out
    assert "… and 2 more" in would.out
    assert len(pipeline.bodies(pipeline.dead)) == 12


def test_what_comes_in_meanwhile_stays(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is moved may fail again before the run is over."""
    for number in range(15):
        dead(pipeline, f"{number}")
    deliverer = one_by_one.into_queue

    def into_queue(*arguments: object, **keywords: object) -> one_by_one.Deliver:
        deliver = deliverer(*arguments, **keywords)

        def and_fail_again(messages: list) -> dict:
            failed = deliver(messages)
            time.sleep(0.002)
            for _ in messages:
                dead(pipeline, "failed again")
            return failed

        return and_fail_again

    monkeypatch.setattr(one_by_one, "into_queue", into_queue)
    done = pipeline.run(pipeline.name, "--error", "UnknownDevice")
    assert done.code == 0, done.err
    assert "15 messages of" in done.out
    assert "15 messages came while this ran and stay" in done.out
    assert pipeline.bodies(pipeline.dead) == [own("failed again")] * 15


def test_what_was_sent_and_not_deleted_is_not_lost_and_in_a_fifo_queue_not_doubled(
    aws: Aws, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = make(aws, emulator, f"pipeline-{next(NUMBERS)}", ".fifo")
    for number in range(6):
        dead(pipeline, f"{number}", MessageGroupId=f"group {number % 2}", MessageDeduplicationId=f"id {number}")

    def refuse(*_: object) -> None:
        raise ApiError("InternalError", "not now")

    with monkeypatch.context() as broken:
        broken.setattr(one_by_one, "_delete", refuse)
        failed = pipeline.run(pipeline.name, "--prefix", "uploads")
    assert (failed.code, "InternalError: not now" in failed.err) == (1, True)
    assert len(pipeline.bodies(pipeline.dead)) == 6
    assert pipeline.run(pipeline.name, "--prefix", "uploads").code == 0
    assert pipeline.bodies(pipeline.dead) == []
    moved = pipeline.received(pipeline.queue)
    assert sorted(message["Body"] for message in moved) == [own(f"{number}") for number in range(6)]
    assert {message["Body"]: message["Attributes"]["MessageGroupId"] for message in moved}[own("3")] == "group 1"


def test_what_the_queue_refuses_stays(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of a batch may be refused alone."""
    for number in range(3):
        dead(pipeline, f"{number}")
    with refusing(monkeypatch, lambda entry: entry["MessageBody"] == own("1")):
        done = pipeline.run(pipeline.name, "--prefix", "uploads")
    assert (done.code, "1 message failed and stay" in done.err, "InternalError: not now" in done.err) == (1, True, True), done
    assert (pipeline.bodies(pipeline.dead), pipeline.bodies(pipeline.queue)) == ([own("1")], [own("0"), own("2")])


@pytest.mark.skipif(not has_cli(), reason="the AWS CLI is not here")
def test_a_selection_by_the_aws_cli(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten messages of S3's largest size are more than fits into a command line."""
    monkeypatch.setattr(aws_api, "botocore", None)
    padding = "x" * 60_000
    for number in range(10):
        body = json.dumps({**notification(f"a+{number}"), "padding": padding})
        pipeline.aws.sqs.send_message(QueueUrl=pipeline.dead, MessageBody=body)
    dead(pipeline, "other")
    done = pipeline.run(pipeline.name, "--prefix", "uploads/a ")
    assert (done.code, "10 messages of 11 looked at moved" in done.out) == (0, True), done
    assert pipeline.bodies(pipeline.dead) == [own("other")]
    assert len(pipeline.bodies(pipeline.queue)) == 10


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_leaves_nothing_lost_and_says_what_is_done(name: str, pipeline: Pipeline) -> None:
    for number in range(40):
        dead(pipeline, f"{number:02}")
    command = [str(SCRIPTS / "redrive"), pipeline.name, "--prefix", "uploads", "--velocity", "5"]
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
    done = pipeline.run(pipeline.name, "--stage", "ingest", "--object", "uploads/a 1")
    assert (done.code, taken(aws, pipeline)) == (0, ["took 1"]), done
    assert len(pipeline.bodies(failures)) == 2
    done = pipeline.run(pipeline.name, "--stage", "ingest", "--error", "retriesexhausted")
    assert (done.code, taken(aws, pipeline)) == (0, ["took 0", "took 1", "took 2"]), done


def test_a_selection_of_what_a_rule_could_not_deliver(aws: Aws, pipeline: Pipeline) -> None:
    kept = aws.sqs.create_queue(QueueName=f"{pipeline.name}_rules-dlq_default")["QueueUrl"]
    for code in ("NO_PERMISSIONS", "SDK_CLIENT_ERROR"):
        event = json.dumps({"detail-type": "Object Created", "detail": {"bucket": {"name": "uploads"}, "object": {"key": code}}})
        attributes = {"ERROR_CODE": {"DataType": "String", "StringValue": code}}
        aws.sqs.send_message(QueueUrl=kept, MessageBody=event, MessageAttributes=attributes)
    done = pipeline.run(pipeline.name, "--stage", "rules", "--error", "NO_PERMISSIONS")
    assert done.code == 0, done
    (moved,) = pipeline.received(pipeline.queue)
    assert json.loads(moved["Body"])["detail"]["object"]["key"] == "NO_PERMISSIONS"
    assert "MessageAttributes" not in moved


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["x", "--stage", "outcomes", "--object", "bucket/k"], "an outcome names an execution and no object"),
        (["x", "--stage", "replay"], "say what to replay"),
        (["x", "--all"], "--state and --all go with --stage replay"),
        (["x", "--state", "DEAD"], "--state and --all go with --stage replay"),
        (["x", "--object", "bucket"], "names no object: give s3://bucket/key"),
        (["x", "--since", "2h", "--until", "3h"], "the first must be the earlier one"),
        (["x", "--since", "soon"], "neither a time such as"),
        (["x", "--detach", "--since", "2h"], "only what SQS itself moves goes on alone"),
        (["--from", "x", "--to", "y", "--stage", "replay", "--all"], "stage replay goes with PIPELINE or --terraform-dir"),
    ],
)
def test_selections_that_make_no_sense_are_refused(pipeline: Pipeline, arguments: list[str], complaint: str) -> None:
    said = pipeline.run(*arguments)
    assert (said.code, complaint in said.err) == (2, True), said


def test_the_help_says_why_there_is_no_stage_for_ticks(pipeline: Pipeline) -> None:
    said = pipeline.run("--help")
    assert (said.code, "There is no stage for ticks" in said.out, "read" in said.out) == (0, True, True)
