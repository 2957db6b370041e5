"""A signal to any script ends the script's children, in any process group."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import marks
import pytest
from program import processes
from program.paths import ROOT, SCRIPTS

# By script, the stubs that let it start the child with which it is interrupted.
ARGUMENTS = {
    "bench": ["--only", "per-event", "--out", "{directory}"],
    "build": ["--out", "{directory}"],
    "demo": ["--objects", "10"],
    "mutate": ["attempt-rule-at-least"],
    "release": ["0.1.0", "--repository", "me/spillway", "--allow-dirty", "--out", "{directory}"],
    "requirements/lock": [],
    "simulate": ["--seeds", "1"],
    "site": ["--out", "{directory}"],
    "spillway": ["--version"],
    "test": ["rust"],
}

# These start nothing.
ALONE = {"variables"}

# The programs that are stubs.
USUALLY = ("cargo", "terraform", "uv")
INSTEAD = {"site": ("git",)}

# The acts of a stub: asked for its version it is the real one. Else it goes on until it is ended, and so does the child that
# it has started itself, in a group of its own.
STUB = """#!/usr/bin/env bash
case " $* " in
  " --version " | " version ") exec {real} "$@" ;;
esac
{grandchild}
echo started >> {told}
exec sleep 300
"""


def stubs(directory: Path, names: tuple[str, ...], grandchild: bool) -> tuple[str, Path]:
    """A PATH with those in front, and the file in which they tell that they have started."""
    tools, told = directory / "tools", directory / "told"
    tools.mkdir()
    for name in names:
        start = "setsid sleep 300 &" if grandchild else ""
        (tools / name).write_text(STUB.format(real=shutil.which(name) or "false", grandchild=start, told=told))
        (tools / name).chmod(0o755)
    return f"{tools}{os.pathsep}{os.environ['PATH']}", told


def test_every_script_is_looked_at() -> None:
    found = [path for directory in (SCRIPTS, SCRIPTS / "requirements") for path in directory.iterdir()]
    scripts = {str(path.relative_to(SCRIPTS)) for path in found if path.is_file() and os.access(path, os.X_OK)}
    assert scripts == ARGUMENTS.keys() | ALONE


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give orphans to their first process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("script", ARGUMENTS)
def test_a_signal_leaves_nothing_behind(script: str, name: str, tmp_path: Path) -> None:
    # uv starts no process of its own, and a shell finds no grandchild.
    path, told = stubs(tmp_path, INSTEAD.get(script, USUALLY), grandchild=script != "requirements/lock")
    (tmp_path / "made").mkdir()
    arguments = [argument.format(directory=tmp_path / "made") for argument in ARGUMENTS[script]]
    environment = {**os.environ, "PATH": path, "AWS_DEFAULT_REGION": "us-east-1", marks.NAME: str(tmp_path)}
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(SCRIPTS / script), *arguments],
            env=environment,
            start_new_session=True,
            preexec_fn=marks.hears_of_its_terminal,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + 120
        while not told.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=60) == 130, log.read_text()
    finally:
        processes.end_group(process)
    # The log of a demo that was stopped.
    for run in re.findall(r"^this run: (.+)$", log.read_text(), re.MULTILINE):
        shutil.rmtree(ROOT / run)
    left = marks.marked(str(tmp_path))
    for pid in marks.processes(str(tmp_path)):
        os.kill(pid, signal.SIGKILL)
    assert left == []
    assert "Traceback" not in log.read_text()


HEARING = """
import signal, time
from program import interrupts
interrupts.hear(interrupts.once)
print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)
"""


@pytest.mark.parametrize(("before", "kept"), [(signal.SIG_IGN, "True"), (signal.SIG_DFL, "False")])
def test_what_was_started_by_nohup_outlives_its_terminal(before: signal.Handlers, kept: str) -> None:
    ignored = subprocess.run(
        [sys.executable, "-c", HEARING], preexec_fn=lambda: signal.signal(signal.SIGHUP, before), capture_output=True, text=True
    )
    assert ignored.stdout.strip() == kept, ignored.stderr
