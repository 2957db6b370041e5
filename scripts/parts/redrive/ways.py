"""From where to where a redrive goes: by the pipeline's name, or by Terraform's outputs."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from redrive import queues
from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError


@dataclass(frozen=True)
class Way:
    """From a dead-letter queue into a queue, or into a function: names, URLs or ARNs."""

    source: str
    queue: str | None = None
    function: str | None = None


@dataclass(frozen=True)
class Ledger:
    """Where the rows of a pipeline are, and where messages that ask for their next attempts go."""

    table: str
    # What the pipeline's ids are made with.
    arn: str
    order: str
    # URLs of the events queues by lane, the first lane first.
    lanes: dict


# Why a pipeline may be without a stage.
WITHOUT = {
    "ingest": "none of its sources comes via lambda",
    "rules": "nothing comes there via eventbridge or topics",
}


def by_name(api: Api, pipeline: str, stage: str, lane: str | None) -> list:
    """The ways of the pipeline of that name, whose queues are named after it; which lanes it has dispatch knows."""
    lanes = _lanes(api, pipeline) if stage in ("events", "rules") else {}
    if lane and lanes and lane not in lanes:
        raise RedriveError(f"pipeline {pipeline} has no lane {lane}: its lanes are {', '.join(lanes)}")
    chosen = [name for name in lanes or [lane or "default"] if lane in (None, name)]
    if lanes and stage == "events":
        return [Way(*lanes[name]) for name in chosen]
    possible = [way for name in chosen for way in _named(pipeline, name, stage)]
    if found := [way for way in possible if queues.exists(api, way.source)]:
        return found
    where = f" ({api.region})" if api.region else ""
    if lanes or queues.exists(api, f"{pipeline}_outcomes"):
        of_lane = f" in lane {lane}" if lane else ""
        why = WITHOUT.get(stage, f"there is no queue {possible[0].source}")
        raise RedriveError(f"pipeline {pipeline}{where} has no stage {stage}{of_lane}: {why}")
    raise RedriveError(
        f"there is no queue {possible[0].source} in this account and region{where}, and no pipeline {pipeline}: look at its name,"
        " --region and --profile"
    )


def _named(pipeline: str, lane: str, stage: str) -> list:
    """The ways of a stage, as terraform/modules/names has them."""
    if stage == "outcomes":
        return [Way(f"{pipeline}_outcomes-dlq", f"{pipeline}_outcomes")]
    if stage == "ingest":
        return [Way(f"{pipeline}_ingest-failures", function=f"{pipeline}_ingest")]
    if stage == "rules":
        return [Way(f"{pipeline}_rules-dlq_{lane}", f"{pipeline}_events_{lane}")]
    return [Way(f"{pipeline}_events-dlq_{lane}{ending}", f"{pipeline}_events_{lane}{ending}") for ending in ("", ".fifo")]


def _lanes(api: Api, pipeline: str) -> dict:
    """Dead-letter queue and events queue of each lane, the first lane first; none if dispatch is not there, or may not be asked."""
    try:
        variables = api.environment(f"{pipeline}_dispatch")
        lanes = sorted(json.loads(variables["SPILLWAY_LANES"]), key=lambda lane: lane["priority"])
        return {lane["name"]: (lane["dead_letter_queue_url"], lane["queue_url"]) for lane in lanes}
    except ApiError as error:
        if error.code == "ResourceNotFoundException":
            return {}
        if "AccessDenied" not in error.code:
            raise
        print(f"{pipeline}_dispatch may not be asked for its lanes (lambda:GetFunctionConfiguration): name each by --lane")
        return {}
    except KeyError:
        return {}


def by_terraform(directory: Path, stage: str, lane: str | None) -> list:
    """The ways that the module's output `redrive` shows."""
    redrive = _output(directory)
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


def ledger_by_name(api: Api, pipeline: str) -> Ledger:
    """As dispatch is configured."""
    try:
        variables = api.environment(f"{pipeline}_dispatch")
        lanes = sorted(json.loads(variables["SPILLWAY_LANES"]), key=lambda lane: lane["priority"])
        return Ledger(
            variables["SPILLWAY_LEDGER_TABLE"],
            variables["SPILLWAY_LEDGER_ARN"],
            variables["SPILLWAY_ORDER"],
            {lane["name"]: lane["queue_url"] for lane in lanes},
        )
    except ApiError as error:
        if error.code == "ResourceNotFoundException":
            raise RedriveError(
                f"there is no function {pipeline}_dispatch in this account and region, so no pipeline {pipeline}: look at its name,"
                " --region and --profile"
            ) from error
        raise
    except KeyError as error:
        raise RedriveError(f"{pipeline}_dispatch has no environment variable {error}: is it of another release?") from error


def ledger_by_terraform(directory: Path) -> Ledger:
    redrive = _output(directory)
    replay = redrive.get("replay")
    if not replay:
        raise RedriveError(f"the output redrive of {directory} shows no ledger: apply the module's present release")
    lanes = {name: way["destination_url"] for name, way in redrive["lanes"].items()}
    first = replay["first_lane"]
    return Ledger(replay["ledger_table_name"], replay["ledger_arn"], replay["order"], {first: lanes[first], **lanes})


def _output(directory: Path) -> dict:
    """The module's output `redrive`, passed on as such or within the whole module."""
    command = ["terraform", f"-chdir={directory}", "output", "-json"]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except OSError as error:
        raise RedriveError(f"terraform cannot be run ({error.strerror}): install it, or name the pipeline") from error
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
    return found[0]
