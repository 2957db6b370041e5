"""Runs jobs one after the other, in a thread of its own; their lines go out as they come, with a name before each."""

import collections
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

from program import processes
from program.paths import ROOT

from suite import junit
from suite.jobs import Job
from suite.junit import Counts

# Time to stop its children: an emulator, a destroy.
GRACE_SECONDS = 60
LAST_LINES = 40


class Lane:
    def __init__(self, jobs: list[Job], niceness: int) -> None:
        self.counts: dict[str, Counts] = {}
        self.seconds: dict[str, float] = {}
        self._jobs = jobs
        self._niceness = niceness
        self._stopped = False
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        # In steps: a join without an end takes no signal.
        while self._thread.is_alive():
            self._thread.join(0.5)

    def interrupt(self) -> None:
        """As Ctrl-C does: pytest and cargo-nextest stop their children."""
        with self._lock:
            self._stopped = True
            if self._process and self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGINT)

    def end(self) -> None:
        """After `interrupt`: leaves nothing, however long it takes."""
        self._thread.join(GRACE_SECONDS)
        if self._process:
            processes.end_group(self._process)

    def _run(self) -> None:
        for job in self._jobs:
            began = time.monotonic()
            try:
                counts = self._count(job)
            except Exception as error:
                # A full disk, a closed pipe, half a report: a thread that dies would leave no failure behind.
                failure = junit.failure(f"{job.name}: broke off", f"{type(error).__name__}: {error}")
                counts = {job.name: Counts(failed=1, failures=[failure])}
            if counts is None:
                return
            for part in job.parts:
                counts.setdefault(part.name, Counts())
            self.counts.update(counts)
            self.seconds[job.name] = time.monotonic() - began

    def _count(self, job: Job) -> dict[str, Counts] | None:
        """Runs it, and counts its tests by part; none if it was not to begin any more."""
        said = self._carry_out(job)
        if said is None:
            return None
        status, last = said
        counts = junit.read(job.report, job.part_of) if job.report.exists() else {}
        # A report that is missing or knows of no failure does not make a failure good.
        if status != 0 and not any(of_part.failed for of_part in counts.values()):
            broken = Counts(failed=1, failures=[junit.failure(f"{job.name}: exit status {status}", last)])
            counts[job.name] = counts.get(job.name, Counts()) + broken
        return counts

    def _carry_out(self, job: Job) -> tuple[int, str] | None:
        """Its exit status and the last of its output; none if it was not to begin any more."""
        with self._lock:
            if self._stopped:
                return None
            self._process = subprocess.Popen(
                ["nice", "-n", str(self._niceness), *job.command],
                cwd=ROOT,
                env=job.environment,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        last: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
        try:
            for line in self._process.stdout:
                last.append(line)
                sys.stdout.write(f"{job.name:<9} | {line}")
                sys.stdout.flush()
            return self._process.wait(), "".join(last)
        finally:
            processes.end_group(self._process)
