"""The queues of a redrive: which ones, by the pipeline's name or by Terraform's outputs, and what lies in them."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pipeline.aws_api import Api, ApiError

STAGES = ("events", "outcomes", "ingest", "rules")


class RedriveError(Exception):
    pass


@dataclass(frozen=True)
class Way:
    """From a dead-letter queue into a queue, or into a function: names, URLs or ARNs."""

    source: str
    queue: str | None = None
    function: str | None = None


@dataclass(frozen=True)
class Queue:
    url: str
    arn: str
    waiting: int
    in_flight: int

    @property
    def name(self) -> str:
        return self.arn.rsplit(":", 1)[1]


def find(api: Api, given: str) -> Queue:
    """The queue of that URL, ARN or name."""
    try:
        if given.startswith("arn:"):
            _, _, _, _, account, name = given.split(":")
            url = api.sqs("GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        elif "://" in given:
            url = given
        else:
            url = api.sqs("GetQueueUrl", QueueName=given)["QueueUrl"]
        names = ["QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = api.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
    except ApiError as error:
        if error.code.endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise RedriveError(f"there is no queue {given} in this account and region") from error
        raise
    return Queue(url, attributes["QueueArn"], int(attributes[names[1]]), int(attributes[names[2]]))


def by_name(api: Api, pipeline: str, stage: str, lane: str | None) -> list:
    """The ways of the pipeline of that name, whose queues are named after it."""
    queue = f"{pipeline}-{lane}" if lane else pipeline
    if stage == "outcomes":
        return [Way(f"{pipeline}-outcomes-dlq", f"{pipeline}-outcomes")]
    if stage == "ingest":
        return [Way(f"{pipeline}-ingest-failures", function=f"{pipeline}-ingest")]
    if stage == "rules":
        return [Way(f"{queue}-rules-dlq", queue)]
    fifo = [Way(f"{queue}-dlq.fifo", f"{queue}.fifo")]
    return fifo if _exists(api, f"{queue}-dlq.fifo") else [Way(f"{queue}-dlq", queue)]


def _exists(api: Api, queue: str) -> bool:
    try:
        find(api, queue)
    except RedriveError:
        return False
    return True


def by_terraform(directory: Path, stage: str, lane: str | None) -> list:
    """The ways that the module's output `redrive` shows, passed on as such or within the whole module."""
    result = subprocess.run(
        ["terraform", f"-chdir={directory}", "output", "-json"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode != 0:
        raise RedriveError(f"terraform output in {directory} failed: {result.stderr.strip()}")
    values = [output["value"] for output in json.loads(result.stdout).values()]
    known = [value.get("redrive", value) for value in values if isinstance(value, dict)]
    found = [value for value in known if isinstance(value, dict) and "source_arn" in (value.get("events") or {})]
    if len(found) != 1:
        count = "no pipeline" if not found else f"{len(found)} pipelines"
        raise RedriveError(
            f"the outputs of {directory} show {count}. Name the queues by --from and --to, or add to that root module:"
            ' output "redrive" { value = module.spillway.redrive }'
        )
    return _of_output(found[0], stage, lane)


def _of_output(redrive: dict, stage: str, lane: str | None) -> list:
    shown = redrive.get(stage) or {}
    if stage == "events":
        shown = redrive.get("lanes") or {"default": shown}
    elif "source_arn" in shown:
        shown = {stage: shown}
    if lane:
        shown = {name: way for name, way in shown.items() if name == lane}
    if not shown:
        which = f" of lane {lane}" if lane else ""
        raise RedriveError(f"the pipeline has no dead-letter queue for {stage}{which}: its output redrive shows none")
    return [Way(way["source_arn"], way.get("destination_arn"), way.get("function_name")) for way in shown.values()]
