"""Running scenarios: `load` takes one as JSON and gives one result."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from program import processes

from bench.cases import Case, Result, Runs

# A limit of this machine is not an error of the program.
CANNOT_HERE = 2


class LoadError(Exception):
    """No result. `here` says that this machine is the reason."""

    def __init__(self, reason: str, *, here: bool = False):
        super().__init__(reason)
        self.here = here


def run(load: Path, scenario: dict) -> Result:
    with tempfile.TemporaryFile("w+") as given:
        json.dump(scenario, given)
        given.seek(0)
        ran = processes.run([str(load)], stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        raise LoadError(ran.stderr.strip() or f"load ended with {ran.returncode}", here=ran.returncode == CANNOT_HERE)
    return json.loads(ran.stdout)


def rounds(load: Path, cases: list[Case], count: int, runs: Runs) -> None:
    """Every case once in each round, so that those that are compared have run next to each other."""
    for number in range(count):
        for case in cases:
            if case in runs.failed or (case.once and number > 0):
                continue
            _tell(f"round {number + 1} of {count}: {case.part}, {case.program}, {case.setting} …")
            began = time.monotonic()
            try:
                for _ in range(case.times):
                    runs.add(case, number, (case.measured_by or run)(load, case.scenario))
            except LoadError as error:
                runs.failed[case] = str(error)
                _tell(f" not measured: {error}\n")
            else:
                _tell(f" {time.monotonic() - began:.0f} s\n")


def _tell(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)
