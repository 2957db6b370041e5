"""One provider for many runs of Terraform: how it starts, and that it always ends. A script stands for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import terraform_provider
from program import processes
from program.paths import PYTHONPATH

SECONDS = 20
PROVIDER = """#!/bin/sh
echo "Provider started"
printf "\\tTF_REATTACH_PROVIDERS='%s'\\n" "$AWS_REGION $1 $$"
exec sleep 600
"""
HOLDER = """
import sys, time
from pathlib import Path
import terraform_provider
with terraform_provider.running(Path(sys.argv[1]), Path(sys.argv[2]), {"AWS_REGION": "here"}) as found:
    print(found["TF_REATTACH_PROVIDERS"], flush=True)
    time.sleep(600)
"""


def script(directory: Path, text: str) -> Path:
    path = directory / "provider"
    path.write_text(text)
    path.chmod(0o755)
    return path


def comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_it_is_there_inside_and_gone_afterwards(tmp_path: Path) -> None:
    with terraform_provider.running(script(tmp_path, PROVIDER), tmp_path / "log", {"AWS_REGION": "here"}) as found:
        region, flag, pid = found["TF_REATTACH_PROVIDERS"].split()
        assert (region, flag) == ("here", "-debug")
        assert processes.alive(int(pid))
    assert comes_true(lambda: not processes.alive(int(pid)))


def test_what_does_not_start_says_why(tmp_path: Path) -> None:
    program = script(tmp_path, "#!/bin/sh\necho no such flag >&2\nexit 1\n")
    with (
        pytest.raises(terraform_provider.ProviderError, match="no such flag"),
        terraform_provider.running(program, tmp_path / "log", {}),
    ):
        pass


def test_it_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(script(tmp_path, PROVIDER)), str(tmp_path / "log")]
    environment = {**os.environ, "PYTHONPATH": f"{PYTHONPATH}{os.pathsep}{Path(__file__).parent}", "TMPDIR": str(tmp_path)}
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    pid = int(holder.stdout.readline().split()[-1])
    assert list(tmp_path.glob("spillway-*")) != []
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert comes_true(lambda: not processes.alive(pid))
    assert comes_true(lambda: list(tmp_path.glob("spillway-*")) == [])
