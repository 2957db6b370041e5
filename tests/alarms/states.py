"""The state of an alarm, from its latest data points.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import dataclasses
import enum
from collections.abc import Sequence

# CloudWatch looks back further than it evaluates. It does not say how far: in its tables it is 5 points for 3.
RANGE_BEYOND = 2


class State(enum.StrEnum):
    OK = "OK"
    ALARM = "ALARM"
    UNKNOWN = "INSUFFICIENT_DATA"


@dataclasses.dataclass(frozen=True)
class Rule:
    """When an alarm begins: M of the latest N points breach."""

    needed: int
    periods: int
    # missing, ignore, breaching, notBreaching
    missing: str

    @property
    def looks_back(self) -> int:
        return self.periods + RANGE_BEYOND


def state(rule: Rule, points: Sequence[bool | None], before: State) -> State:
    """`points`: the latest as many as the rule looks back, the latest last. True breaches, and None is missing."""
    real = [point for point in points if point is not None]
    # The latest ones alone, if there are enough of them; those further back stand in for missing ones.
    latest = real[-rule.periods :]
    lacking = rule.periods - len(latest)
    if lacking == 0:
        return _by_count(latest.count(True), rule)
    match rule.missing:
        case "breaching":
            return _by_count(latest.count(True) + lacking, rule)
        case "notBreaching":
            return _by_count(latest.count(True), rule)
    # "missing" and "ignore" have nothing to fill in with.
    if not latest:
        return before if rule.missing == "ignore" else State.UNKNOWN
    if latest.count(True) >= rule.needed:
        return State.ALARM
    if _has_breached_for_long(rule, points):
        return before if rule.missing == "ignore" else State.ALARM
    return State.OK if False in latest else before


def _by_count(breaching: int, rule: Rule) -> State:
    return State.ALARM if breaching >= rule.needed else State.OK


def _has_breached_for_long(rule: Rule, points: Sequence[bool | None]) -> bool:
    """All real points breach, and the oldest of the evaluated periods is as old as the points that are needed."""
    evaluated = list(points)[-rule.periods :]
    ages = [age for age, point in enumerate(reversed(evaluated), 1) if point is not None]
    return False not in points and bool(ages) and max(ages) >= rule.needed
