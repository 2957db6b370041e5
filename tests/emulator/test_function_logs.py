"""A function's output is in the log of the invocation that printed it, however late it is read."""

import os
import queue
import threading
import time

from ministack.core.lambda_runtime import ProvidedWorker

from emulator.additions.function_logs import Output

PRINTED = ["first", "second", "last"]
SECONDS = 0.3


class Slow(queue.Queue):
    """A reader that is not given the processor."""

    def put_nowait(self, line: str) -> None:
        time.sleep(SECONDS)
        super().put_nowait(line)


def told(lines: queue.Queue) -> list[str]:
    return [lines.get_nowait() for _ in range(lines.qsize())]


def test_lines_that_are_read_late_are_waited_for() -> None:
    reads, writes = os.pipe()
    lines = Slow()
    with os.fdopen(reads, "rb") as stream, os.fdopen(writes, "wb") as function:
        output = Output(stream, lines)
        threading.Thread(target=output.read, daemon=True).start()
        function.write("\n".join([*PRINTED, "half a line"]).encode())
        function.flush()
        output.until_read()
        assert told(lines) == PRINTED
        # Nothing is printed: nothing is waited for.
        began = time.monotonic()
        output.until_read()
        assert time.monotonic() - began < SECONDS
        function.close()
        deadline = time.monotonic() + 30
        while lines.empty():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert told(lines) == ["half a line"]
        output.until_read()
        assert output.ended


def test_ministack_alone_does_not_wait() -> None:
    """So the test above is about something: this addition can go when this test fails."""
    worker = ProvidedWorker("function", {}, b"")
    lines = Slow()
    worker._stderr_queue = lines
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as stream, os.fdopen(writes, "wb") as function:
        threading.Thread(target=worker._pump_output, args=(stream, lines), daemon=True).start()
        function.write(b"first\n")
        function.flush()
        assert worker._drain_stderr_bounded() == ""
