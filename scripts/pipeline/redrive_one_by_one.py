"""A redrive message by message, for queues whose messages SQS itself does not move: those that Lambda or EventBridge filled.

A message is deleted only after it has got to where it goes; what fails stays, and comes again with the next run.
"""

import json
import time
from collections.abc import Callable

from pipeline.aws_api import Api, ApiError
from pipeline.redrive_progress import Progress, in_words
from pipeline.redrive_queues import Queue, RedriveError

# Long enough for ten invocations of ingest in turn.
HIDDEN_SECONDS = 330


def into_function(api: Api, source: Queue, function: str, velocity: int | None) -> int:
    """What the function was invoked with, it is invoked with again, and waited for."""

    def invoke(message: dict) -> None:
        try:
            payload = json.loads(message["Body"])["requestPayload"]
        except (ValueError, KeyError, TypeError):
            raise RedriveError("no message of a Lambda destination: there is no requestPayload in it") from None
        if failure := api.invoke(function, json.dumps(payload)):
            raise RedriveError(f"{function} failed again: {failure}")

    return _each(api, source, invoke, velocity)


def into_queue(api: Api, source: Queue, destination: Queue, velocity: int | None) -> int:
    def send(message: dict) -> None:
        # Of the attributes only those that are the message's own: EventBridge adds why it failed.
        api.sqs("SendMessage", QueueUrl=destination.url, MessageBody=message["Body"])

    return _each(api, source, send, velocity)


def _each(api: Api, source: Queue, deliver: Callable[[dict], None], velocity: int | None) -> int:
    progress, done, failures = Progress(), 0, []
    try:
        while done + len(failures) < source.waiting and (messages := _receive(api, source)):
            for message in messages:
                began = time.monotonic()
                try:
                    deliver(message)
                    api.sqs("DeleteMessage", QueueUrl=source.url, ReceiptHandle=message["ReceiptHandle"])
                    done += 1
                except (ApiError, RedriveError) as error:
                    failures.append(str(error))
                    # Visible again, for the next run.
                    api.sqs(
                        "ChangeMessageVisibility",
                        QueueUrl=source.url,
                        ReceiptHandle=message["ReceiptHandle"],
                        VisibilityTimeout=30,
                    )
                progress.show(done, source.waiting)
                if velocity:
                    time.sleep(max(0, 1 / velocity - (time.monotonic() - began)))
    except KeyboardInterrupt:
        progress.end()
        print(f"stopped after {in_words(done)}; the rest is still in {source.name}. Run this again to go on.")
        return 130
    progress.end()
    print(f"{in_words(done)} moved from {source.name}")
    if failures:
        raise RedriveError(f"{in_words(len(failures))} failed and stay in {source.name}; the first: {failures[0]}")
    return 0


def _receive(api: Api, source: Queue) -> list:
    # A long poll asks every one of SQS's servers.
    request = {"MaxNumberOfMessages": 10, "VisibilityTimeout": HIDDEN_SECONDS, "WaitTimeSeconds": 2}
    return api.sqs("ReceiveMessage", QueueUrl=source.url, **request).get("Messages", [])
