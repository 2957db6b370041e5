"""Events by ingest, when ingest or the services behind it do not work."""

import contextlib
import os
import re
import signal
import sys
import threading
import time

import handler_processes
import judge_orders
import pytest
from demo import watch
from one_pipeline import PATIENCE_SECONDS, Pipeline, wait
from operating import spillway

pytestmark = pytest.mark.xdist_group("cells")


KILLS = 8
OBJECTS = 40


def keys(pipeline: Pipeline, *queues: str) -> set[str]:
    """The keys of the objects that the messages in these queues are about, in any form."""
    bodies = [message["Body"] for queue in queues for message in pipeline.emulator.messages(queue)]
    return {key for body in bodies for key in re.findall(r'"key": ?"([^"]*)"', body)}


@pytest.mark.parametrize("name", ["none", "fifo-each"])
def test_what_the_queue_refuses_is_kept_and_worked_on_after_a_redrive(pipelines: dict[str, Pipeline], name: str) -> None:
    pipeline = pipelines[name]
    failures = pipeline.outputs["ingest_failure_queue_url"]
    pipeline.aws.sqs.purge_queue(QueueUrl=failures)
    only = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": pipeline.arn(failures)}]
    with pipeline.allowed(pipeline.outputs["ingest_function_name"], lambda _: only):
        uploads = [pipeline.put(f"lambda/refused/{number}.json") for number in range(3)]
        wait(lambda: watch.depth(pipeline.aws, failures) == 3, "the failures are not kept")
    assert pipeline.waiting() == 0
    done = spillway(pipeline.emulator, "-p", name, "redrive", "--stage", "ingest")
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
    uploads, deadline = [], time.monotonic() + PATIENCE_SECONDS
    try:
        while len(uploads) < OBJECTS or killed < KILLS:
            assert time.monotonic() < deadline, f"killed {killed} times while {len(uploads)} were uploaded"
            uploads.append(pipeline.put(f"lambda/killed/{len(uploads)}.json"))
            time.sleep(0.02)
    finally:
        over.set()
        killer.join()
    print(f"killed {killed} times while {len(uploads)} were uploaded")
    # Each is in one of the queues, some in both or twice. A payload that was killed three times is a failure, and redriven as one.
    wanted = {upload.key for upload in uploads}
    wait(lambda: keys(pipeline, *pipeline.queues, failures) >= wanted, lambda: f"{pipeline.left()}, not all of {len(wanted)}")
    assert spillway(pipeline.emulator, "-p", pipeline.name, "redrive", "--stage", "ingest").returncode == 0
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("lambda/killed/")) == []
