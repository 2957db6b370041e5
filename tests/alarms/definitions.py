"""The alarms of a plan, and their states as time goes by."""

import dataclasses
import re
from collections.abc import Iterator

from alarms import expressions
from alarms.series import Metrics, Query
from alarms.states import Rule, State, state

# CloudWatch evaluates each alarm once a minute.
EVERY = 60


@dataclasses.dataclass(frozen=True)
class Alarm:
    name: str
    description: str
    rule: Rule
    threshold: float
    queries: dict[str, Query]
    expression: str

    def breaching(self, metrics: Metrics, until: float) -> list[bool | None]:
        count = self.rule.looks_back
        series = {key: metrics.points(query, until, count) for key, query in self.queries.items()}
        # All have one period.
        period = next(iter(self.queries.values())).period
        times = [until - back * period for back in range(count, 0, -1)]
        points = expressions.value(self.expression, series, times)
        return [None if point is None else point > self.threshold for point in points]

    @property
    def rule_in_force(self) -> Rule:
        """Of a metric of DynamoDB missing data is always ignored.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        """
        of_dynamodb = any(query.namespace == "AWS/DynamoDB" for query in self.queries.values())
        return dataclasses.replace(self.rule, missing="ignore") if of_dynamodb else self.rule


@dataclasses.dataclass(frozen=True)
class Composite:
    name: str
    names: tuple[str, ...]


def of_plan(plan: dict) -> tuple[dict[str, Alarm], list[Composite]]:
    """By their names, of `terraform show -json`."""
    resources = list(_resources(plan["planned_values"]["root_module"]))
    alarms = [_alarm(values) for kind, values in resources if kind == "aws_cloudwatch_metric_alarm"]
    composites = [_composite(values) for kind, values in resources if kind == "aws_cloudwatch_composite_alarm"]
    return {alarm.name: alarm for alarm in alarms}, composites


def _resources(module: dict) -> Iterator[tuple[str, dict]]:
    yield from ((resource["type"], resource["values"]) for resource in module.get("resources", []))
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _alarm(values: dict) -> Alarm:
    assert values["comparison_operator"] == "GreaterThanThreshold"
    queries, expression = {}, "m"
    for query in values.get("metric_query") or []:
        if query.get("expression"):
            assert query["return_data"]
            expression = query["expression"]
        else:
            (metric,) = query["metric"]
            queries[query["id"]] = _query(metric, metric["stat"])
    if not queries:
        queries = {"m": _query(values, values["statistic"])}
    return Alarm(
        name=values["alarm_name"],
        description=values["alarm_description"],
        rule=Rule(values["datapoints_to_alarm"], values["evaluation_periods"], values["treat_missing_data"]),
        threshold=values["threshold"],
        queries=queries,
        expression=expression,
    )


def _query(metric: dict, statistic: str) -> Query:
    dimensions = tuple(sorted(metric["dimensions"].items()))
    return Query(metric["namespace"], metric["metric_name"], dimensions, statistic, metric["period"])


def _composite(values: dict) -> Composite:
    names = re.findall(r'ALARM\("([^"]+)"\)', values["alarm_rule"])
    assert " OR ".join(f'ALARM("{name}")' for name in names) == values["alarm_rule"]
    return Composite(values["alarm_name"], tuple(names))


class Watch:
    """The alarms' states as time goes by."""

    def __init__(self, alarms: dict[str, Alarm], metrics: Metrics) -> None:
        self._alarms, self._metrics = alarms, metrics
        self.states = dict.fromkeys(alarms, State.UNKNOWN)

    def look(self, now: float) -> set[str]:
        """Evaluates each alarm, in seconds; the names of those that have begun and not ended."""
        for name, alarm in self._alarms.items():
            self.states[name] = state(alarm.rule_in_force, alarm.breaching(self._metrics, now), self.states[name])
        return {name for name, found in self.states.items() if found is State.ALARM}


def begun(alarms: dict[str, Alarm], metrics: Metrics, since: float, until: float) -> dict[str, float]:
    """When each alarm began first, evaluated once a minute: seconds after `since`. Those that never did are left out."""
    watch = Watch(alarms, metrics)
    found: dict[str, float] = {}
    now = since
    while now <= until:
        found = dict.fromkeys(watch.look(now), now - since) | found
        now += EVERY
    return found
