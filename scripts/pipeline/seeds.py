"""Running the simulation's seeds, in several processes, and adding up what they say."""

import collections
import dataclasses
import json
import os
import subprocess
import tempfile
from pathlib import Path

from pipeline import processes
from pipeline.paths import ROOT, TARGET


class SeedsError(Exception):
    """The simulation could not be built or run."""


@dataclasses.dataclass
class Outcome:
    ran: int = 0
    # By seed: what was not kept.
    failed: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    # What happened how often.
    coverage: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    # The histories of those that failed.
    told: str = ""

    @property
    def missing(self) -> list[str]:
        return sorted(name for name, count in self.coverage.items() if count == 0)


def build(source: Path = ROOT, target: Path = TARGET) -> Path:
    """Builds the simulation as the tests do, and returns the program."""
    # In the tests' own directory all members are built: with fewer, features differ, and every dependency is compiled again.
    chosen = ["--workspace", "--bins"] if target == TARGET else ["--package", "simulation", "--bin", "simulate"]
    command = ["cargo", "build", "--quiet", "--locked", *chosen]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    built = processes.run(command, cwd=source, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode != 0:
        raise SeedsError(f"it does not build:\n{built.stdout}")
    return target / "debug/simulate"


def run(program: Path, seeds: int, first: int, jobs: int, *, stop: bool = False) -> Outcome:
    """Runs seeds, every process its share; with `stop` each process ends at the first that fails."""
    jobs = max(1, min(jobs, seeds))
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as scratch:
        started = []
        try:
            for job in range(jobs):
                share = len(range(job, seeds, jobs))
                command = [str(program), str(first + job), str(share), str(jobs), *(["stop"] if stop else [])]
                told = Path(scratch) / f"told-{job}"
                with told.open("w") as errors:
                    # One line at its end, which fits into the pipe.
                    process = subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
                    )
                started.append((process, told))
            for process, told in started:
                said = process.communicate()[0]
                _add(outcome, process.returncode, said, told.read_text(errors="replace"))
        finally:
            for process, _ in started:
                processes.end_group(process)
    return outcome


def _add(outcome: Outcome, status: int, said: str, told: str) -> None:
    outcome.told += told
    if status != 0:
        raise SeedsError(f"the simulation ended with status {status}:\n{told}")
    summary = json.loads(said)
    outcome.ran += summary["ran"]
    for failure in summary["failed"]:
        outcome.failed[failure["seed"]] = failure["problems"]
    # An update keeps what is 0, an addition does not.
    outcome.coverage.update(summary["coverage"])
