"""Judges a run by the uploads, Step Functions' executions and the device table; Spillway's own records are not asked."""

import collections
import dataclasses
import itertools

from demo.executions import Execution, peak_running
from demo.reports import Report, latest


@dataclasses.dataclass
class Verdict:
    objects: int
    executions: int
    succeeded: int
    retried: int
    lost: int
    duplicates: int
    max_running: int
    limit: int
    # One sentence for each thing that is wrong, those in the counts included.
    faults: list[str]

    @property
    def good(self) -> bool:
        return not self.faults


def judge(
    reports: list[Report],
    executions: list[Execution],
    device_table: dict[str, tuple[str, str]],
    limit: int,
    max_attempts: int,
    uncounted: str = "",
) -> Verdict:
    """`device_table`: status and time by device. The run must be over, dead ones redriven.

    `uncounted`: the error of attempts that do not count.
    """
    faults: list[str] = []
    # An upload is known by its key and its content. The same content twice at one key would be two object events.
    uploaded = collections.Counter((report.key, report.etag) for report in reports)
    runs: dict[tuple[str, str], list[Execution]] = {identity: [] for identity in uploaded}
    for execution in executions:
        for item in execution.objects:
            identity = (item["key"], item["etag"])
            if identity in runs:
                runs[identity].append(execution)
            else:
                faults.append(f"{execution.name} processes {item['key']!r} ({item['etag']}), which nobody uploaded")

    lost = duplicates = retried = succeeded = 0
    for report in reports:
        found = sorted(runs[(report.key, report.etag)], key=lambda run: (run.start, run.attempt))
        extra = _duplicates(found)
        if extra:
            duplicates += len(extra)
            faults += [f"{report.key!r}: {fault}" for fault in extra]
        if any(run.status == "SUCCEEDED" for run in found):
            succeeded += 1
        else:
            lost += 1
            faults.append(f"{report.key!r}: lost, no execution succeeded ({_story(found)})")
        retried += len(found) > 1
        expected = _expected(report, max_attempts)
        if not extra and (wrong := _differs(found, expected, uncounted)):
            faults.append(f"{report.key!r}: {wrong} ({_story(found)})")

    peak = peak_running(executions)
    if peak > limit:
        faults.append(f"{peak} executions ran at one time, {peak - limit} more than the limit of {limit}")
    for device, report in latest(reports).items():
        shown = device_table.get(device)
        if shown != (report.status, report.time):
            faults.append(f"the device table shows {shown} for {device}, its latest report is {(report.status, report.time)}")
    for device in device_table.keys() - latest(reports).keys():
        faults.append(f"the device table shows {device}, of which there was no report")
    return Verdict(len(reports), len(executions), succeeded, retried, lost, duplicates, peak, limit, faults)


def _duplicates(runs: list[Execution]) -> list[str]:
    faults = []
    for attempt, count in collections.Counter(run.attempt for run in runs).items():
        faults += [f"attempt {attempt} ran {count} times"] * (count - 1)
    for earlier, later in itertools.pairwise(runs):
        if earlier.attempt == later.attempt:
            continue
        if earlier.status == "SUCCEEDED":
            faults.append(f"attempt {later.attempt} ran although attempt {earlier.attempt} had succeeded")
        elif earlier.stop is None or later.start < earlier.stop:
            faults.append(f"attempt {later.attempt} started before attempt {earlier.attempt} had ended")
    return faults


def _expected(report: Report, max_attempts: int) -> list[str]:
    if report.unknown_device:
        return ["FAILED"] * max_attempts + ["SUCCEEDED"]
    return ["FAILED", "SUCCEEDED"] if report.fails_first else ["SUCCEEDED"]


def _differs(runs: list[Execution], expected: list[str], uncounted: str) -> str | None:
    if [run.attempt for run in runs] != list(range(1, len(runs) + 1)):
        return "attempts are not numbered in turn"
    if [run.status for run in runs if not run.error or run.error != uncounted] != expected:
        return f"should have been {', '.join(expected)}"
    return None


def _story(runs: list[Execution]) -> str:
    return ", ".join(f"{run.attempt} {run.status} {run.error}".rstrip() for run in runs) or "no execution"
