"""The signals by which a person or a supervisor ends a script, which all mean the same: stop, and leave nothing behind."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Heard = Callable[[int, FrameType | None], None]


def hear(heard: Heard) -> None:
    """Lets that be called for each of them."""
    for number in SIGNALS:
        # A script under nohup is to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, heard)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Lets none of them interrupt the block: one that comes meanwhile is heard at its end."""
    came: list[int] = []
    # Only the main thread hears signals.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hearing = {number: signal.getsignal(number) for number in SIGNALS}
    # The others are ignored, or end this process without asking it.
    hearing = {number: heard for number, heard in hearing.items() if callable(heard)}
    for number in hearing:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, heard in hearing.items():
            signal.signal(number, heard)
        for number in came:
            signal.raise_signal(number)


def once(number: int, _frame: FrameType | None) -> None:
    """Interrupts as Ctrl-C does. Once: the cleaning up after it is not to be interrupted again."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)
