"""The signals by which a person or a supervisor ends a script, which all mean the same: stop, and leave nothing behind."""

import signal
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Heard = Callable[[int, FrameType | None], None]


def hear(heard: Heard) -> dict:
    """Lets that be called for each of them, and returns what was called before."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        # Who starts a script by nohup wants it to outlive the terminal.
        if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
            signal.signal(number, heard)
    return before


def restore(before: dict) -> None:
    for number, handler in before.items():
        # None: not set by Python, and then nothing that it could set again.
        if handler is not None:
            signal.signal(number, handler)


def once(number: int, _frame: FrameType | None) -> None:
    """Interrupts as Ctrl-C does. Once: what clears away after it is not to be interrupted again."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)
