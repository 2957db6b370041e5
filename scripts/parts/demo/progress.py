"""How a run is getting on, shown: bars on a terminal, a plain line every few seconds elsewhere."""

import sys
import time

from demo.watch import Sample

LINE_SECONDS = 5.0
BAR = 32


class Progress:
    def __init__(self, objects: int, limit: int) -> None:
        self._objects = objects
        self._limit = limit
        self._terminal = sys.stdout.isatty()
        self._drawn = 0
        self._line_at = 0.0
        self._began = time.monotonic()

    def show(self, sample: Sample) -> None:
        if self._terminal:
            self._draw(sample)
        elif time.monotonic() - self._line_at >= LINE_SECONDS:
            self._line_at = time.monotonic()
            print(f"  {self._line(sample)}", flush=True)

    def end(self, sample: Sample) -> None:
        """The last state, so that the end shown is the true one."""
        if self._terminal:
            self._draw(sample)
        else:
            print(f"  {self._line(sample)}", flush=True)
        self._drawn = 0

    def _elapsed(self) -> str:
        seconds = int(time.monotonic() - self._began)
        return f"{seconds // 60}:{seconds % 60:02}"

    @staticmethod
    def _tick(sample: Sample) -> str:
        if sample.circuit:
            return f"   circuit {sample.circuit}"
        return "   waiting for a tick" if sample.waits_for_a_tick else ""

    def _line(self, sample: Sample) -> str:
        return (
            f"{self._elapsed()}  waiting {sample.waiting}  running {sample.running} of {self._limit}"
            f"  done {sample.succeeded} of {self._objects}  retried {sample.retried}  dead {sample.dead}{self._tick(sample)}"
        )

    def _draw(self, sample: Sample) -> None:
        lines = [
            self._bar("waiting", "33", sample.waiting, self._objects, f"{sample.waiting}"),
            self._bar("running", "34", sample.running, self._limit, f"{sample.running} of {self._limit}"),
            self._bar("done", "32", sample.succeeded, self._objects, f"{sample.succeeded} of {self._objects}"),
            f"  retried {sample.retried}   dead {sample.dead}   {self._elapsed()}{self._tick(sample)}",
        ]
        up = f"\033[{self._drawn}A" if self._drawn else ""
        sys.stdout.write(up + "".join(f"\033[2K{line}\n" for line in lines))
        sys.stdout.flush()
        self._drawn = len(lines)

    @staticmethod
    def _bar(name: str, colour: str, value: int, most: int, text: str) -> str:
        full = min(BAR, round(BAR * value / most)) if most else BAR
        return f"  {name:8}\033[{colour}m{'█' * full}\033[0m\033[2m{'░' * (BAR - full)}\033[0m {text}"
