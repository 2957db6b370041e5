"""Runs one directory of pytest tests."""

import os
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from pipeline import processes, venvs
from pipeline.paths import ROOT, SCRIPTS, TARGET

from checks.part import WORK, Counts, show


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
    for case in ElementTree.parse(report).iter("testcase"):  # our own file
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif case.find("skipped") is not None:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts
