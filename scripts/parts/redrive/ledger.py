"""The ledger's finished rows: of some objects by Query, of all others by Scan."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError
from redrive.selection import Looked, Selection

FINISHED = ("SUCCEEDED", "DEAD", "SUPERSEDED")
# Segments of a Scan that are read at once; below this size one is enough.
SEGMENTS = 8
SMALL_BYTES = 16 * 1024 * 1024
# Bytes that one read unit reads, eventually consistent.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
UNIT_BYTES = 8 * 1024
BATCH_GET_ROUNDS = 6


@dataclass
class Rows:
    """Reads rows, and counts what that costs."""

    api: Api
    table: str
    looked: Looked = field(default_factory=lambda: Looked(Selection()))
    read_units: float = 0.0
    _segments: int = field(default=SEGMENTS)

    def scan_units(self) -> int:
        """What a Scan of the whole table takes: whatever it selects, it reads everything."""
        try:
            table = self.api.dynamodb("DescribeTable", TableName=self.table)["Table"]
        except ApiError as error:
            if error.code == "ResourceNotFoundException":
                raise RedriveError(f"there is no ledger {self.table} in this account and region") from error
            raise
        size = table.get("TableSizeBytes", 0)
        self._segments = 1 if size < SMALL_BYTES else SEGMENTS
        return -(-size // UNIT_BYTES)

    def selected(self, selection: Selection, states: list, lane: str | None) -> Iterator[list]:
        """Rows that match, some at a time."""
        for page in self._of_objects(selection) if selection.objects else self._scanned(selection, states):
            self.looked.found(row["pk"]["S"] for row in page if _is_row(row))
            yield [row for row in page if _matches(row, selection, states, lane)]

    def now(self, keys: list) -> dict:
        """The items at those keys (pk, sk; at most 100) as they are now, strongly consistent."""
        wanted = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(keys)]
        found = {}
        for again in range(BATCH_GET_ROUNDS):
            request = {self.table: {"Keys": wanted, "ConsistentRead": True}}
            answer = self.api.dynamodb("BatchGetItem", RequestItems=request, ReturnConsumedCapacity="TOTAL")
            for consumed in answer.get("ConsumedCapacity", []):
                self.read_units += consumed["CapacityUnits"]
            for item in answer.get("Responses", {}).get(self.table, []):
                found[(item["pk"]["S"], item["sk"]["S"])] = item
            wanted = answer.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", [])
            if not wanted:
                return found
            time.sleep(0.1 * 2**again)
        raise RedriveError(f"{len(wanted)} rows of {self.table} were left unread {BATCH_GET_ROUNDS} times: try again later")

    def _of_objects(self, selection: Selection) -> Iterator[list]:
        for name in selection.objects:
            request = {
                "KeyConditionExpression": "pk = :pk",
                "ExpressionAttributeValues": {":pk": {"S": name}},
                "ConsistentRead": True,
            }
            start: dict | None = {}
            while start is not None:
                page, start = self._page("Query", {**request, **start})
                yield page

    def _scanned(self, selection: Selection, states: list) -> Iterator[list]:
        """One page of every segment at a time, so that no more is read ahead than is worked off."""
        values = {f":state{number}": {"S": state} for number, state in enumerate(states)}
        conditions = [f"#state IN ({', '.join(values)})"]
        if selection.prefix is not None:
            conditions.append("begins_with(pk, :prefix)")
            values[":prefix"] = {"S": selection.prefix}
        request = {
            "FilterExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": values,
            "TotalSegments": self._segments,
        }
        starts: dict = {segment: {} for segment in range(self._segments)}
        with ThreadPoolExecutor(self._segments) as pool:
            while starts:
                segments = list(starts)
                pages = pool.map(
                    self._page, ["Scan"] * len(segments), [{**request, "Segment": at, **starts[at]} for at in segments]
                )
                for segment, (page, start) in zip(segments, list(pages), strict=True):
                    yield page
                    starts[segment] = start
                starts = {segment: start for segment, start in starts.items() if start is not None}

    def _page(self, action: str, request: dict) -> tuple:
        """A page, and where the next one starts; `None` after the last."""
        try:
            answer = self.api.dynamodb(action, TableName=self.table, ReturnConsumedCapacity="TOTAL", **request)
        except ApiError as error:
            if error.code == "ResourceNotFoundException":
                raise RedriveError(f"there is no ledger {self.table} in this account and region") from error
            raise
        self.read_units += answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0)
        last = answer.get("LastEvaluatedKey")
        return answer.get("Items", []), {"ExclusiveStartKey": last} if last else None


def _is_row(item: dict) -> bool:
    return "#" in item["sk"]["S"]


def _matches(row: dict, selection: Selection, states: list, lane: str | None) -> bool:
    if not _is_row(row) or row.get("state", {}).get("S") not in states:
        return False
    if lane is not None and row.get("lane", {}).get("S") != lane:
        return False
    return selection.takes([row["pk"]["S"]], finished_at(row), error(row))


def finished_at(row: dict) -> int:
    return int(row.get("finished_at", {}).get("N", 0))


def error(row: dict) -> str:
    return ": ".join(row[name]["S"] for name in ("error", "cause") if "S" in row.get(name, {}))


def attempt(row: dict) -> int:
    return int(row.get("attempt", {}).get("N", 0))
