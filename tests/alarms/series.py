"""Metrics: from the lines that the handlers print, to one number for each period."""

import collections
import dataclasses
import json
import math
from collections.abc import Iterable

Dimensions = tuple[tuple[str, str], ...]
Key = tuple[str, str, Dimensions]


@dataclasses.dataclass(frozen=True)
class Query:
    """A statistic of a metric over periods."""

    namespace: str
    name: str
    dimensions: Dimensions
    # Sum, Average, Minimum, Maximum, SampleCount, or a percentile as p99.
    statistic: str
    # In seconds.
    period: int


class Metrics:
    """Values by their metric, each with its time in seconds."""

    def __init__(self) -> None:
        self._values: dict[Key, list[tuple[float, float]]] = collections.defaultdict(list)

    def put(self, namespace: str, name: str, dimensions: dict[str, str], at: float, *values: float) -> None:
        key = (namespace, name, tuple(sorted(dimensions.items())))
        self._values[key] += [(at, value) for value in values]

    def read(self, lines: Iterable[str]) -> None:
        """Takes lines of the embedded metric format; others mean nothing.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
        """
        for line in lines:
            root = json.loads(line) if '"_aws"' in line else {}
            for directive in root.get("_aws", {}).get("CloudWatchMetrics", []):
                for names in directive["Dimensions"]:
                    dimensions = {name: root[name] for name in names}
                    for metric in directive["Metrics"]:
                        value = root[metric["Name"]]
                        values = value if isinstance(value, list) else [value]
                        assert len(values) <= 100, metric
                        self.put(directive["Namespace"], metric["Name"], dimensions, root["_aws"]["Timestamp"] / 1000, *values)

    def ticked_before(self, pipeline: str, now: float) -> None:
        """Ten ticks, a minute apart: a pipeline that is not new."""
        for minute in range(1, 11):
            self.put("Spillway", "SlotsTaken", {"Pipeline": pipeline}, now - 60 * minute + 30, 0)

    @property
    def names(self) -> set[tuple[str, str]]:
        return {(namespace, name) for namespace, name, _ in self._values}

    def points(self, query: Query, until: float, count: int) -> list[float | None]:
        """The latest periods that end at `until`, the latest last; None: no value."""
        periods: list[list[float]] = [[] for _ in range(count)]
        for at, value in self._values.get((query.namespace, query.name, query.dimensions), ()):
            back = math.ceil((until - at) / query.period) if at < until else 0
            if 1 <= back <= count:
                periods[count - back].append(value)
        return [_statistic(query.statistic, values) if values else None for values in periods]


def _statistic(name: str, values: list[float]) -> float:
    match name:
        case "Sum":
            return sum(values)
        case "Average":
            return sum(values) / len(values)
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case "SampleCount":
            return len(values)
    rank = math.ceil(float(name.removeprefix("p")) / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]
