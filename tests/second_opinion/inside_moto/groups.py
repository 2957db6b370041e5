"""FIFO groups with messages that were received and not deleted: they come again in the order in which they were sent.

moto looks at one message after the other. The first ones of a group are visible again and stay held back for the last one,
which is looked at last, and delivered alone. So before a receive all that is visible again is taken back, at one moment.
"""

from unittest import mock

from moto.sqs import models

ACCOUNT, REGION = "123456789012", "us-east-1"


class AtOneMoment:
    """A receive of a queue, in which no time passes."""

    def __init__(self, queue_url: str) -> None:
        self._queue = models.sqs_backends[ACCOUNT][REGION].queues[queue_url.rsplit("/", 1)[1]]
        now = models.unix_time_millis()
        self._time = mock.patch.object(models, "unix_time_millis", return_value=now)

    def __enter__(self) -> None:
        self._time.start()
        for message in [message for message in self._queue.pending_messages if message.visible]:
            self._queue.pending_messages.discard(message)

    def __exit__(self, *_: object) -> None:
        self._time.stop()
