"""What comes by ingest, when ingest or what is behind it does not work."""

import contextlib
import os
import signal
import sys
import threading
import time

import handler_processes
import pytest
from one_pipeline import Pipeline, wait
from pipeline import judge_orders, watch
from redriving import redrive


@pytest.mark.parametrize("name", ["none", "fifo-each"])
def test_what_the_queue_refuses_is_kept_and_worked_on_after_a_redrive(pipelines: dict[str, Pipeline], name: str) -> None:
    pipeline = pipelines[name]
    failures = pipeline.outputs["ingest_failure_queue_url"]
    with pipeline.allowed_only(pipeline.outputs["ingest_function_name"], failures):
        uploads = [pipeline.put(f"lambda/refused/{number}.json") for number in range(3)]
        wait(lambda: watch.depth(pipeline.aws, failures) == 3, 60, "the failures are not kept")
    assert pipeline.waiting() == 0
    done = redrive(pipeline.emulator, name, "--stage", "ingest")
    assert done.returncode == 0, done
    assert watch.depth(pipeline.aws, failures) == 0
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("lambda/refused/")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes by /proc")
def test_killing_ingest_loses_nothing_and_repeats_nothing(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["none"]
    function, failures = pipeline.outputs["ingest_function_name"], pipeline.outputs["ingest_failure_queue_url"]
    killed, over = 0, threading.Event()

    def kill() -> None:
        nonlocal killed
        while not over.wait(0.15):
            for process in handler_processes.find(pipeline.emulator.pid, function)[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    killed += 1

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        uploads = [pipeline.put(f"lambda/killed/{number}.json") for number in range(40)]
    finally:
        over.set()
        killer.join()
    assert killed
    wait(lambda: pipeline.waiting() + watch.depth(pipeline.aws, failures) >= len(uploads), 60, "events are missing")
    time.sleep(5)  # some may be in the queue twice, and the last of three attempts begins after three seconds
    # What was killed three times is a failure, and redriven as one.
    assert redrive(pipeline.emulator, pipeline.name, "--stage", "ingest").returncode == 0
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("lambda/killed/")) == []
