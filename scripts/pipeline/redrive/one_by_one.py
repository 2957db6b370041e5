"""A redrive message by message: of a selection, and of queues whose messages SQS itself does not move.

A message is deleted only after it has got to where it goes. What does not match, and what fails, stays: it is hidden from
this run while it goes on, and visible again at its end. A dead-letter queue has no limit of receives.
"""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.aws_api import Api, ApiError
from pipeline.redrive import contents
from pipeline.redrive.errors import RedriveError
from pipeline.redrive.progress import SAMPLE, Progress, in_words, sample
from pipeline.redrive.queues import Queue
from pipeline.redrive.selection import Selection
from pipeline.redrive.stop import Stop

# Seconds. Long enough for ten invocations of ingest in turn.
HIDDEN_SECONDS = 330
# A queue hands out no more when 120,000 are received and not deleted.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_HELD = 100_000
BATCH = 10
# Bytes of the bodies in one call, well below SQS's 1 MiB for bodies and attributes.
BATCH_BYTES = 512 * 1024

# Delivers messages and returns why those failed that did, by message id. An error of its own ends the run.
Deliver = Callable[[list], dict]


def into_function(api: Api, function: str) -> Deliver:
    """What the function was invoked with, it is invoked with again, and waited for."""

    def invoke(message: dict) -> str | None:
        try:
            payload = json.loads(message["Body"])["requestPayload"]
        except (ValueError, KeyError, TypeError):
            return "no message of a Lambda destination: there is no requestPayload in it"
        try:
            failure = api.invoke(function, json.dumps(payload))
        except ApiError as error:
            failure = str(error)
        return f"{function} failed again: {failure}" if failure else None

    def deliver(messages: list) -> dict:
        answers = {message["MessageId"]: invoke(message) for message in messages}
        return {id_: failure for id_, failure in answers.items() if failure}

    return deliver


def into_queue(api: Api, destination: Queue, keep_attributes: bool) -> Deliver:
    """`keep_attributes`: whether they are the message's own, and not what EventBridge says of its failure."""

    def entry(number: int, message: dict) -> dict:
        made = {"Id": str(number), "MessageBody": message["Body"]}
        if keep_attributes and message.get("MessageAttributes"):
            made["MessageAttributes"] = message["MessageAttributes"]
        if destination.is_fifo:
            made["MessageGroupId"] = message["Attributes"]["MessageGroupId"]
            # Its own id: what was sent and not deleted is dropped the next time, within five minutes.
            made["MessageDeduplicationId"] = f"redrive-{message['MessageId']}"
        return made

    def deliver(messages: list) -> dict:
        failed = {}
        for batch in _batches(messages, destination.is_fifo):
            entries = [entry(number, message) for number, message in enumerate(batch)]
            answer = api.sqs("SendMessageBatch", QueueUrl=destination.url, Entries=entries)
            sent = {entry["Id"] for entry in answer.get("Successful", [])}
            said = {entry["Id"]: f"{entry['Code']}: {entry.get('Message', '')}" for entry in answer.get("Failed", [])}
            for number, message in enumerate(batch):
                if str(number) not in sent:
                    failed[message["MessageId"]] = said.get(str(number), "SQS's answer does not name it")
        return failed

    return deliver


def _batches(messages: list, fifo: bool) -> list:
    """In a FIFO queue one by one: an entry that is refused alone would be overtaken by the next of its group."""
    made: list = []
    size = 0
    for message in messages:
        bytes_ = len(message["Body"].encode())
        if not made or fifo or size + bytes_ > BATCH_BYTES:
            made.append([])
            size = 0
        made[-1].append(message)
        size += bytes_
    return made


@dataclass
class _Tally:
    looked_at: int = 0
    moved: int = 0
    later: int = 0
    failures: list = field(default_factory=list)
    shown: list = field(default_factory=list)
    # Receipts of what stays, by message id.
    held: dict = field(default_factory=dict)


def move(api: Api, source: Queue, deliver: Deliver, selection: Selection, velocity: int | None, dry_run: bool) -> int:
    """Goes through the queue once. What comes in meanwhile stays: it may be what was moved and has failed again."""
    began = round(time.time() * 1000)
    tally = _Tally()
    with Stop() as stop:
        try:
            _go_through(api, source, deliver, selection, velocity, dry_run, began, tally, stop)
        except ApiError:
            print(f"an error ended this after {in_words(tally.moved)}; the rest is still in {source.name}")
            raise
        finally:
            give_back(api, source, list(tally.held.values()))
    return _report(source, selection, dry_run, tally, stop.asked)


def _go_through(
    api: Api,
    source: Queue,
    deliver: Deliver,
    selection: Selection,
    velocity: int | None,
    dry_run: bool,
    began: int,
    tally: _Tally,
    stop: Stop,
) -> None:
    progress = Progress("looked at" if selection.narrows else "moved")
    known_in_a_row = 0
    # Those held for long come again; among many, several answers in turn may hold nothing new.
    while not stop.asked and known_in_a_row <= 3 + len(tally.held) // BATCH:
        received = receive(api, source)
        if not received:
            break
        chosen = []
        new = 0
        for message in received:
            new += message["MessageId"] not in tally.held
            if message["MessageId"] not in tally.held and _is_chosen(message, selection, began, tally):
                chosen.append(message)
            else:
                tally.held[message["MessageId"]] = message["ReceiptHandle"]
        known_in_a_row = 0 if new else known_in_a_row + 1
        tally.looked_at += new
        if dry_run:
            tally.held |= {message["MessageId"]: message["ReceiptHandle"] for message in chosen}
            tally.moved += len(chosen)
        else:
            _deliver(api, source, deliver, chosen, velocity, tally, stop)
        more = f", {tally.moved} of them moved" if selection.narrows else ""
        progress.show(tally.looked_at if selection.narrows else tally.moved, max(source.waiting, tally.looked_at), more)
        if len(tally.held) > MOST_HELD:
            progress.end()
            raise RedriveError(
                f"{tally.looked_at} looked at, {tally.moved} moved: {MOST_HELD} that do not match are held back, and SQS allows"
                " 120,000. Select more, or move everything"
            )
    progress.end()


def _is_chosen(message: dict, selection: Selection, began: int, tally: _Tally) -> bool:
    about = contents.of(message)
    if about.sent_at > began:
        tally.later += 1
        return False
    if not selection.takes(about.objects, about.sent_at, about.error):
        return False
    if len(tally.shown) < SAMPLE:
        tally.shown.append(str(about))
    return True


def _deliver(api: Api, source: Queue, deliver: Deliver, chosen: list, velocity: int | None, tally: _Tally, stop: Stop) -> None:
    """With a velocity one by one, so that a Ctrl-C need not wait for ten."""
    step = 1 if velocity else BATCH
    waiting = list(chosen)
    tally.held |= {message["MessageId"]: message["ReceiptHandle"] for message in chosen}
    while waiting and not stop.asked:
        now, waiting = waiting[:step], waiting[step:]
        began = time.monotonic()
        failed = deliver(now)
        done = [message for message in now if message["MessageId"] not in failed]
        if done:
            _delete(api, source, done)
        for message in done:
            del tally.held[message["MessageId"]]
        tally.moved += len(done)
        tally.failures += failed.values()
        if velocity:
            time.sleep(max(0, len(now) / velocity - (time.monotonic() - began)))


def _delete(api: Api, source: Queue, messages: list) -> None:
    entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]
    answer = api.sqs("DeleteMessageBatch", QueueUrl=source.url, Entries=entries)
    if failed := answer.get("Failed", []):
        raise RedriveError(
            f"{in_words(len(failed))} got to where they go and could not be deleted from {source.name} ({failed[0]['Code']}): they"
            " will be moved once more, which does no harm"
        )


def receive(api: Api, source: Queue) -> list:
    # A long poll asks every one of SQS's servers.
    request = {"MaxNumberOfMessages": BATCH, "VisibilityTimeout": HIDDEN_SECONDS, "WaitTimeSeconds": 1}
    names = {"MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    return api.sqs("ReceiveMessage", QueueUrl=source.url, **request, **names).get("Messages", [])


def give_back(api: Api, source: Queue, receipts: list) -> None:
    """Visible again at once; what cannot be given back becomes so by itself."""
    for start in range(0, len(receipts), BATCH):
        batch = receipts[start : start + BATCH]
        entries = [{"Id": str(at), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for at, receipt in enumerate(batch)]
        with contextlib.suppress(ApiError):
            api.sqs("ChangeMessageVisibilityBatch", QueueUrl=source.url, Entries=entries)


def _report(source: Queue, selection: Selection, dry_run: bool, tally: _Tally, stopped: bool) -> int:
    looked = f" of {tally.looked_at} looked at" if selection.narrows else ""
    if stopped:
        print(f"stopped after {in_words(tally.moved)}; the rest is still in {source.name}. Run this again to go on.")
        return 130
    if dry_run:
        print(f"would move {in_words(tally.moved)}{looked} from {source.name}")
        sample(tally.shown, tally.moved)
        return 0
    print(f"{in_words(tally.moved)}{looked} moved from {source.name}")
    if tally.later:
        print(f"{in_words(tally.later)} came while this ran and stay: look at their reason before you run this again")
    if tally.failures:
        raise RedriveError(f"{in_words(len(tally.failures))} failed and stay in {source.name}; the first: {tally.failures[0]}")
    return 0
