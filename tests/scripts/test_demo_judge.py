"""The judge finds faults, and nothing if there are none."""

import dataclasses
import datetime

import pytest
from demo import judge, reports
from demo.executions import Execution, peak_running, saturated_rate
from demo.reports import Report

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
REPORTS = reports.generate(200, seed=1)


def run(report: Report, attempt: int, status: str, start: float, seconds: float = 2) -> Execution:
    begin = START + datetime.timedelta(seconds=start)
    item = {"key": report.key, "etag": report.etag}
    return Execution(f"x-{attempt}", status, begin, begin + datetime.timedelta(seconds=seconds), attempt, (item,))


def good_run() -> list[Execution]:
    """One after another, so that only one runs at a time."""
    runs: list[Execution] = []
    for report in REPORTS:
        failures = 3 if report.unknown_device else int(report.fails_first)
        for attempt in range(1, failures + 2):
            runs.append(run(report, attempt, "SUCCEEDED" if attempt > failures else "FAILED", 2 * len(runs)))
    return runs


def table() -> dict[str, tuple[str, str]]:
    return {device: (report.status, report.time) for device, report in reports.latest(REPORTS).items()}


def verdict(runs: list[Execution], shown: dict | None = None, limit: int = 1) -> judge.Verdict:
    return judge.judge(REPORTS, runs, table() if shown is None else shown, limit, 3)


def test_a_good_run_has_no_fault() -> None:
    found = verdict(good_run())
    assert found.faults == []
    assert (found.objects, found.succeeded, found.lost, found.duplicates, found.max_running) == (200, 200, 0, 0, 1)


def test_an_attempt_that_does_not_count_is_none_and_has_its_number() -> None:
    good, *rest = good_run()
    busy = dataclasses.replace(run(REPORTS[0], 1, "FAILED", -10), error="Target.Busy")
    runs = [busy, dataclasses.replace(good, attempt=2), *rest]
    assert len(verdict(runs).faults) == 1
    assert judge.judge(REPORTS, runs, table(), 1, 3, "Target.Busy").faults == []


def test_a_report_without_a_success_is_lost() -> None:
    found = verdict(good_run()[1:])
    assert (found.lost, found.duplicates) == (1, 0)
    assert "lost" in found.faults[0]


def test_the_same_attempt_twice_is_a_duplicate() -> None:
    runs = good_run()
    found = verdict([*runs, dataclasses.replace(run(REPORTS[0], 1, "SUCCEEDED", 5000), name="y")])
    assert (found.lost, found.duplicates) == (0, 1)


def test_an_attempt_after_a_success_is_a_duplicate() -> None:
    assert verdict([*good_run(), run(REPORTS[0], 2, "SUCCEEDED", 5000)]).duplicates == 1


def test_an_attempt_beside_the_one_before_is_a_duplicate() -> None:
    fails = next(report for report in REPORTS if report.fails_first)
    runs = [found for found in good_run() if found.objects[0]["etag"] != fails.etag]
    found = verdict([*runs, run(fails, 1, "FAILED", 5000, 10), run(fails, 2, "SUCCEEDED", 5005)], limit=2)
    assert found.duplicates == 1


def test_more_than_the_limit_at_once_is_a_fault() -> None:
    runs = good_run()
    runs[1] = dataclasses.replace(runs[1], start=runs[0].start)
    assert verdict(runs).max_running == 2
    assert "more than the limit" in verdict(runs).faults[0]
    assert verdict(runs, limit=2).faults == []


def test_an_attempt_left_out_is_a_fault() -> None:
    fails = next(report for report in REPORTS if report.fails_first)
    runs = [found for found in good_run() if (found.objects[0]["etag"], found.attempt) != (fails.etag, 1)]
    assert "not numbered in turn" in verdict(runs).faults[0]


def test_an_execution_for_nothing_that_was_uploaded_is_a_fault() -> None:
    foreign = dataclasses.replace(REPORTS[0], body=b"{}")
    assert "nobody uploaded" in verdict([*good_run(), run(foreign, 1, "SUCCEEDED", 5000)]).faults[0]


@pytest.mark.parametrize("change", [{"device-0": ("ok", "1999-01-01T00:00:00Z")}, {"nobody": ("ok", "2026-01-01T00:00:00Z")}])
def test_a_wrong_device_table_is_a_fault(change: dict) -> None:
    assert len(verdict(good_run(), {**table(), **change}).faults) == 1


def test_executions_that_touch_do_not_overlap() -> None:
    assert peak_running([run(REPORTS[0], 1, "SUCCEEDED", 0), run(REPORTS[1], 1, "SUCCEEDED", 2)]) == 1
    assert peak_running([run(REPORTS[0], 1, "SUCCEEDED", 0), run(REPORTS[1], 1, "SUCCEEDED", 1.999)]) == 2


def test_the_rate_while_saturated() -> None:
    # Two at a time, for two seconds each, from 0 to 20; then a lonely one.
    runs = [run(REPORTS[0], 1, "SUCCEEDED", 2 * number) for number in range(10) for _ in range(2)]
    runs.append(run(REPORTS[0], 1, "SUCCEEDED", 100))
    assert saturated_rate(runs, 2) == pytest.approx(1.0)
    assert saturated_rate(runs, 3) == 0
