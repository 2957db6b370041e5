"""Handlers that are killed in the middle of their work."""

import contextlib
import os
import random
import signal
import sys
import threading

import handler_processes
import pytest
from pipeline import reports
from running import Running

OBJECTS = 150
KILLS = 4
SEED = 3
TICK_SECONDS = 4
# A tick's last 15 seconds before the deadline are for what is under way.
TIMEOUT_SECONDS = TICK_SECONDS + 15


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes by /proc")
def test_killing_dispatch_and_settle_loses_nothing_and_repeats_nothing(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=SEED, group="kill-", unknown_device=0)
    quiet.begin(burst)
    before = quiet.succeeded()
    killed = {quiet.names.dispatch: 0, quiet.names.settle: 0}
    over = threading.Event()

    def kill_at_work(function: str) -> None:
        rng = random.Random(f"{SEED} {function}")
        while killed[function] < KILLS:
            # At work is who has started something, or will be told of its end, since the last one was killed.
            started = len(quiet.summaries())
            while len(quiet.summaries()) == started:
                if over.wait(0.1):
                    return
            over.wait(rng.uniform(0, 2.5))
            for process in handler_processes.find(quiet.emulator.pid, function):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    killed[function] += 1

    # Short ticks: nobody dispatches until the lease of one that was killed has run out, soon after its deadline.
    short = {"SPILLWAY_TICK_SECONDS": TICK_SECONDS, "SPILLWAY_SWEEP_AFTER_SECONDS": 5}
    with quiet.configured(quiet.names.dispatch, timeout=TIMEOUT_SECONDS, **short), quiet.ticking():
        killers = [threading.Thread(target=kill_at_work, args=(function,), daemon=True) for function in killed]
        for killer in killers:
            killer.start()
        try:
            quiet.until(lambda sample: sample.quiet and sample.succeeded - before >= OBJECTS, 300)
        finally:
            over.set()
            for killer in killers:
                killer.join()

    print(f"killed: {killed}")
    assert min(killed.values()) >= KILLS
    verdict = quiet.judge(burst, "kill-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.succeeded) == (0, 0, OBJECTS)
