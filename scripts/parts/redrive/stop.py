"""Ctrl-C and its like, heard between two steps: what has begun is finished, so that nothing is sent without being counted."""

from types import FrameType

from program import interrupts


class Stop:
    """While it is entered, the first of those signals only sets `asked`; a second one interrupts at once."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stop":
        self._before = interrupts.hear(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        interrupts.restore(self._before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            interrupts.once(number, frame)
        self.asked = True
