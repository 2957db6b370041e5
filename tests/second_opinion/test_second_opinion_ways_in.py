"""Events by ingest, into a FIFO queue too, and the objects that reconcile finds."""

import random
import time
from collections.abc import Callable

import s3_records
import verdict
from emulator.aws import Aws
from functions import Function
from s3_records import Upload
from under_test import Settings, UnderTest

# Lambda invokes an asynchronous invocation that failed twice more.
INVOCATIONS = 3


def ingested(ingest: Function, uploads: list[Upload], rng: random.Random) -> None:
    """As S3 invokes it: some twice."""
    for upload in [*uploads, *rng.sample(uploads, k=len(uploads) // 5)]:
        assert any(ingest.invoke({"Records": [upload.record]})[0] for _ in range(INVOCATIONS)), upload


def test_what_ingest_takes_in_is_worked_on_once(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline, rng = make("ingest", Settings()), random.Random(5)
    uploads = s3_records.uploads(pipeline.bucket, objects=16, versions=2, rng=rng)
    with pipeline.running():
        ingested(pipeline.function("ingest"), uploads, rng)
        pipeline.until_quiet()
    assert verdict.kept(pipeline, uploads) == []


def test_a_fifo_queue_keeps_the_versions_of_an_object_in_turn(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline, rng = make("fifo", Settings(order="each", fifo=True)), random.Random(6)
    uploads = s3_records.uploads(pipeline.bucket, objects=8, versions=4, rng=rng)
    ingested(pipeline.function("ingest"), uploads, rng)
    with pipeline.running():
        pipeline.until_quiet()
    assert verdict.kept(pipeline, uploads) == []
    assert verdict.one_at_a_time(pipeline) == []
    assert verdict.in_turn(pipeline, uploads) == []


def test_messages_of_a_group_come_again_in_turn(aws: Aws) -> None:
    """The behaviour that the test before this one relies on, when a receive of several messages of a group is lost."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = aws.sqs.create_queue(QueueName="groups.fifo", Attributes=attributes)["QueueUrl"]
    for body in ("a1", "b1", "a2", "a3"):
        aws.sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=body[0])

    def received() -> list[str]:
        answer = aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=1, WaitTimeSeconds=5)
        return [message["Body"] for message in answer["Messages"]]

    assert received() == ["a1", "b1", "a2", "a3"]
    assert received() == ["a1", "b1", "a2", "a3"]


def test_what_was_missed_is_found_and_worked_on_once(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline, rng = make("reconcile", Settings()), random.Random(7)
    reconcile = pipeline.function("reconcile", timeout_seconds=90)
    uploads = [*put(pipeline, pipeline.bucket, 12, versioned=True), *put(pipeline, f"{pipeline.bucket}-plain", 12, versioned=False)]
    told = rng.sample(uploads, k=8)
    pipeline.send(s3_records.notifications(told, rng))
    for run in ("run-1", "run-2"):
        for bucket in (pipeline.bucket, f"{pipeline.bucket}-plain"):
            listed(pipeline, reconcile, run, bucket)
    # The queued messages are lost, and the rows tell.
    pipeline.aws.sqs.purge_queue(QueueUrl=pipeline.queues["events"])
    time.sleep(1.5)
    good, counted = reconcile.invoke({"run": "rows-1", "rows": {}})
    assert good, counted
    pipeline.send(s3_records.notifications(told, rng))
    with pipeline.running():
        pipeline.until_quiet()
    assert verdict.kept(pipeline, uploads) == []
    # S3 tells after all.
    pipeline.send(s3_records.notifications(uploads, rng))
    with pipeline.running():
        pipeline.until_quiet()
    assert verdict.kept(pipeline, uploads) == []
    lost = pipeline.server.ask("told")["lost"]
    assert {action for action in ("HEAD", "SendMessageBatch") if not lost.get(action)} == set()


def put(pipeline: UnderTest, bucket: str, count: int, versioned: bool) -> list[Upload]:
    s3 = pipeline.aws.s3
    s3.create_bucket(Bucket=bucket)
    if versioned:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    found = []
    for number in range(count):
        key = f"in/{'fails-first' if number % 4 == 0 else 'plain'}/{bucket} {number}.json"
        s3.put_object(Bucket=bucket, Key=key, Body=f"{number}".encode())
        head = s3.head_object(Bucket=bucket, Key=key)
        time_ = f"{head['LastModified']:%Y-%m-%dT%H:%M:%S}.000Z"
        found.append(Upload(bucket, key, head.get("VersionId"), number, head["ETag"].strip('"'), head["ContentLength"], time_))
    return found


def listed(pipeline: UnderTest, reconcile: Function, run: str, bucket: str) -> None:
    """As the state machine's map over a bucket's list does, each batch twice."""
    page = pipeline.aws.s3.list_objects_v2(Bucket=bucket)["Contents"]
    items = [
        {"Key": item["Key"], "LastModified": int(item["LastModified"].timestamp()), "ETag": item["ETag"], "Size": item["Size"]}
        for item in page
    ]
    for _ in range(2):
        for start in range(0, len(items), 5):
            batch = {"BatchInput": {"run": run, "bucket": bucket}, "Items": items[start : start + 5]}
            good, said = reconcile.invoke(batch)
            assert good, said
