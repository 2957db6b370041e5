"""The lines that a function printed before its answer are in that invocation's log.

MiniStack takes the lines read so far, and waits 5 ms for more. On a busy machine the last lines, and so the metrics, are in
the log of the next invocation.
"""

import contextlib
import os
import queue
import select
import threading
import time
from typing import BinaryIO

from ministack.core.lambda_runtime import ProvidedWorker

# Far longer than anything takes.
PATIENCE_SECONDS = 30


class Output:
    """The output of a function: the holder of the lock finds the lines read in the queue."""

    def __init__(self, stream: BinaryIO, lines: queue.Queue) -> None:
        self.ended = False
        self._stream, self._lines = stream, lines
        self._lock = threading.Lock()

    def read(self) -> None:
        """Until the function has ended."""
        rest = b""
        with contextlib.suppress(OSError, ValueError):
            while not self.ended:
                self._has_more(None)
                with self._lock:
                    more = os.read(self._stream.fileno(), 65_536)
                    self.ended = not more
                    *whole, rest = (rest + more).split(b"\n")
                    for line in whole:
                        self._put(line)
        self.ended = True
        if rest:
            self._put(rest)

    def _has_more(self, milliseconds: int | None) -> bool:
        # Not select: a busy emulator has more than 1,024 open files.
        printed = select.poll()
        printed.register(self._stream, select.POLLIN)
        return bool(printed.poll(milliseconds))

    def _put(self, line: bytes) -> None:
        # The reader must not wait: a pipe that is full holds the function up.
        if self._lines.full():
            with contextlib.suppress(queue.Empty):
                self._lines.get_nowait()
        self._lines.put_nowait(line.decode(errors="replace").rstrip("\r"))

    def until_read(self) -> None:
        """All that it has printed so far is in the queue then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ended and time.monotonic() < deadline:
            with self._lock:
                if not self._has_more(0):
                    return
            time.sleep(0.001)


def add() -> None:
    def pump(self: ProvidedWorker, stream: BinaryIO, lines: queue.Queue) -> None:
        self.output = Output(stream, lines)
        self.output.read()

    def drain(self: ProvidedWorker) -> str:
        self.output.until_read()
        return self._drain_stderr()

    ProvidedWorker._pump_output = pump
    ProvidedWorker._drain_stderr_bounded = drain
