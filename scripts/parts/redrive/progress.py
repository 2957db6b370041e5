"""How a redrive tells of itself."""

import sys
import time

LINE_SECONDS = 5.0
SAMPLE = 10


def in_words(count: int, what: str = "message") -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def sample(lines: list[str], of: int) -> None:
    """The first of what would move."""
    for line in lines[:SAMPLE]:
        print(f"  {line}")
    if of > len(lines[:SAMPLE]):
        print(f"  … and {of - len(lines[:SAMPLE])} more")


class Progress:
    """A bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self, done: str = "moved") -> None:
        self._bar = sys.stdout.isatty()
        self._shown_at = time.monotonic()
        self._done = done

    def show(self, done: int, total: int, more: str = "") -> None:
        if self._bar:
            share = min(1.0, done / total) if total else 1.0
            filled = round(30 * share)
            print(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total} {self._done}{more} ", end="", flush=True)
        elif time.monotonic() - self._shown_at >= LINE_SECONDS:
            self._shown_at = time.monotonic()
            print(f"{done} of {total} {self._done}{more}", flush=True)

    def end(self) -> None:
        if self._bar:
            print()
