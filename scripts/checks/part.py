"""What a part of scripts/test is, and how it counts."""

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

from pipeline import processes
from pipeline.paths import ROOT, TARGET

# Copies, reports and the like of one run of scripts/test.
WORK = TARGET / "test"
REASON_LINES = 25


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    # Each with its reason, to be told again at the end: by then the lines before are far away.
    failures: list[str] = dataclasses.field(default_factory=list)

    def __add__(self, other: "Counts") -> "Counts":
        numbers = (self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)
        return Counts(*numbers, self.failures + other.failures)


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    what: str
    # Names that toolchain.sh knows.
    tools: tuple[str, ...]
    run: Callable[[], Counts]


def show(line: str) -> None:
    print(f"    {line}", flush=True)


def check(title: str, command: list[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Counts:
    """One test: the command succeeds. Its output is shown if it does not."""
    result = processes.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    good = result.returncode == 0
    print(f"  {'ok    ' if good else 'FAILED'} {title}", flush=True)
    if not good:
        for line in result.stdout.splitlines():
            show(line)
    return Counts(passed=int(good), failed=int(not good), failures=[] if good else [failure(title, result.stdout)])


def failure(title: str, reason: str) -> str:
    """The end of a reason is where the error is."""
    return "\n".join([title, *(f"    {line}" for line in reason.strip().splitlines()[-REASON_LINES:])])
