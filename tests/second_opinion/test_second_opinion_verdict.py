"""The judge finds faults, and nothing in a run without faults."""

import copy
import dataclasses
import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
import verdict
from s3_records import Upload
from under_test import Settings

UPLOADS = [Upload("b", "in/a.json", "v1", 1), Upload("b", "in/a.json", "v2", 2), Upload("b", "in/dead.json", "v3", 3)]


def at(second: int) -> datetime.datetime:
    return datetime.datetime(2026, 11, 22, 12, 0, second, tzinfo=datetime.timezone.utc)


def execution(upload: Upload, attempt: int, start: int, stop: int, status: str = "SUCCEEDED") -> dict:
    item = {"id": f"{upload.key} {upload.version}", "key": upload.key, "versionId": upload.version}
    name = f"{upload.version}-{attempt}"
    input_ = json.dumps({"attempt": attempt, "objects": [item]})
    return {"name": name, "status": status, "startDate": at(start), "stopDate": at(stop), "input": input_, "output": "{}"}


def item(pk: str, sk: str, **texts: str) -> dict:
    return {"pk": {"S": pk}, "sk": {"S": sk}, **{name: {"S": text} for name, text in texts.items()}}


@dataclasses.dataclass
class Kept:
    """The records that a run has left."""

    settings: Settings = dataclasses.field(default_factory=lambda: Settings(order="each", max_concurrency=2, max_attempts=2))
    problems: list[str] = dataclasses.field(default_factory=list)
    seen_running: int = 2
    executions: list[dict] = dataclasses.field(
        default_factory=lambda: [
            execution(UPLOADS[0], 1, 0, 2),
            execution(UPLOADS[2], 1, 1, 3, "FAILED"),
            execution(UPLOADS[1], 1, 2, 4),
            execution(UPLOADS[2], 2, 4, 5, "ABORTED"),
        ]
    )
    ledger: list[dict] = dataclasses.field(
        default_factory=lambda: [
            item("b/in/a.json", "v#v1", version_id="v1", state="SUCCEEDED"),
            item("b/in/a.json", "v#v2", version_id="v2", state="SUCCEEDED"),
            item("b/in/dead.json", "v#v3", version_id="v3", state="DEAD"),
            item("b/in/a.json", "head"),
            item("lease", "dispatch"),
        ]
    )
    queues: dict[str, list[dict]] = dataclasses.field(
        default_factory=lambda: {
            "events-dlq": [
                {
                    "body": json.dumps({"object": {"key": "in/dead.json", "versionId": "v3"}}),
                    "attributes": {"attempt": "3", "reason": "x"},
                }
            ]
        }
    )
    differing: list[str] = dataclasses.field(default_factory=list)

    def ended(self) -> list[dict]:
        return self.executions

    def items(self) -> list[dict]:
        return self.ledger

    def rows(self) -> list[dict]:
        return [item for item in self.ledger if "#" in item["sk"]["S"]]

    def messages(self, queue: str) -> list[dict]:
        return self.queues.get(queue, [])

    @property
    def server(self) -> "Kept":
        return self

    def ask(self, _look: str) -> dict:
        return {"differing": self.differing}


def faults(kept: Any) -> list[str]:
    orders = verdict.one_at_a_time(kept) + verdict.in_turn(kept, UPLOADS) + verdict.only_forward(kept, UPLOADS)
    return verdict.kept(kept, UPLOADS) + orders + verdict.batches(kept)


def test_what_is_right_has_no_fault() -> None:
    assert faults(Kept()) == []


BREAKAGES: dict[str, Callable[[Kept], object]] = {
    "attempts [1, 1]": lambda kept: kept.executions.append({**copy.deepcopy(kept.executions[0]), "name": "again"}),
    "its rows say ['SUCCEEDED'] and not []": lambda kept: kept.executions.pop(0),
    "before the one before it had ended": lambda kept: kept.executions[1].update(stopDate=at(5)),
    "after one that had succeeded": lambda kept: kept.executions[1].update(status="SUCCEEDED"),
    "nobody uploaded it": lambda kept: kept.executions.append(execution(Upload("b", "in/c.json", "v9", 9), 1, 6, 7)),
    "a row, and nobody uploaded it": lambda kept: kept.ledger.append(item("b/in/c.json", "4#v4", state="DEAD")),
    "its rows say []": lambda kept: kept.ledger.pop(0),
    "its rows say ['SUCCEEDED', 'DEAD']": lambda kept: kept.ledger.append(
        item("b/in/a.json", "s#1", version_id="v1", state="DEAD")
    ),
    "its rows say ['STARTED']": lambda kept: kept.ledger[0].update(state={"S": "STARTED"}),
    "3 executions ran at one time": lambda kept: kept.executions[0].update(stopDate=at(3)),
    "9 executions ran at one time": lambda kept: setattr(kept, "seen_running", 9),
    "a slot is left: v1-1": lambda kept: kept.ledger.append(item("slots", "v1-1")),
    "a batch is left": lambda kept: kept.ledger.append(item("run/v1-1", "batch")),
    "the lease is held": lambda kept: kept.ledger[4].update(holder={"S": "me"}),
    "is not at rest": lambda kept: kept.ledger[3].update(running={"S": "v1-1"}),
    "in events: ": lambda kept: kept.queues.update(events=[{}]),
    "in outcomes-dlq: ": lambda kept: kept.queues.update({"outcomes-dlq": [{}]}),
    "dead, and no dead letter": lambda kept: kept.queues.clear(),
    "does not tell what it asks for": lambda kept: kept.queues["events-dlq"][0]["attributes"].update(attempt="2"),
    "was started with several inputs": lambda kept: kept.differing.append("v1-1"),
    "dispatch: ": lambda kept: kept.problems.append("dispatch: no"),
    "v2-1 started while v1-1 ran": lambda kept: kept.executions[2].update(startDate=at(1)),
    "started [2, 1] and not [1, 2]": lambda kept: kept.executions[0].update(startDate=at(9), stopDate=at(10)),
    "an older version after a newer one": lambda kept: kept.executions[0].update(startDate=at(9), stopDate=at(10)),
    "the newest version is 2": lambda kept: kept.executions.pop(2),
    "has ['in/a.json', 'in/a.json']": lambda kept: two_in_one(kept),
}


def two_in_one(kept: Kept) -> None:
    input_ = json.loads(kept.executions[0]["input"])
    kept.executions[0]["input"] = json.dumps({**input_, "objects": input_["objects"] * 2})


@pytest.mark.parametrize("fault", BREAKAGES)
def test_what_is_wrong_is_told(fault: str) -> None:
    kept = Kept()
    BREAKAGES[fault](kept)
    assert [told for told in faults(kept) if fault in told] != []
