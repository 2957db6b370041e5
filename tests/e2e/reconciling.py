"""Runs of reconcile, and objects with events that S3 does not deliver."""

import contextlib
import csv
import gzip
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import notifications
from emulator.additions import s3_keys
from judge_orders import Version
from one_pipeline import BODY, Pipeline, wait
from operating import answer


def reconcile(pipeline: Pipeline, *listings: dict) -> dict:
    """Makes a whole run. Returns its counts."""
    machine, states = pipeline.outputs["reconcile"]["state_machine_arn"], pipeline.aws.stepfunctions
    input_ = json.dumps({"list": list(listings)} if listings else {})
    execution = states.start_execution(stateMachineArn=machine, input=input_)["executionArn"]

    def ended() -> dict:
        return states.describe_execution(executionArn=execution)

    wait(lambda: ended()["status"] != "RUNNING", "the run has not ended")
    told = ended()
    assert told["status"] == "SUCCEEDED", (told.get("error"), told.get("cause"))
    return json.loads(told["output"])


def by_hand(pipeline: Pipeline, *arguments: str) -> dict:
    """Makes a run that an operator starts and follows. Returns the program's answer."""
    told = answer(pipeline.emulator, "-p", pipeline.name, *arguments)
    assert told["problem"] is None, told
    return told["counts"]


def counts(told: dict, *names: str) -> dict:
    """Some of a run's counts; a missing one is 0."""
    return {name: told.get(name, 0) for name in names}


def upload(pipeline: Pipeline, bucket: str, keys: list[str]) -> list[Version]:
    def put(key: str) -> Version:
        return Version(key, pipeline.aws.s3.put_object(Bucket=bucket, Key=key, Body=BODY).get("VersionId"))

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(put, keys))


@contextlib.contextmanager
def notified(pipeline: Pipeline, bucket: str) -> Iterator[None]:
    """The bucket notifies the queue, for a while."""
    configuration = {"QueueArn": pipeline.outputs["events_queue_arn"], "Events": ["s3:ObjectCreated:*"]}
    put = pipeline.aws.s3.put_bucket_notification_configuration
    put(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [configuration]})
    try:
        yield
    finally:
        put(Bucket=bucket, NotificationConfiguration={})


def late_event(pipeline: Pipeline, bucket: str, version: Version) -> dict:
    """The message that S3 would have sent about an upload."""
    wanted = {"VersionId": version.version} if version.version else {}
    head = pipeline.aws.s3.head_object(Bucket=bucket, Key=version.key, **wanted)
    record = notifications.record(bucket, version.key, head["ETag"].strip('"'))
    record["eventTime"] = f"{head['LastModified']:%Y-%m-%dT%H:%M:%S}.000Z"
    record["s3"]["object"] |= {"size": head["ContentLength"], **({"versionId": version.version} if version.version else {})}
    return {"Records": [record]}


def inventory(pipeline: Pipeline, bucket: str, place: str, path: str) -> str:
    """Writes an inventory of a bucket's versions, as S3 does, and returns the key of its manifest."""
    columns = ("Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag")
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    for page in pipeline.aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in page.get("Versions", []):
            modified = f"{item['LastModified']:%Y-%m-%dT%H:%M:%S}.000Z"
            etag, latest = item["ETag"].strip('"'), str(item["IsLatest"]).lower()
            key = s3_keys.encoded(item["Key"])
            writer.writerow([bucket, key, item["VersionId"], latest, "false", item["Size"], modified, etag])
    data, manifest = f"{path}/data/1.csv.gz", f"{path}/manifest.json"
    pipeline.aws.s3.put_object(Bucket=place, Key=data, Body=gzip.compress(lines.getvalue().encode()))
    shown = {"sourceBucket": bucket, "fileFormat": "CSV", "fileSchema": ", ".join(columns), "files": [{"key": data}]}
    pipeline.aws.s3.put_object(Bucket=place, Key=manifest, Body=json.dumps(shown).encode())
    return manifest
