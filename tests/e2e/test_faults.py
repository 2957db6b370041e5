"""What AWS, the workflow and senders do to a pipeline that works: judged by what was uploaded and by Step Functions alone."""

import contextlib
import dataclasses
import json
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator

import notifications
import pytest
from one_pipeline import Pipeline, wait
from pipeline import devices, judge_orders, reports, uploads
from pipeline.executions import peak_running
from pipeline.judge_orders import Version
from pipeline.watch import Sample
from redriving import redrive
from running import Running

SEED = 10
PAUSED_OBJECTS = 120
# Seconds: shorter than the handlers wait for an answer (5), longer, and longer than they try for one at all (10). What was
# asked meanwhile is done afterwards, whether or not anybody waits for it.
PAUSES = (3, 7, 12, 7)
BROKEN_OBJECTS = 30
FLOOD = 2_000
FLOOD_LIMIT = 60


@contextlib.contextmanager
def pausing(running: Running) -> Iterator[list[int]]:
    """Stops the emulator, and with it every AWS service, again and again; tells for how long it was."""
    rng, over, pauses = random.Random(SEED), threading.Event(), []

    def go_on() -> None:
        for seconds in PAUSES:
            # Long after a start or two, and in the midst of others.
            if over.wait(rng.uniform(1, 3)):
                return
            os.kill(running.emulator.pid, signal.SIGSTOP)
            try:
                over.wait(seconds)
            finally:
                os.kill(running.emulator.pid, signal.SIGCONT)
            pauses.append(seconds)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield pauses
    finally:
        over.set()
        thread.join()


def slots(running: Running) -> int:
    answer = running.aws.dynamodb.query(
        TableName=running.names.ledger,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "slots"}},
        Select="COUNT",
    )
    return answer["Count"]


@pytest.mark.skipif(sys.platform != "linux", reason="stops a process that others wait for")
def test_an_aws_that_stands_still_for_seconds_loses_nothing_and_repeats_nothing(quiet: Running) -> None:
    burst = reports.generate(PAUSED_OBJECTS, seed=SEED, group="pauses-", unknown_device=0)
    quiet.begin(burst)
    before = quiet.succeeded()

    def worked_off(sample: Sample) -> bool:
        done = sample.succeeded - before >= PAUSED_OBJECTS
        return len(pauses) == len(PAUSES) and done and sample.waiting == 0 and sample.running == 0

    with pausing(quiet) as pauses, quiet.ticking():
        quiet.until(worked_off, 180)
        # By settle or by the sweep: what settle had in hand when everything stood still stays hidden for three minutes.
        wait(lambda: slots(quiet) == 0, 60, lambda: f"{slots(quiet)} slots are taken")
    quiet.aws.sqs.purge_queue(QueueUrl=quiet.names.outcomes_queue)
    verdict = quiet.judge(burst, "pauses-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.succeeded) == (0, 0, PAUSED_OBJECTS)


def test_a_workflow_that_fails_for_a_while_costs_the_attempts_it_should_and_no_event(quiet: Running) -> None:
    made = reports.generate(BROKEN_OBJECTS, seed=SEED, group="broken-", fails_first=0, unknown_device=0, again=0)
    # Nobody's device is registered while the workflow is broken: all fail, as often as they may.
    burst = [dataclasses.replace(report, unknown_device=True) for report in made]
    before = quiet.succeeded()
    uploads.upload(quiet.aws, quiet.names.bucket, burst)
    with quiet.ticking():
        quiet.until(lambda sample: sample.quiet and sample.dead == BROKEN_OBJECTS, 120)
        assert quiet.succeeded() == before
        would = redrive(quiet.emulator, quiet.stack.settings.name, "--error", "UnknownDevice", "--dry-run")
        assert f"would move {BROKEN_OBJECTS} messages of {BROKEN_OBJECTS} looked at" in would.stdout, would

        devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices(burst))
        done = redrive(quiet.emulator, quiet.stack.settings.name, "--error", "UnknownDevice")
        assert (done.returncode, f"{BROKEN_OBJECTS} messages of" in done.stdout) == (0, True), done
        quiet.until(lambda sample: sample.quiet and sample.succeeded - before >= BROKEN_OBJECTS, 120)
    # Three attempts that failed and one that did not, of each, one after the other.
    verdict = quiet.judge(burst, "broken-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.executions) == (0, 0, 4 * BROKEN_OBJECTS)


def poison(pipeline: Pipeline, number: int) -> tuple[str, str]:
    """A message that is none, another one for each number, and what its reason must say."""
    record = notifications.record(pipeline.bucket, f"flood/bad-{number}", "etag")
    whole = json.dumps({"Records": [record]})
    without = {**record, "s3": {**record["s3"], "object": {"key": f"flood/bad-{number}"}}}
    return [
        (f"no JSON at all: {number}", "not JSON"),
        # Cut off somewhere.
        (f"{whole[: 300 + number % 200]}{number}", "not JSON"),
        (json.dumps({"number": number}), "neither an S3 notification"),
        (json.dumps({"Records": [], "number": number}), "no records"),
        (json.dumps({"Records": [{**record, "eventVersion": "3.0"}]}), "is not 2.x"),
        # One that is right beside one that is not.
        (json.dumps({"Records": [record, without]}), "sequencer"),
        (json.dumps({"spillway": 7, "object": {}, "number": number}), "schema version 7"),
        (json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x:y:z", "Message": f"Hello {number}"}), "not JSON"),
    ][number % 8]


def send(pipeline: Pipeline, bodies: list[str]) -> None:
    (queue,) = pipeline.queues
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies[start : start + 10])]
        answer = pipeline.aws.sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        assert len(answer["Successful"]) == len(entries)


def test_a_flood_of_which_half_is_no_message_is_told_apart(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["none"]
    (lane,) = pipeline.outputs["lanes"].values()
    dead = lane["dead_letter_queue_url"]
    pipeline.aws.sqs.purge_queue(QueueUrl=dead)
    reasons = dict(poison(pipeline, number) for number in range(FLOOD // 2))
    assert len(reasons) == FLOOD // 2
    good = [Version(f"flood/{number}.json", f"version-{number}") for number in range(FLOOD // 2)]
    bodies = list(reasons)
    for version in good:
        record = notifications.record(pipeline.bucket, version.key, "etag")
        record["s3"]["object"]["versionId"] = version.version
        bodies.append(json.dumps({"Records": [record]}))
    random.Random(SEED).shuffle(bodies)

    with pipeline.controlled(max_concurrency=FLOOD_LIMIT, starts_per_second=100):
        send(pipeline, bodies)
        with pipeline.ticking():
            wait(lambda: pipeline.dead() == len(reasons) and pipeline.quiet(), 240, lambda: f"{pipeline.dead()} {pipeline.work()}")
    runs = pipeline.runs("flood/")
    assert judge_orders.exactly_once(good, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}
    assert peak_running(runs) <= FLOOD_LIMIT
    # Each of the others once, as it came, with its reason.
    found = pipeline.emulator.messages(dead)
    assert sorted(message["Body"] for message in found) == sorted(reasons)
    for message in found:
        assert reasons[message["Body"]] in message["MessageAttributes"]["reason"]["StringValue"], message
    pipeline.aws.sqs.purge_queue(QueueUrl=dead)
