"""A lock around the queues: MiniStack changes a queue's list of messages on several threads, and so can lose one."""

import asyncio
import functools
import threading
from collections.abc import Callable

from ministack.services import eventbridge, lambda_svc, s3, sns, sqs


def add() -> threading.RLock:
    lock = threading.RLock()

    def locked(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*arguments, **named):
            with lock:
                return function(*arguments, **named)

        return run

    def lock_in(module, *names: str) -> None:
        for name in names:
            setattr(module, name, locked(getattr(module, name)))

    lock_in(sqs, "_collect_msgs", "_dlq_sweep", "_expire_retained")
    lock_in(sqs, "_receive_messages_for_esm", "_delete_messages_for_esm")
    lock_in(s3, "_deliver_event_to_sqs")
    lock_in(eventbridge, "_dispatch_to_sqs")
    lock_in(sns, "_deliver_to_sqs")
    lock_in(lambda_svc, "_route_async_failure")
    for action, handler in sqs._HANDLERS.items():
        if not asyncio.iscoroutinefunction(handler):
            sqs._HANDLERS[action] = locked(handler)
    return lock
