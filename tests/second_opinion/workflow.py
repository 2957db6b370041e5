"""How executions end, by the names of their objects: the same in every run."""

import dataclasses
import json
import random


@dataclasses.dataclass(frozen=True)
class Ending:
    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None


def fails(key: str, attempt: int) -> bool:
    return "always-fails" in key or ("fails-first" in key and attempt == 1)


def ending(name: str, input_: dict) -> Ending:
    objects, attempt = input_["objects"], input_["attempt"]
    rng = random.Random(f"ending {name}")
    failed = [item["id"] for item in objects if fails(item["key"], attempt)]
    if len(objects) > 1:
        if rng.random() < 0.2:
            return Ending("FAILED", None, "WholeBatch", "as some do")
        return Ending("SUCCEEDED", json.dumps({"batchItemFailures": [{"itemIdentifier": id_} for id_ in failed]}))
    if not failed:
        return Ending("SUCCEEDED", json.dumps({"done": objects[0]["key"]}))
    # The one way to end that moto has itself.
    return Ending("ABORTED") if rng.random() < 0.3 else Ending("FAILED", None, "NotToday", "its name says so")


def seconds(name: str) -> float:
    """How long an execution runs: one in ten until the sweep describes it."""
    rng = random.Random(f"seconds {name}")
    return rng.uniform(3, 4) if rng.random() < 0.1 else rng.uniform(0.05, 0.4)


def failed_items(ended: dict) -> set[str]:
    """The ids of those objects of an execution, as DescribeExecution tells of it, that did not succeed."""
    ids = {item["id"] for item in json.loads(ended["input"])["objects"]}
    if ended["status"] != "SUCCEEDED":
        return ids
    reported = json.loads(ended["output"]).get("batchItemFailures", [])
    return {item["itemIdentifier"] for item in reported}
