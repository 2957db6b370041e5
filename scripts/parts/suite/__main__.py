"""scripts/test: every test of the project, or the named parts."""

import resource
import subprocess
import tempfile
from pathlib import Path

from program import disk, entry, processes
from program.paths import SCRIPTS, TARGET
from tools import venvs

from suite import jobs, options
from suite.junit import Counts
from suite.lane import Lane
from suite.options import Options

# Tests that compute give way to tests that wait: a test that waits must not wait for a processor as well.
NICENESS = (0, 10)
# A whole run leaves 10 GB in an empty target/, and adds 2 GB to the target/ of another; each with some room.
CLEAN_GB, BUILT_GB = 12, 4


def run(chosen: Options) -> list[Lane]:
    work = TARGET / "test"
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=work) as directory:
        lanes = jobs.lanes(chosen, Path(directory))
        running = [Lane(lane, niceness) for lane, niceness in zip(lanes, NICENESS if len(lanes) > 1 else (0,), strict=True)]
        try:
            for lane in running:
                lane.start()
            for lane in running:
                lane.wait()
        finally:
            for lane in running:
                lane.interrupt()
            for lane in running:
                lane.end()
            # An interrupted test kills its children, and they cannot stop their own.
            processes.end_descendants()
    return running


def tell(lanes: list[Lane]) -> int:
    counts = {part: of_part for lane in lanes for part, of_part in lane.counts.items()}
    total = sum(counts.values(), Counts())
    for text in total.failures:
        print(f"\nFAILED {text}")
    print()
    for part, of_part in counts.items():
        print(f"{part:<15} {of_part.passed:>5} passed {of_part.failed:>3} failed")
    seconds = {job: seconds for lane in lanes for job, seconds in lane.seconds.items()}
    print(f"{'time':<15} " + ", ".join(f"{job} {value:.0f} s" for job, value in seconds.items()) + f"; CPU {_cpu():.0f} s")
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed or not total.passed else 0


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> int:
    chosen = options.parse(arguments)
    tools = sorted({tool for part in chosen.parts for tool in part.tools})
    if subprocess.run([str(SCRIPTS / "parts/toolchain.sh"), *tools]).returncode != 0:
        return 1
    TARGET.mkdir(exist_ok=True)
    builds = "cargo" in tools and not (TARGET / "debug").exists()
    disk.ask(TARGET, CLEAN_GB if builds else BUILT_GB)
    return tell(run(chosen))


if __name__ == "__main__":
    entry.run("scripts/test", main, disk.DiskError, venvs.VenvError)
