"""Functions that run one at a time."""

import functools
import threading
from collections.abc import Callable
from types import ModuleType


def locked(lock: threading.RLock, function: Callable) -> Callable:
    @functools.wraps(function)
    def run(*arguments, **named):
        with lock:
            return function(*arguments, **named)

    return run


def lock_in(lock: threading.RLock, module: ModuleType, *names: str) -> None:
    for name in names:
        setattr(module, name, locked(lock, getattr(module, name)))
