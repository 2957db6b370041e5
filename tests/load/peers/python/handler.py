"""The usual Python handler for this work, written with care: Spillway's `dispatch` is compared with it.

A scheduled Lambda function. It takes S3's notifications from a queue, ten at a time, and starts one execution for each object
event. It starts each at most once, by a conditional put in DynamoDB. It starts no more at a time than a counter in the same
table allows.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import time
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

QUEUE_URL = os.environ["QUEUE_URL"]
TABLE = os.environ["TABLE"]
STATE_MACHINE_ARN = os.environ["STATE_MACHINE_ARN"]
MAX_CONCURRENCY = int(os.environ["MAX_CONCURRENCY"])
WORKERS = int(os.environ.get("WORKERS", "32"))

# The time that a batch can need, and Lambda's own end.
RESERVE_MS = 15_000
KEPT_SECONDS = 90 * 24 * 3600
COUNTER = {"pk": {"S": "counter"}, "sk": {"S": "running"}}

# One client of each for all threads, made while the function starts, with a connection for every thread.
CONFIG = Config(max_pool_connections=WORKERS, tcp_keepalive=True, retries={"mode": "standard", "max_attempts": 3})
sqs = boto3.client("sqs", config=CONFIG)
dynamodb = boto3.client("dynamodb", config=CONFIG)
stepfunctions = boto3.client("stepfunctions", config=CONFIG)
pool = concurrent.futures.ThreadPoolExecutor(WORKERS)


def handler(event: dict, context) -> dict:
    """Empties the queue, until the limit or the time is reached."""
    workers = [pool.submit(drain, context) for _ in range(WORKERS)]
    return {"started": sum(worker.result() for worker in workers)}


def drain(context) -> int:
    started = 0
    while context.get_remaining_time_in_millis() > RESERVE_MS:
        answer = sqs.receive_message(QueueUrl=QUEUE_URL, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = answer.get("Messages", [])
        if not messages:
            break
        free, new = work_off(messages)
        started += new
        if not free:
            break
    return started


def work_off(messages: list[dict]) -> tuple[bool, int]:
    """Starts as many as the limit lets through. Returns whether that was everything, and how many events were new."""
    events = {message["ReceiptHandle"]: events_of(message) for message in messages}
    granted = reserve(sum(map(len, events.values())))
    left, new, done, complete = granted, 0, [], True
    for handle, of_message in events.items():
        if left < len(of_message):
            complete = False
            break
        try:
            for event in of_message:
                first = lock(event)
                # A lock that is there was counted when it was taken; only its start can be missing.
                left -= first
                new += first
                start(event)
            done.append(handle)
        except ClientError as error:
            # It stays in the queue, and comes again when it is visible.
            print(json.dumps({"level": "error", "reason": str(error)}))
    if left:
        count(-left)
    delete(done)
    return complete, new


def events_of(message: dict) -> list[dict]:
    events = []
    for record in json.loads(message["Body"]).get("Records", []):
        s3 = record["s3"]
        events.append(
            {
                "bucket": s3["bucket"]["name"],
                "key": urllib.parse.unquote_plus(s3["object"]["key"]),
                "version_id": s3["object"].get("versionId", ""),
                "sequencer": s3["object"]["sequencer"],
                "size": s3["object"].get("size", 0),
                "etag": s3["object"].get("eTag", ""),
                "event_name": record["eventName"],
                "event_time": record["eventTime"],
            }
        )
    return events


def reserve(wanted: int) -> int:
    """Counts as many executions as can start now, in one write for a batch."""
    while wanted > 0:
        try:
            count(wanted)
            return wanted
        except dynamodb.exceptions.ConditionalCheckFailedException as error:
            running = int(error.response.get("Item", {}).get("running", {"N": "0"})["N"])
            wanted = min(wanted - 1, MAX_CONCURRENCY - running)
    return 0


def count(executions: int) -> None:
    """Changes the number of running executions. The receiver of an end does the same with -1."""
    dynamodb.update_item(
        TableName=TABLE,
        Key=COUNTER,
        UpdateExpression="ADD running :n",
        ConditionExpression="attribute_not_exists(running) OR running <= :most",
        ExpressionAttributeValues={":n": {"N": str(executions)}, ":most": {"N": str(MAX_CONCURRENCY - max(executions, 0))}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def lock(event: dict) -> bool:
    """Records the event. False: it was recorded before, by a duplicate or by an attempt that did not come to its end."""
    now = int(time.time())
    try:
        dynamodb.put_item(
            TableName=TABLE,
            Item={
                "pk": {"S": f"{event['bucket']}/{event['key']}"},
                "sk": {"S": f"{event['sequencer']}#{event['version_id']}"},
                "execution": {"S": name_of(event)},
                "locked_at": {"N": str(now)},
                "expires_at": {"N": str(now + KEPT_SECONDS)},
            },
            ConditionExpression="attribute_not_exists(pk)",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def name_of(event: dict) -> str:
    identity = "\n".join((event["bucket"], event["key"], event["version_id"], event["sequencer"]))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def start(event: dict) -> None:
    """The name is the event's own and so is the input: a second start of it is none."""
    with contextlib.suppress(stepfunctions.exceptions.ExecutionAlreadyExists):
        stepfunctions.start_execution(stateMachineArn=STATE_MACHINE_ARN, name=name_of(event), input=json.dumps(event))


def delete(handles: list[str]) -> None:
    if handles:
        entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
        sqs.delete_message_batch(QueueUrl=QUEUE_URL, Entries=entries)
