"""How a redrive tells of itself."""

import sys
import time

LINE_SECONDS = 5.0


def in_words(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


class Progress:
    """A bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self) -> None:
        self._bar = sys.stdout.isatty()
        self._shown_at = time.monotonic()

    def show(self, moved: int, total: int) -> None:
        if self._bar:
            done = round(30 * moved / total) if total else 30
            print(f"\r[{'#' * done}{'.' * (30 - done)}] {moved} of {total} ", end="", flush=True)
        elif time.monotonic() - self._shown_at >= LINE_SECONDS:
            self._shown_at = time.monotonic()
            print(f"{moved} of {total} moved", flush=True)

    def end(self) -> None:
        if self._bar:
            print()
