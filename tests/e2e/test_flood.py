"""A flood of which half is no message: judged by the messages sent and by Step Functions alone."""

import json
import random

import judge_orders
import notifications
import pytest
from demo.executions import peak_running
from judge_orders import Version
from one_pipeline import Pipeline, wait

pytestmark = pytest.mark.xdist_group("cells")

SEED = 10
FLOOD = 2_000
LIMIT = 60
# Of eight poisonous messages the one that is a record.
BESIDE = 5


def poison(pipeline: Pipeline, number: int) -> tuple[str, str]:
    """A message that is none, another one for each number, and the words of its reason."""
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
        (json.dumps({"Records": [without]}), "sequencer"),
        (json.dumps({"spillway": 7, "object": {}, "number": number}), "schema version 7"),
        (json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x:y:z", "Message": f"Hello {number}"}), "not JSON"),
    ][number % 8]


def meant(body: str) -> str:
    """A body, for any way to write its JSON: a record that came beside another is written anew."""
    try:
        return json.dumps(json.loads(body), sort_keys=True)
    except ValueError:
        return body


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
    # Of the bad ones that are records some come beside a good one: each goes its own way.
    bad = list(reasons)
    bodies = []
    for number, version in enumerate(good):
        record = notifications.record(pipeline.bucket, version.key, "etag")
        record["s3"]["object"]["versionId"] = version.version
        beside = json.loads(bad[number])["Records"] if number % 8 == BESIDE else []
        bodies.append(json.dumps({"Records": [record, *beside]}))
    bodies += [body for number, body in enumerate(bad) if number % 8 != BESIDE]
    random.Random(SEED).shuffle(bodies)

    with pipeline.controlled(max_concurrency=LIMIT, starts_per_second=100):
        send(pipeline, bodies)
        with pipeline.ticking():
            wait(lambda: pipeline.dead() == len(reasons) and pipeline.quiet(), lambda: f"{pipeline.dead()} dead, {pipeline.left()}")
    runs = pipeline.runs("flood/")
    assert judge_orders.exactly_once(good, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}
    assert peak_running(runs) <= LIMIT
    # Each of the others once, as it came, with its reason.
    found = pipeline.emulator.messages(dead)
    said = {meant(body): reason for body, reason in reasons.items()}
    assert sorted(meant(message["Body"]) for message in found) == sorted(said)
    for message in found:
        assert said[meant(message["Body"])] in message["MessageAttributes"]["reason"]["StringValue"], message
    pipeline.aws.sqs.purge_queue(QueueUrl=dead)
