"""Log lines in CloudWatch's embedded metric format become metrics, from any writer.

A line that is not as the format says is a log line and nothing else, as on AWS.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import dataclasses
import json
import time
from collections.abc import Iterator

from ministack.services import cloudwatch, cloudwatch_logs

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
_UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"}
UNITS = _UNITS | set(_SIZES) | {f"{size}/Second" for size in _SIZES}
# CloudWatch does not take older values, or values so far in the future. In seconds.
OLDEST, NEWEST = 14 * 24 * 3600, 2 * 3600
MOST_METRICS = MOST_VALUES = 100
MOST_DIMENSIONS = 30


@dataclasses.dataclass(frozen=True)
class Datum:
    namespace: str
    name: str
    dimensions: dict[str, str]
    # Seconds since the epoch.
    at: float
    unit: str
    values: list[float]


class _NotEmbeddedError(Exception):
    pass


def add() -> None:
    plain = cloudwatch_logs._append_log_events

    def append(stream: dict, events: list[dict]) -> None:
        plain(stream, events)
        found = [datum for event in events for datum in of(event["message"], time.time())]
        for datum in found:
            cloudwatch._store_datum(
                datum.namespace, datum.name, datum.dimensions, datum.at, datum.unit, None, datum.values, None, None
            )
        if found:
            cloudwatch._evaluate_all_alarms()

    cloudwatch_logs._append_log_events = append


def of(line: str, now: float) -> list[Datum]:
    """The metrics of a log line."""
    if '"_aws"' not in line:
        return []
    try:
        root = json.loads(line)
        _need(isinstance(root, dict) and isinstance(root.get("_aws"), dict))
        at = root["_aws"].get("Timestamp")
        _need(_is_number(at))
        _need(now - OLDEST <= at / 1000 <= now + NEWEST)
        directives = root["_aws"].get("CloudWatchMetrics")
        _need(isinstance(directives, list))
        return [datum for directive in directives for datum in _of_directive(root, directive, at / 1000)]
    except (ValueError, TypeError, _NotEmbeddedError):
        return []


def _of_directive(root: dict, directive: object, at: float) -> Iterator[Datum]:
    _need(isinstance(directive, dict))
    namespace, sets, metrics = (directive.get(name) for name in ("Namespace", "Dimensions", "Metrics"))
    _need(isinstance(namespace, str) and namespace)
    _need(isinstance(sets, list) and isinstance(metrics, list) and len(metrics) <= MOST_METRICS)
    for names in sets:
        _need(isinstance(names, list) and len(names) <= MOST_DIMENSIONS)
        dimensions = {name: root.get(name) for name in names}
        _need(all(isinstance(value, str) and value for value in dimensions.values()))
        for metric in metrics:
            _need(isinstance(metric, dict) and isinstance(metric.get("Name"), str))
            unit = metric.get("Unit", "None")
            _need(unit in UNITS)
            value = root.get(metric["Name"])
            values = value if isinstance(value, list) else [value]
            _need(len(values) <= MOST_VALUES and all(map(_is_number, values)))
            yield Datum(namespace, metric["Name"], dimensions, at, unit, values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _need(true: object) -> None:
    if not true:
        raise _NotEmbeddedError
