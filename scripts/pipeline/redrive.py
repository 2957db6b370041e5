"""scripts/redrive: moves the messages of a dead-letter queue back into the queue that they came from."""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline import sqs_api
from pipeline.sqs_api import ApiError

STAGES = {"events": "", "outcomes": "-outcomes"}
POLL_SECONDS = 1.0
LINE_SECONDS = 5.0


class RedriveError(Exception):
    pass


@dataclass
class Queue:
    url: str
    arn: str
    waiting: int
    in_flight: int

    @property
    def name(self) -> str:
        return self.arn.rsplit(":", 1)[1]


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/redrive",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Moves the messages of a pipeline's dead-letter queue back into its queue. Repair the cause first.\n"
        "Each object event then gets one more attempt; what is done already is not done again.",
        epilog="examples:\n"
        "  scripts/redrive device-status --dry-run        by the pipeline's name\n"
        "  scripts/redrive --terraform-dir infrastructure --velocity 20\n"
        "  scripts/redrive --from device-status-dlq --to device-status\n\n"
        "Credentials and region are found as the AWS CLI finds them (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, SSO …).\n"
        "Calls go through boto3 if python3 has it, else through the AWS CLI. They need sqs:StartMessageMoveTask,\n"
        "ListMessageMoveTasks, CancelMessageMoveTask, ReceiveMessage, DeleteMessage, GetQueueAttributes and GetQueueUrl\n"
        "on the dead-letter queue, and sqs:SendMessage, GetQueueAttributes and GetQueueUrl on the queue.",
    )
    parser.add_argument("name", nargs="?", metavar="PIPELINE", help="the pipeline's name: its queues are found by it")
    parser.add_argument("--stage", choices=list(STAGES), default="events", help="which of the pipeline's queues (default: events)")
    parser.add_argument("--terraform-dir", type=Path, metavar="DIR", help="read the queues from the outputs of this root module")
    parser.add_argument("--from", dest="source", metavar="QUEUE", help="the dead-letter queue: name, URL or ARN")
    parser.add_argument("--to", dest="destination", metavar="QUEUE", help="where to: name, URL or ARN")
    parser.add_argument("--velocity", type=int, metavar="N", help="at most N messages a second (1 to 500; default: SQS decides)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be moved, and move nothing")
    parser.add_argument("--detach", action="store_true", help="start the move and do not wait for its end")
    parser.add_argument("--endpoint-url", metavar="URL", help="another SQS than AWS's own (default: AWS_ENDPOINT_URL)")
    parser.add_argument("--region", help="default: AWS_REGION, or the profile's")
    parser.add_argument("--profile", help="default: AWS_PROFILE")
    options = parser.parse_args(arguments)
    ways = [options.name, options.terraform_dir, options.source or options.destination]
    if sum(way is not None for way in ways) != 1 or bool(options.source) != bool(options.destination):
        parser.error("name the queues in one way: PIPELINE, --terraform-dir, or --from with --to")
    if options.velocity is not None and not 1 <= options.velocity <= 500:
        parser.error("--velocity is 1 to 500 messages a second")
    return options


def from_terraform(directory: Path, stage: str) -> tuple:
    result = subprocess.run(
        ["terraform", f"-chdir={directory}", "output", "-json"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode != 0:
        raise RedriveError(f"terraform output in {directory} failed: {result.stderr.strip()}")
    values = [output["value"] for name, output in json.loads(result.stdout).items()]
    # The module's output `redrive`, passed on as such or within the whole module.
    known = [value.get("redrive", value) for value in values if isinstance(value, dict)]
    found = [value[stage] for value in known if isinstance(value.get(stage), dict) and "source_arn" in value[stage]]
    if len(found) != 1:
        count = "no pipeline" if not found else f"{len(found)} pipelines"
        raise RedriveError(
            f"the outputs of {directory} show {count}. Name the queues by --from and --to, or add to that root module:"
            ' output "redrive" { value = module.spillway.redrive }'
        )
    return found[0]["source_arn"], found[0]["destination_arn"]


def find(sqs: sqs_api.Sqs, given: str) -> Queue:
    """The queue of that URL, ARN or name."""
    try:
        if given.startswith("arn:"):
            _, _, _, _, account, name = given.split(":")
            url = sqs.call("GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        elif "://" in given:
            url = given
        else:
            url = sqs.call("GetQueueUrl", QueueName=given)["QueueUrl"]
        names = ["QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    except ApiError as error:
        if error.code.endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise RedriveError(f"there is no queue {given} in this account and region") from error
        raise
    return Queue(url, attributes["QueueArn"], int(attributes[names[1]]), int(attributes[names[2]]))


def newest_task(sqs: sqs_api.Sqs, queue: Queue) -> dict | None:
    results = sqs.call("ListMessageMoveTasks", SourceArn=queue.arn, MaxResults=1).get("Results", [])
    return results[0] if results else None


def in_words(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


class Progress:
    """A bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self) -> None:
        self._bar = sys.stdout.isatty()
        self._shown_at = time.monotonic()

    def show(self, moved: int, total: int) -> None:
        if self._bar:
            done = round(30 * moved / total) if total else 30
            print(f"\r[{'#' * done}{'.' * (30 - done)}] {moved} of {total} ", end="", flush=True)
        elif time.monotonic() - self._shown_at >= LINE_SECONDS:
            self._shown_at = time.monotonic()
            print(f"{moved} of {total} moved", flush=True)

    def end(self) -> None:
        if self._bar:
            print()


def follow(sqs: sqs_api.Sqs, source: Queue, handle: str) -> int:
    """Waits for the end of the move; Ctrl-C cancels it."""
    progress = Progress()
    try:
        while True:
            task = newest_task(sqs, source) or {}
            moved = task.get("ApproximateNumberOfMessagesMoved", 0)
            progress.show(moved, max(task.get("ApproximateNumberOfMessagesToMove", 0), moved))
            if task.get("Status") not in ("RUNNING", "CANCELLING"):
                break
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        progress.end()
        print("cancelling …", flush=True)
        with contextlib.suppress(ApiError):  # it may have ended in this very moment
            sqs.call("CancelMessageMoveTask", TaskHandle=handle)
        moved = (newest_task(sqs, source) or {}).get("ApproximateNumberOfMessagesMoved", 0)
        print(f"cancelled after {in_words(moved)}; the rest is still in {source.name}. Run this again to go on.")
        return 130
    progress.end()
    if task.get("Status") != "COMPLETED":
        reason = task.get("FailureReason", "SQS gives no reason")
        raise RedriveError(f"the move ended as {task.get('Status', 'unknown')} after {in_words(moved)}: {reason}")
    print(f"{in_words(moved)} moved from {source.name}")
    return 0


def redrive(options: argparse.Namespace) -> int:
    if options.name:
        queue = f"{options.name}{STAGES[options.stage]}"
        given = (f"{queue}-dlq", queue)
    elif options.terraform_dir:
        given = from_terraform(options.terraform_dir, options.stage)
    else:
        given = (options.source, options.destination)
    sqs = sqs_api.connect(options.endpoint_url, options.region, options.profile)
    source, destination = find(sqs, given[0]), find(sqs, given[1])

    task = newest_task(sqs, source)
    if task and task["Status"] in ("RUNNING", "CANCELLING"):
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        raise RedriveError(
            f"a move from {source.name} is under way already ({moved} moved); SQS allows one at a time. Wait for its end, or"
            f" cancel it: aws sqs cancel-message-move-task --task-handle {task.get('TaskHandle', '<handle>')}"
        )
    hidden = f" ({in_words(source.in_flight)} more in flight: someone is reading them)" if source.in_flight else ""
    if not source.waiting:
        print(f"nothing to move: {source.name} is empty{hidden}")
        return 0
    pace = f", at most {options.velocity} a second" if options.velocity else ""
    would = "would move" if options.dry_run else "moving"
    print(f"{would} {in_words(source.waiting)} from {source.name} to {destination.name}{pace}{hidden}", flush=True)
    if options.dry_run:
        return 0

    # Always with a destination: SQS knows where a message came from only if SQS itself dead-lettered it.
    request = {"SourceArn": source.arn, "DestinationArn": destination.arn}
    if options.velocity:
        request["MaxNumberOfMessagesPerSecond"] = options.velocity
    handle = sqs.call("StartMessageMoveTask", **request)["TaskHandle"]
    if options.detach:
        print(f"under way. To cancel it: aws sqs cancel-message-move-task --task-handle {handle}")
        return 0
    return follow(sqs, source, handle)


def main(arguments: list) -> int:
    try:
        return redrive(parse(arguments))
    except RedriveError as error:
        print(f"scripts/redrive: {error}", file=sys.stderr)
    except ApiError as error:
        code = f"{error.code}: " if error.code else ""
        print(f"scripts/redrive: {code}{error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped before anything was moved", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
