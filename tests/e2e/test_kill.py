"""Handlers that are killed in the middle of their work."""

import contextlib
import os
import random
import signal
import sys
import threading

import handler_processes
import pytest
from demo import devices, reports, uploads
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("kills")

OBJECTS = 100
MORE = 40
KILLS = 4
SEED = 3
TICK_SECONDS = 4
# A tick's last 15 seconds before the deadline are for the work under way.
TIMEOUT_SECONDS = TICK_SECONDS + 15


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes by /proc")
def test_killing_dispatch_and_settle_loses_nothing_and_repeats_nothing(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=SEED, group="kill-", unknown_device=0)
    quiet.begin(burst)
    killed = {quiet.names.dispatch: 0, quiet.names.settle: 0}
    over = threading.Event()

    def kill_at_work(function: str) -> None:
        rng = random.Random(f"{SEED} {function}")
        while killed[function] < KILLS:
            # A function is at work if it has started something, or will get an outcome, since the last kill.
            started = quiet.count()
            while quiet.count() == started:
                if over.wait(0.3):
                    return
            over.wait(rng.uniform(0, 2.5))
            for process in handler_processes.find(quiet.emulator.pid, function):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    killed[function] += 1

    def enough() -> bool:
        """There is always something to do until each was killed so often."""
        if min(killed.values()) >= KILLS:
            return True
        if quiet.waiting() < MORE:
            more = reports.generate(MORE, seed=SEED, group=f"kill-{len(burst)}-", unknown_device=0)
            burst.extend(more)
            devices.register(quiet.aws, quiet.names.devices_table, reports.registered_devices(more))
            uploads.upload(quiet.aws, quiet.names.bucket, more)
        return False

    # Short ticks: nobody dispatches until the lease of one that was killed has run out, soon after its deadline.
    short = {"SPILLWAY_TICK_SECONDS": TICK_SECONDS, "SPILLWAY_SWEEP_AFTER_SECONDS": 5}
    with quiet.configured(quiet.names.dispatch, timeout=TIMEOUT_SECONDS, **short), quiet.ticking():
        killers = [threading.Thread(target=kill_at_work, args=(function,), daemon=True) for function in killed]
        for killer in killers:
            killer.start()
        try:
            wait(enough, lambda: f"killed: {killed}")
        finally:
            over.set()
            for killer in killers:
                killer.join()
        quiet.until_quiet()

    print(f"killed: {killed}, of {len(burst)} objects")
    verdict = quiet.judge(burst, "kill-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.succeeded) == (0, 0, len(burst))
