"""The Rust tests: units, properties, simulation."""

import re
import shutil

from pipeline import processes
from pipeline.paths import ROOT

from checks.part import Counts, failure, show


def run() -> Counts:
    nextest = shutil.which("cargo-nextest") is not None
    if not nextest:
        print("  cargo-nextest is not installed; cargo test does too (quicker: cargo install cargo-nextest --locked)")
    runner = ["nextest", "run", "--status-level", "fail"] if nextest else ["test", "--quiet"]
    status, output = processes.stream(["cargo", *runner, "--workspace", "--no-fail-fast"], show, cwd=ROOT)
    counts = of_nextest(output) if nextest else of_cargo_test(output)
    if status != 0 or not counts.passed:
        counts.failed = max(1, counts.failed)
        names = re.findall(r"^\s*(?:FAIL|TIMEOUT|SIG\w+) \[.*?\] (.*)$|^test (.*) \.\.\. FAILED$", output, re.MULTILINE)
        counts.failures = [failure("Rust tests", "\n".join(dict.fromkeys(max(pair) for pair in names)) or output)]
    return counts


def of_nextest(output: str) -> Counts:
    """From the closing line, `Summary [   1.2s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 2 skipped`."""
    summary = re.findall(r"^\s*Summary .* run: (.*)$", output, re.MULTILINE)
    parts = re.findall(r"(\d+) (passed|failed|timed out|skipped)", summary[-1] if summary else "")
    found = {word: int(number) for number, word in parts}
    return Counts(found.get("passed", 0), found.get("failed", 0) + found.get("timed out", 0), found.get("skipped", 0))


def of_cargo_test(output: str) -> Counts:
    counts = Counts()
    for passed, failed, ignored in re.findall(r"^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored", output, re.MULTILINE):
        counts += Counts(int(passed), int(failed), int(ignored))
    return counts
