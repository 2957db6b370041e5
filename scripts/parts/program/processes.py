"""Child processes that do not outlive their parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from program import interrupts


def run(command: list[str], **options) -> subprocess.CompletedProcess:
    """Like subprocess.run, but in a group of its own, which ends with this call, however the call ends."""
    with _leading(command, _kill, **options) as process:
        out, error = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, out, error)


def stream(command: list[str], show: Callable[[str], None], **options) -> tuple[int, str]:
    """Runs it so too, hands every line of its output to `show` at once, and returns its status and all of its output."""
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    lines = []
    with _leading(command, _kill, **told, **options) as process:
        for line in process.stdout:
            lines.append(line)
            show(line.rstrip("\n"))
        return process.wait(), "".join(lines)


@contextlib.contextmanager
def beside(command: list[str], grace: float = 5.0, **options) -> Iterator[subprocess.Popen]:
    """One of our own programs, in a group of its own, beside the caller's work. It ends with the block, however that ends."""

    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            # As Ctrl-C: its own children are in other groups, and it ends them.
            _signal(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace)
        end_group(process, grace)

    with _leading(command, end, **options) as process:
        yield process


@contextlib.contextmanager
def _leading(command: list[str], end: Callable[[subprocess.Popen], None], **options) -> Iterator[subprocess.Popen]:
    """A process that leads a group of its own, and is ended with the block. An interrupt while it starts ends it too."""
    options.setdefault("stdin", subprocess.DEVNULL)
    with contextlib.ExitStack() as stack:
        with interrupts.held():
            process = subprocess.Popen(command, start_new_session=True, **options)
            stack.callback(end, process)
        yield process


def _kill(process: subprocess.Popen) -> None:
    _signal(process.pid, signal.SIGKILL)
    process.wait()


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


def adopt_orphans() -> None:
    """From now on a process without a living parent is a child of this one, so that `end_descendants` finds it. Linux only."""
    if sys.platform == "linux":
        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def end_descendants() -> None:
    """Kills all descendants of this process that still run, in any group. Linux only."""
    if sys.platform != "linux":
        return
    deadline = time.monotonic() + 30
    while (left := _descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Those that had a parent are children of this process by now.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.05)


def _descendants(ancestor: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name can have spaces and brackets; the parent is the second word behind it.
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, left = [], [ancestor]
    while left:
        left = [child for pid in left for child in children.get(pid, [])]
        found += left
    return found


def alive(pid: int) -> bool:
    """Whether it still runs; one that has ended and that nobody has waited for does not."""
    with contextlib.suppress(OSError):
        if Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] == "Z":
            return False
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
