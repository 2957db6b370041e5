"""SQS's StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask, which MiniStack lacks."""

import itertools
import threading
import time

from ministack.services import sqs


def add(lock: threading.RLock) -> None:
    moves = MessageMoves(lock)
    sqs._HANDLERS["StartMessageMoveTask"] = moves.start
    sqs._HANDLERS["ListMessageMoveTasks"] = moves.show
    sqs._HANDLERS["CancelMessageMoveTask"] = moves.cancel


class MessageMoves:
    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._tasks: list[dict] = []
        self._numbers = itertools.count(1)

    def start(self, request: dict, _url: str) -> dict:
        source, destination = _queue(request["SourceArn"]), _queue(request["DestinationArn"])
        arn = request["SourceArn"]
        if not any(arn in queue["attributes"].get("RedrivePolicy", "") for queue in sqs._queues.values()):
            raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
        if any(task["Status"] == "RUNNING" for task in self._of(arn)):
            raise sqs._Err(
                "UnsupportedOperation",
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
            )
        given = ("SourceArn", "DestinationArn", "MaxNumberOfMessagesPerSecond")
        task = {name: request[name] for name in given if request.get(name)}
        task["TaskHandle"] = f"task-{next(self._numbers)}"
        task["Status"] = "RUNNING"
        task["ApproximateNumberOfMessagesMoved"] = 0
        task["ApproximateNumberOfMessagesToMove"] = len(source["messages"])
        task["StartedTimestamp"] = int(time.time() * 1000)
        self._tasks.append(task)
        threading.Thread(target=self._move, args=(task, source, destination), daemon=True).start()
        return {"TaskHandle": task["TaskHandle"]}

    def show(self, request: dict, _url: str) -> dict:
        _queue(request["SourceArn"])
        newest = reversed(self._of(request["SourceArn"]))
        # As in SQS, only a running task shows its handle.
        shown = [{k: v for k, v in task.items() if k != "TaskHandle" or task["Status"] == "RUNNING"} for task in newest]
        return {"Results": shown[: request.get("MaxResults", 1)]}

    def cancel(self, request: dict, _url: str) -> dict:
        for task in self._tasks:
            if task["TaskHandle"] == request["TaskHandle"] and task["Status"] == "RUNNING":
                task["Status"] = "CANCELLING"
                return {"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]}
        raise sqs._Err("ResourceNotFoundException", "The task does not exist, or is not running.", 404)

    def _of(self, source_arn: str) -> list[dict]:
        return [task for task in self._tasks if task["SourceArn"] == source_arn]

    def _move(self, task: dict, source: dict, destination: dict) -> None:
        pause = 1 / task.get("MaxNumberOfMessagesPerSecond", 500)
        while task["Status"] == "RUNNING":
            with self._lock:
                taken = sqs._collect_msgs(source, 1, 30)
                if not taken:
                    task["Status"] = "COMPLETED"
                    return
                source["messages"].remove(taken[0])
                destination["messages"].append(_anew(taken[0]))
                task["ApproximateNumberOfMessagesMoved"] += 1
            sqs.esm_wake.set()
            time.sleep(pause)
        task["Status"] = "CANCELLED"


def _queue(arn: str) -> dict:
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        raise sqs._Err("ResourceNotFoundException", f"The queue {arn} does not exist.", 404)
    return queue


def _anew(message: dict) -> dict:
    """As in SQS, a moved message has a new id, a new clock and no receives."""
    now = time.time()
    return {
        **message,
        "id": sqs.new_uuid(),
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now,
        "receive_count": 0,
        "first_receive_at": None,
        "sys": sqs._build_send_sys_attrs(now, {}),
    }
