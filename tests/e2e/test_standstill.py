"""An AWS that stands still: judged by the uploads and by Step Functions alone."""

import contextlib
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from demo import reports
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("kills")

SEED = 10
OBJECTS = 120
# Seconds: shorter than the handlers wait for an answer (5), longer, and longer than they try for one at all (10). A call that was
# made meanwhile is done afterwards, whether or not anybody waits for it.
PAUSES = (3, 7, 12, 7)


@contextlib.contextmanager
def pausing(running: Running) -> Iterator[list[int]]:
    """Stops the emulator, and with it every AWS service, again and again; tells for how long it was."""
    rng, over, pauses = random.Random(SEED), threading.Event(), []

    def go_on() -> None:
        for seconds in PAUSES:
            # Long after a start or two, and in the middle of others.
            if over.wait(rng.uniform(1, 3)):
                return
            os.kill(running.emulator.pid, signal.SIGSTOP)
            try:
                over.wait(seconds)
            finally:
                os.kill(running.emulator.pid, signal.SIGCONT)
            pauses.append(seconds)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield pauses
    finally:
        over.set()
        thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="stops a process that others wait for")
def test_an_aws_that_stands_still_for_seconds_loses_nothing_and_repeats_nothing(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=SEED, group="pauses-", unknown_device=0)
    quiet.begin(burst)

    def worked_off() -> bool:
        # Not the outcomes: those that settle had in hand when everything stood still stay hidden for three minutes. The slots are
        # freed by settle or by the sweep.
        return len(pauses) == len(PAUSES) and quiet.waiting() == quiet.slots() == quiet.executing() == 0

    with pausing(quiet) as pauses, quiet.ticking():
        wait(worked_off, lambda: f"{pauses} {quiet.left()}")
    quiet.aws.sqs.purge_queue(QueueUrl=quiet.names.outcomes_queue)
    verdict = quiet.judge(burst, "pauses-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.succeeded) == (0, 0, OBJECTS)
