"""A lock around the queues: MiniStack changes a queue's list of messages on several threads, and so can lose one."""

import asyncio
import threading

from ministack.services import eventbridge, lambda_svc, s3, sns, sqs

from emulator.additions.locking import lock_in, locked


def add() -> threading.RLock:
    lock = threading.RLock()
    lock_in(lock, sqs, "_collect_msgs", "_dlq_sweep", "_expire_retained")
    lock_in(lock, sqs, "_receive_messages_for_esm", "_delete_messages_for_esm")
    lock_in(lock, s3, "_deliver_event_to_sqs")
    lock_in(lock, eventbridge, "_dispatch_to_sqs")
    lock_in(lock, sns, "_deliver_to_sqs")
    lock_in(lock, lambda_svc, "_route_async_failure")
    for action, handler in sqs._HANDLERS.items():
        if not asyncio.iscoroutinefunction(handler):
            sqs._HANDLERS[action] = locked(lock, handler)
    return lock
