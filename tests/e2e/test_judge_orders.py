"""The judge of orders and batches finds faults, and nothing else."""

import datetime

import judge_orders
import pytest
from demo.executions import Execution
from judge_orders import Version

DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def run(*objects: str, start: float, stop: float, attempt: int = 1, status: str = "SUCCEEDED") -> Execution:
    """Objects as key:version."""
    items = tuple(dict(zip(("key", "versionId"), given.split(":"), strict=True)) for given in objects)
    second = datetime.timedelta(seconds=1)
    return Execution(f"{objects[0]}-{attempt}", status, DAY + start * second, DAY + stop * second, attempt, items)


def uploads(*given: str) -> list[Version]:
    return [Version(*name.split(":")) for name in given]


ABC = uploads("a:1", "a:2", "a:3")


def test_every_version_in_its_order_is_right_for_each() -> None:
    assert judge_orders.each(ABC, [run("a:1", start=0, stop=1), run("a:2", start=1, stop=2), run("a:3", start=2, stop=3)]) == []


@pytest.mark.parametrize(
    ("runs", "fault"),
    [
        ([run("a:1", start=0, stop=1), run("a:3", start=1, stop=2)], "attempts []"),
        ([run("a:2", start=0, stop=1), run("a:1", start=1, stop=2), run("a:3", start=2, stop=3)], "started after version"),
        ([run("a:1", start=0, stop=2), run("a:2", start=1, stop=3), run("a:3", start=3, stop=4)], "while a:1-1 ran"),
        (
            [run("a:1", start=0, stop=1), run("a:2", start=1, stop=2), run("a:3", start=2, stop=3), run("b:1", start=0, stop=1)],
            "none of the uploads",
        ),
        (
            [run("a:1", start=0, stop=1), run("a:2", start=1, stop=2), run("a:3", start=2, stop=3), run("a:3", start=3, stop=4)],
            "attempts [1, 1]",
        ),
    ],
)
def test_each_finds(runs: list[Execution], fault: str) -> None:
    assert any(fault in found for found in judge_orders.each(ABC, runs))


def test_in_a_group_of_a_queue_starts_may_overlap_and_not_change_places() -> None:
    first, second, third = run("a:1", start=0, stop=9), run("a:2", start=1, stop=9), run("a:3", start=2, stop=9)
    assert judge_orders.in_order(ABC, [first, second, third]) == []
    wrong = [first, run("a:2", start=3, stop=9), third]
    assert any("started after version" in found for found in judge_orders.in_order(ABC, wrong))


def test_versions_between_may_be_left_out_with_latest() -> None:
    assert judge_orders.latest(ABC, [run("a:1", start=0, stop=1), run("a:3", start=1, stop=2)]) == []


@pytest.mark.parametrize(
    ("runs", "fault"),
    [
        ([run("a:1", start=0, stop=1), run("a:2", start=1, stop=2)], "the last version was not worked on"),
        ([run("a:3", start=0, stop=1), run("a:1", start=1, stop=2)], "started after version"),
        ([run("a:1", start=0, stop=2), run("a:3", start=1, stop=3)], "while a:1-1 ran"),
        ([run("a:3", start=0, stop=1), run("a:3", start=1, stop=2)], "attempts [1, 1]"),
    ],
)
def test_latest_finds(runs: list[Execution], fault: str) -> None:
    assert any(fault in found for found in judge_orders.latest(ABC, runs))


def test_a_first_attempt_that_fails_has_a_second_unless_a_newer_version_came() -> None:
    own = uploads("fails-first:1", "fails-first:2")
    failed = run("fails-first:1", start=0, stop=1, status="FAILED")
    last = [
        run("fails-first:2", start=1, stop=2, status="FAILED"),
        run("fails-first:2", start=2, stop=3, attempt=2),
    ]
    assert judge_orders.latest(own, [failed, *last]) == []
    assert any("attempts [1]" in found for found in judge_orders.latest(own, [failed, last[0]]))
    assert any("attempts [1]" in found for found in judge_orders.each(own, [failed, *last]))


BATCH = uploads("a:1", "b:1", "fails-first:1")


def test_a_batch_is_right_when_only_what_failed_comes_again() -> None:
    runs = [run("a:1", "b:1", "fails-first:1", start=0, stop=1), run("fails-first:1", start=1, stop=2, attempt=2)]
    assert judge_orders.batches(BATCH, runs, 3) == []


@pytest.mark.parametrize(
    ("runs", "fault"),
    [
        ([run("a:1", "b:1", "fails-first:1", start=0, stop=1)], "attempts [1]"),
        ([run("a:1", "b:1", start=0, stop=1), run("a:1", start=2, stop=3)], "attempts [1, 1]"),
        ([run("a:1", "b:1", "fails-first:1", "c:1", start=0, stop=1)], "more than 3"),
        ([run("a:1", "a:2", start=0, stop=1)], "two versions of one object"),
        ([run("a:1", "fails-first:1", start=1, stop=2, attempt=2)], "is not alone"),
    ],
)
def test_batches_finds(runs: list[Execution], fault: str) -> None:
    assert any(fault in found for found in judge_orders.batches(BATCH, runs, 3))


def test_the_share_of_the_second_lane_is_counted_while_the_first_waits() -> None:
    runs = [run(f"urgent/{n}:1", start=n, stop=n + 1) for n in range(9)]
    runs += [run("bulk/1:1", start=5, stop=6), run("bulk/2:1", start=20, stop=21)]
    assert judge_orders.starts_while_waiting(runs, "urgent/", "bulk/") == (1, 10)
