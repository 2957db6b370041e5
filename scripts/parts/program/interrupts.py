"""The signals by which a person or a supervisor ends a script, which all mean the same: stop, and leave nothing behind."""

import signal
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Heard = Callable[[int, FrameType | None], None]


def hear(heard: Heard) -> None:
    """Lets that be called for each of them."""
    for number in SIGNALS:
        # Who starts a script by nohup wants it to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, heard)


def once(number: int, _frame: FrameType | None) -> None:
    """Interrupts as Ctrl-C does. Once: what clears away after it is not to be interrupted again."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)
