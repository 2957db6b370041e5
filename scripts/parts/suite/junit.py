"""Reads the JUnit reports of cargo-nextest and pytest."""

import dataclasses
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

# The error is at the end of a reason.
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


def failure(title: str, reason: str) -> str:
    return "\n".join([title, *(f"    {line}" for line in reason.strip().splitlines()[-REASON_LINES:])])


def read(report: Path, part_of: Callable[[str], str]) -> dict[str, Counts]:
    """Counts by part. `part_of` names the part of a test class."""
    counts: dict[str, Counts] = {}
    # A failure in the setup of many tests is reported once.
    reasons: dict[tuple[str, str], list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        class_name, name = case.get("classname") or "", case.get("name") or ""
        part = part_of(class_name)
        own = counts.setdefault(part, Counts())
        problems = [*case.iter("failure"), *case.iter("error")]
        if problems:
            own.failed += 1
            reasons.setdefault((part, _reason(problems[0])), []).append(f"{class_name}::{name}".strip(":"))
        elif case.find("skipped") is not None:
            own.skipped += 1
        else:
            own.passed += 1
    for (part, reason), names in reasons.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        counts[part].failures.append(failure(f"{names[0]}{others}", reason))
    return counts


def _reason(problem: ElementTree.Element) -> str:
    return (problem.text or problem.get("message") or "").strip()
