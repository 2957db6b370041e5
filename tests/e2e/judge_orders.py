"""Judges orders, batches and lanes by the uploads and by Step Functions' executions alone.

Every function returns one sentence for each thing that is wrong.
"""

import collections
import dataclasses
import itertools
from collections.abc import Callable, Iterable

from demo.executions import Execution


@dataclasses.dataclass(frozen=True)
class Version:
    """One upload, as S3 answered it."""

    key: str
    version: str

    @property
    def fails_first(self) -> bool:
        return "fails-first" in self.key


def works_on(run: Execution) -> list[Version]:
    return [Version(item["key"], item["versionId"]) for item in run.objects]


def by_version(runs: Iterable[Execution]) -> dict[Version, list[Execution]]:
    """In the order of their starts."""
    found: dict[Version, list[Execution]] = collections.defaultdict(list)
    for run in sorted(runs, key=lambda run: run.start):
        for version in works_on(run):
            found[version].append(run)
    return found


def foreign(uploads: list[Version], runs: list[Execution]) -> list[str]:
    """Executions for objects that nobody uploaded, or that should not have come in."""
    return [
        f"{run.name} works on {version}, which is none of the uploads"
        for run in runs
        for version in works_on(run)
        if version not in uploads
    ]


def attempts(version: Version, runs: list[Execution], fails: bool) -> list[str]:
    """One attempt after the other, each once, until the first that succeeds; `fails` says whether the first one fails."""
    numbers = [run.attempt for run in runs]
    if numbers != list(range(1, 2 + fails)):
        return [f"{version}: attempts {numbers}"]
    return [
        f"{version}: attempt {later.attempt} started before attempt {earlier.attempt} had ended"
        for earlier, later in itertools.pairwise(runs)
        if earlier.stop is None or later.start < earlier.stop
    ]


def exactly_once(uploads: list[Version], runs: list[Execution]) -> list[str]:
    found = by_version(runs)
    faults = foreign(uploads, runs)
    for version in uploads:
        faults += attempts(version, found[version], version.fails_first)
    return faults


def one_at_a_time(runs: list[Execution]) -> list[str]:
    """No two executions of one object at once."""
    by_key: dict[str, list[Execution]] = collections.defaultdict(list)
    for run in sorted(runs, key=lambda run: run.start):
        for key in {item["key"] for item in run.objects}:
            by_key[key].append(run)
    return [
        f"{key}: {later.name} started while {earlier.name} ran"
        for key, own in by_key.items()
        for earlier, later in itertools.pairwise(own)
        if earlier.stop is None or later.start < earlier.stop
    ]


def each(uploads: list[Version], runs: list[Execution]) -> list[str]:
    """Every version exactly once, in the order of the uploads, never two of an object at once."""
    faults = exactly_once(uploads, runs) + one_at_a_time(runs)
    return faults + _starts_in_order(uploads, runs, lambda number, before: number == before + 1, "each")


def latest(uploads: list[Version], runs: list[Execution]) -> list[str]:
    """No older version after a newer one, never two of an object at once, and the last one always."""
    faults = foreign(uploads, runs) + one_at_a_time(runs)
    found = by_version(runs)
    last = {upload.key: upload for upload in uploads}
    for version, own in found.items():
        # A newer version can have come before the second attempt: then there is none.
        superseded = version != last.get(version.key) and len(own) == 1
        faults += [] if superseded else attempts(version, own, version.fails_first)
    faults += [f"{version}: the last version was not worked on" for version in last.values() if version not in found]
    return faults + _starts_in_order(uploads, runs, lambda number, before: number > before, "latest")


def in_order(uploads: list[Version], runs: list[Execution]) -> list[str]:
    """Every version exactly once, started in the order of the uploads, as a group of a FIFO queue promises."""
    return exactly_once(uploads, runs) + _starts_in_order(
        uploads, runs, lambda number, before: number == before + 1, "of the queue"
    )


def _starts_in_order(uploads: list[Version], runs: list[Execution], follows: Callable[[int, int], bool], order: str) -> list[str]:
    numbers: dict[Version, int] = {}
    for _key, versions in itertools.groupby(sorted(uploads, key=lambda upload: upload.key), key=lambda upload: upload.key):
        numbers.update({version: number for number, version in enumerate(versions)})
    before: dict[str, int] = collections.defaultdict(lambda: -1)
    faults = []
    for run in sorted(runs, key=lambda run: run.start):
        for version in works_on(run):
            number = numbers.get(version, 0)
            if number != before[version.key] and not follows(number, before[version.key]):
                faults.append(f"{version.key}: version {number} started after version {before[version.key]}, with order {order}")
            before[version.key] = max(number, before[version.key])
    return faults


def batches(uploads: list[Version], runs: list[Execution], most: int) -> list[str]:
    """Exactly once per attempt, at most so many in an execution, second attempts alone, no two versions of an object in one."""
    faults = exactly_once(uploads, runs)
    for run in runs:
        if len(run.objects) > most:
            faults.append(f"{run.name} has {len(run.objects)} objects, more than {most}")
        if run.attempt > 1 and len(run.objects) > 1:
            faults.append(f"{run.name}: a second attempt is not alone")
        if len({item["key"] for item in run.objects}) < len(run.objects):
            faults.append(f"{run.name} has two versions of one object")
    return faults


def starts_while_waiting(runs: list[Execution], first: str, second: str) -> tuple[int, int]:
    """Of the starts while objects of prefix `first` still waited, those of `second`; and all of them."""

    def starts(prefix: str) -> list:
        return [run.start for run in runs if any(item["key"].startswith(prefix) for item in run.objects)]

    last = max(starts(first))
    others = sum(start <= last for start in starts(second))
    return others, others + len(starts(first))
