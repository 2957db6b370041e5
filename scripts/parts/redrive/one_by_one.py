"""A redrive message by message: of a selection, and of queues whose messages SQS itself does not move.

A message is deleted only after it has got to where it goes. What does not match, and what fails, stays: it is hidden from
this run while it goes on, and visible again at its end. A dead-letter queue has no limit of receives.
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable

from redrive import contents
from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError
from redrive.progress import SAMPLE, Progress, in_words, sample
from redrive.queues import Queue
from redrive.selection import Looked, Selection
from redrive.stop import Stop

# Seconds. Long enough for ten invocations of ingest in turn.
HIDDEN_SECONDS = 330
# A queue hands out no more when 120,000 are received and not deleted.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_HELD = 100_000
BATCH = 10
# Bytes of bodies and attributes in one call, well below SQS's 1 MiB.
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
        bytes_ = len(message["Body"].encode()) + sum(map(_bytes, message.get("MessageAttributes", {}).items()))
        if not made or fifo or size + bytes_ > BATCH_BYTES:
            made.append([])
            size = 0
        made[-1].append(message)
        size += bytes_
    return made


def _bytes(attribute: tuple) -> int:
    """Name, type and value. The AWS CLI shows a binary value in Base64, which is longer than it is."""
    name, value = attribute
    content = value.get("StringValue", value.get("BinaryValue", ""))
    return len(name.encode()) + len(value["DataType"]) + len(content if isinstance(content, bytes) else content.encode())


class Pass:
    """Goes through a queue once. What comes in meanwhile stays: it may be what was moved and has failed again."""

    def __init__(
        self, api: Api, source: Queue, deliver: Deliver, selection: Selection, looked: Looked, velocity: int | None, dry_run: bool
    ) -> None:
        self._api, self._source, self._deliver_to = api, source, deliver
        self._selection, self._looked, self._velocity, self._dry_run = selection, looked, velocity, dry_run
        self._began = round(time.time() * 1000)
        self._looked_at = self._moved = self._later = self._without_attempt = 0
        self._failures: list = []
        self._shown: list = []
        # Receipts of what stays, by message id.
        self._held: dict = {}

    def go(self) -> int:
        with Stop() as stop:
            try:
                self._go_through(stop)
            except ApiError:
                print(f"an error ended this after {in_words(self._moved)}; the rest is still in {self._source.name}")
                raise
            finally:
                give_back(self._api, self._source, list(self._held.values()))
        return self._report(stop.asked)

    def _go_through(self, stop: Stop) -> None:
        narrows = self._selection.narrows
        progress = Progress("looked at" if narrows else "moved")
        known_in_a_row = 0
        # Those held for long come again; among many, several answers in turn may hold nothing new.
        while not stop.asked and known_in_a_row <= 3 + len(self._held) // BATCH:
            received = receive(self._api, self._source)
            if not received:
                break
            new = [message for message in received if message["MessageId"] not in self._held]
            self._held |= {message["MessageId"]: message["ReceiptHandle"] for message in received}
            known_in_a_row = 0 if new else known_in_a_row + 1
            self._looked_at += len(new)
            chosen = [message for message in new if self._is_chosen(message)]
            if self._dry_run:
                self._moved += len(chosen)
            else:
                self._deliver(chosen, stop)
            done, more = (self._looked_at, f", {self._moved} of them moved") if narrows else (self._moved, "")
            progress.show(done, max(self._source.waiting, self._looked_at), more)
            if len(self._held) > MOST_HELD:
                progress.end()
                raise RedriveError(
                    f"{self._looked_at} looked at, {self._moved} moved: {MOST_HELD} that do not match are held back, and SQS"
                    " allows 120,000. Select more, or move everything"
                )
        progress.end()

    def _is_chosen(self, message: dict) -> bool:
        about = contents.of(message)
        if about.sent_at > self._began:
            self._later += 1
            return False
        self._looked.found(about.objects)
        if not self._selection.takes(about.objects, about.sent_at, about.error):
            return False
        self._without_attempt += about.without_attempt
        if len(self._shown) < SAMPLE:
            self._shown.append(str(about))
        return True

    def _deliver(self, waiting: list, stop: Stop) -> None:
        """With a velocity one by one, so that a Ctrl-C need not wait for ten."""
        step = 1 if self._velocity else BATCH
        while waiting and not stop.asked:
            now, waiting = waiting[:step], waiting[step:]
            began = time.monotonic()
            failed = self._deliver_to(now)
            done = [message for message in now if message["MessageId"] not in failed]
            if done:
                _delete(self._api, self._source, done)
            for message in done:
                del self._held[message["MessageId"]]
            self._moved += len(done)
            self._failures += failed.values()
            if self._velocity:
                time.sleep(max(0, len(now) / self._velocity - (time.monotonic() - began)))

    def _report(self, stopped: bool) -> int:
        name = self._source.name
        looked = f" of {self._looked_at} looked at" if self._selection.narrows else ""
        warn_of_attempts(self._without_attempt)
        if stopped:
            print(f"stopped after {in_words(self._moved)}; the rest is still in {name}. Run this again to go on.")
            return 130
        if self._dry_run:
            print(f"would move {in_words(self._moved)}{looked} from {name}")
            sample(self._shown, self._moved)
            return 0
        print(f"{in_words(self._moved)}{looked} moved from {name}")
        if self._later:
            print(f"{in_words(self._later)} came while this ran and stay: look at their reason before you run this again")
        if self._failures:
            count = in_words(len(self._failures))
            raise RedriveError(f"{count} failed and stay in {name}; the first: {self._failures[0]}")
        return 0


def warn_of_attempts(count: int) -> None:
    if count:
        print(
            f"warning: {in_words(count)} put there by hand without the attribute attempt. dispatch takes that for attempt 1, and"
            " drops it if the ledger knows one: use --stage replay, or send it again with its attempt",
            file=sys.stderr,
        )


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
