"""The evaluator of alarms, by the tables that AWS publishes, so that it does not prove its own reading.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import pytest
from alarms import expressions
from alarms.states import Rule, State, state

pytestmark = pytest.mark.quick

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
KEPT = "Retain current state"
OK, ALARM, UNKNOWN = State.OK, State.ALARM, State.UNKNOWN

# "In the first table, Datapoints to Alarm and Evaluation Periods are both 3." The latest point is on the right.
THREE_OF_THREE = {
    "0 - X - X": (OK, OK, OK, OK),
    "0 - - - -": (OK, OK, OK, OK),
    "- - - - -": (UNKNOWN, KEPT, ALARM, OK),
    "0 X X - X": (ALARM, ALARM, ALARM, ALARM),
    "- - X - -": (ALARM, KEPT, ALARM, OK),
}
# "Datapoints to Alarm is only 2 while Evaluation Periods is 3."
TWO_OF_THREE = {
    "0 - X - X": (ALARM, ALARM, ALARM, ALARM),
    "0 0 X 0 X": (ALARM, ALARM, ALARM, ALARM),
    "0 - X - -": (OK, OK, ALARM, OK),
    "- - - - 0": (OK, OK, ALARM, OK),
    "- - - X -": (ALARM, KEPT, ALARM, OK),
}
CASES = [
    (needed, data, treatment, expected)
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for data, row in table.items()
    for treatment, expected in zip(TREATMENTS, row, strict=True)
]


def points(data: str) -> list[bool | None]:
    return [{"0": False, "X": True, "-": None}[point] for point in data.split()]


@pytest.mark.parametrize("before", [OK, ALARM])
@pytest.mark.parametrize(("needed", "data", "treatment", "expected"), CASES)
def test_a_cell_of_a_published_table(needed: int, data: str, treatment: str, expected: State | str, before: State) -> None:
    rule = Rule(needed, 3, treatment)
    assert rule.looks_back == 5
    assert state(rule, points(data), before) == (before if expected == KEPT else expected)


@pytest.mark.parametrize("data", ["- - - - X", "- - - X -"])
def test_an_alarm_does_not_begin_prematurely(data: str) -> None:
    """ "The alarm does not go immediately into ALARM state when the data is either ..., and Datapoints to Alarm is 3." """
    assert state(Rule(3, 3, "missing"), points(data), OK) == OK


def test_one_of_one() -> None:
    rule = Rule(1, 1, "notBreaching")
    assert state(rule, points("- - X"), OK) == ALARM
    # The real point stands in for the missing ones as long as it is in range.
    assert state(rule, points("X - -"), OK) == ALARM
    assert state(rule, points("- - -"), ALARM) == OK


# A missing value is None. The first is of AWS's page, and so are the tables of IF.
COMPARED = {
    "metric1 < metric2": [0, 0, 1, 0],
    "metric1 >= 30": [1, 0, 0, 0],
    "metric1 > 15 AND metric2 > 15": [1, 0, 0, 0],
}
CHOSEN = {
    "IF(metric1, metric2, metric3)": [30, 0, 20, None, None],
    "IF(metric1, 5, metric3)": [5, 5, 20, None, None],
    "IF(metric1, metric2, 5)": [30, 0, 5, 5, None],
}


@pytest.mark.parametrize("expression", COMPARED)
def test_a_published_comparison(expression: str) -> None:
    series = {"metric1": [30.0, 20.0, 0.0, 0.0], "metric2": [20.0, None, 20.0, None]}
    assert expressions.value(expression, series) == COMPARED[expression]


@pytest.mark.parametrize("expression", CHOSEN)
def test_a_published_choice(expression: str) -> None:
    series = {
        "metric1": [1.0, 1.0, 0.0, 0.0, None],
        "metric2": [30.0, None, 0.0, 0.0, 30.0],
        "metric3": [0.0, 0.0, 20.0, None, 20.0],
    }
    assert expressions.value(expression, series) == CHOSEN[expression]


def test_metric_math_as_documented() -> None:
    """ "FILL fills in the missing values of a time series. REPEAT: with the most recent actual value before the missing point."

    "Missing values in a time series are treated as 0", in arithmetic. EPOCH is "a new non-sparse time series".
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    series = {"m": [None, 2.0, None, 1.0], "n": [1.0, None, None, 1.0], "none": [None] * 4}
    assert expressions.value("FILL(m, 0)", series) == [0, 2, 0, 1]
    assert expressions.value("FILL(m, REPEAT)", series) == [None, 2, 2, 1]
    assert expressions.value("m - n", series) == [-1, 2, None, 0]
    assert expressions.value("FILL(none, 0)", series) == [None] * 4
    times = [60.0, 120.0, 180.0, 240.0]
    assert expressions.value("EPOCH(none)", series, times) == times
    assert expressions.value("EPOCH(m) < 180 OR m > 1", series, times) == [1, 1, 0, 0]
    with pytest.raises(AssertionError):
        expressions.value("RATE(m)", series)
