"""Two runs of parts beside each other: the end-to-end tests mostly wait, the others mostly compute."""

import dataclasses
import json
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from pipeline import processes
from pipeline.paths import ROOT

from checks.part import WORK, Counts

# Time to stop what it has started.
GRACE_SECONDS = 60

Results = list[tuple[str, Counts, float]]


class Run:
    """Some parts, in a process of their own; its lines go out as they come, with a mark before each."""

    def __init__(self, names: list[str], mark: str, before: list[str], directory: Path):
        self.names = names
        self._results = directory / f"{mark}.json"
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "checks.run", "--results", str(self._results), *names],
            cwd=ROOT,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._pass_on, args=(mark,), daemon=True)
        self._reader.start()

    def _pass_on(self, mark: str) -> None:
        for line in self.process.stdout:
            sys.stdout.write(f"{mark} | {line}")
            sys.stdout.flush()

    def results(self) -> Results:
        """Waits for its end."""
        self.process.wait()
        self._reader.join()
        if not self._results.exists():
            return [(name, Counts(failed=1), 0.0) for name in self.names]
        return read(self._results)

    def stop(self) -> None:
        if self.process.poll() is None:
            # As Ctrl-C: it stops what it has started.
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(GRACE_SECONDS)
        finally:
            processes.end_group(self.process)


def run(first: list[str], second: list[str]) -> Results:
    """`first` has the machine to itself as far as it wants it: what it measures is time."""
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="beside-", dir=WORK) as directory:
        runs = []
        try:
            runs.append(Run(first, "1", [], Path(directory)))
            runs.append(Run(second, "2", ["nice", "-n", "10"], Path(directory)))
            return [result for run in runs for result in run.results()]
        finally:
            for run in runs:
                run.stop()


def write(path: Path, results: Results) -> None:
    found = [(name, dataclasses.astuple(counts), seconds) for name, counts, seconds in results]
    path.write_text(json.dumps(found))


def read(path: Path) -> Results:
    return [(name, Counts(*counts), seconds) for name, counts, seconds in json.loads(path.read_text())]
