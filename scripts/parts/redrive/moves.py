"""A redrive by SQS itself, which moves the messages of a dead-letter queue of a queue (StartMessageMoveTask)."""

import contextlib
import time

from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError
from redrive.progress import Progress, in_words
from redrive.queues import Queue

POLL_SECONDS = 1.0


def move(api: Api, source: Queue, destination: Queue, velocity: int | None, detach: bool) -> int:
    # Always with a destination: SQS knows where a message came from only if SQS itself dead-lettered it.
    request = {"SourceArn": source.arn, "DestinationArn": destination.arn}
    if velocity:
        request["MaxNumberOfMessagesPerSecond"] = velocity
    handle = api.sqs("StartMessageMoveTask", **request)["TaskHandle"]
    if detach:
        print(f"under way. To cancel it: aws sqs cancel-message-move-task --task-handle {handle}")
        return 0
    return _follow(api, source, handle)


def refuse_a_second(api: Api, source: Queue) -> None:
    task = _newest_task(api, source)
    if task and task["Status"] in ("RUNNING", "CANCELLING"):
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        raise RedriveError(
            f"a move from {source.name} is under way already ({moved} moved); SQS allows one at a time. Wait for its end, or"
            f" cancel it: aws sqs cancel-message-move-task --task-handle {task.get('TaskHandle', '<handle>')}"
        )


def _newest_task(api: Api, queue: Queue) -> dict | None:
    results = api.sqs("ListMessageMoveTasks", SourceArn=queue.arn, MaxResults=1).get("Results", [])
    return results[0] if results else None


def _follow(api: Api, source: Queue, handle: str) -> int:
    """Waits for the end of the move; Ctrl-C cancels it."""
    progress = Progress()
    try:
        while True:
            task = _newest_task(api, source) or {}
            moved = task.get("ApproximateNumberOfMessagesMoved", 0)
            progress.show(moved, max(task.get("ApproximateNumberOfMessagesToMove", 0), moved))
            if task.get("Status") not in ("RUNNING", "CANCELLING"):
                break
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        progress.end()
        print("cancelling …", flush=True)
        with contextlib.suppress(ApiError):  # it may have ended in this very moment
            api.sqs("CancelMessageMoveTask", TaskHandle=handle)
        moved = (_newest_task(api, source) or {}).get("ApproximateNumberOfMessagesMoved", 0)
        print(f"cancelled after {in_words(moved)}; the rest is still in {source.name}. Run this again to go on.")
        return 130
    progress.end()
    if task.get("Status") != "COMPLETED":
        reason = task.get("FailureReason", "SQS gives no reason")
        raise RedriveError(f"the move ended as {task.get('Status', 'unknown')} after {in_words(moved)}: {reason}")
    print(f"{in_words(moved)} moved from {source.name}")
    return 0
