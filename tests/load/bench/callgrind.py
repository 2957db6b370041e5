"""Counting instructions: the program runs under valgrind's callgrind. No count depends on other work of the machine."""

import re
import shutil
import tempfile
from pathlib import Path

from bench import measure
from bench.cases import Result

REMEDY = "instructions are counted by valgrind. Debian, Ubuntu: apt-get install valgrind; Fedora: dnf install valgrind"


def found() -> bool:
    return shutil.which("valgrind") is not None


def run(load: Path, scenario: dict) -> Result:
    """The result, with `instructions`: all that the program executed from its start to its end."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}"]
        result = measure.run(load, {**scenario, "program": [*command, *scenario["program"]]})
        return {**result, "instructions": total(out)}


def total(out: Path) -> int:
    """From the line `totals: 123`."""
    counted = re.search(r"^totals: (\d+)$", out.read_text(errors="replace"), re.MULTILINE) if out.exists() else None
    if not counted:
        raise measure.LoadError("callgrind wrote no total: the program did not end by itself")
    return int(counted[1])
