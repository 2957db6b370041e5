"""Runs one directory of pytest tests."""

import os
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from pipeline import processes, venvs
from pipeline.paths import ROOT, SCRIPTS, TARGET

from checks.part import WORK, Counts, failure, show


def run(directory: Path) -> Counts:
    python = venvs.ensure("checks")
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pytest-", dir=WORK) as temporary:
        report = Path(temporary) / "report.xml"
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "PYTHONPYCACHEPREFIX": str(TARGET / "pycache")}
        options = ["-o", f"cache_dir={TARGET / 'pytest'}", f"--junitxml={report}", f"--basetemp={Path(temporary) / 'files'}"]
        command = [str(python), "-m", "pytest", "--verbose", "--tb=short", "-rP", "--durations=5", *options, str(directory)]
        status, _ = processes.stream(command, show, cwd=ROOT, env=environment)
        counts = _count(report) if report.exists() else Counts()
    # Not even one test is a failure too.
    if status != 0:
        counts.failed = max(1, counts.failed)
    return counts


def _count(report: Path) -> Counts:
    counts = Counts()
    # What fails in the setup of many tests is told once.
    reasons: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):  # our own file
        problems = [*case.iter("failure"), *case.iter("error")]
        if problems:
            counts.failed += 1
            name = f"{case.get('classname')}::{case.get('name')}"
            reasons.setdefault(problems[0].text or "", []).append(name)
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    for reason, names in reasons.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        counts.failures.append(failure(f"{names[0]}{others}", reason))
    return counts
