"""Child processes that do not outlive their parent."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    """Like subprocess.run, but in a group of its own, which ends with this call, whatever ends it."""
    options.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        out, error = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, error)
    finally:
        _signal(process.pid, signal.SIGKILL)
        process.wait()


def stream(command: list[str], show: Callable[[str], None], **options) -> tuple[int, str]:
    """Runs it so too, hands every line of its output to `show` at once, and returns its status and all of its output."""
    process = subprocess.Popen(
        command,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        **options,
    )
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            show(line.rstrip("\n"))
        return process.wait(), "".join(lines)
    finally:
        _signal(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def beside(command: list[str], grace: float = 5.0, **options) -> Iterator[subprocess.Popen]:
    """One of our own programs, in a group of its own, beside what the caller does; it ends with the block, whatever ends that."""
    options.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            # As Ctrl-C: what it runs is in other groups, and it ends them.
            _signal(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace)
        end_group(process, grace)


def end_group(process: subprocess.Popen, grace: float = 5.0) -> None:
    """Ends a process that leads its own group, together with the group."""
    _signal(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def end_foreign_group(leader: int, grace: float = 5.0) -> None:
    """The same for a group that an earlier run started and kept."""
    _signal(leader, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while alive(leader) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(leader, signal.SIGKILL)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
