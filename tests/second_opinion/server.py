"""moto's server as the tests see it: a process on a free port of 127.0.0.1, in an environment of its own."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from emulator import client_environment
from program import processes
from program.paths import TARGET
from tools import venvs

# Far longer than it takes, on a busy machine too.
START_SECONDS = 120


class Server:
    """Ended by `stop`, or by the end of this process."""

    def __init__(self, directory: Path) -> None:
        log = directory / "moto.log"
        # Bound here and handed on: nobody else can take the port, nor answer at it.
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen(128)
            self.endpoint = f"http://127.0.0.1:{bound.getsockname()[1]}"
            self._process = _spawn(bound.fileno(), self.endpoint, log)
        if not self._wait_until_ready():
            self.stop()
            raise RuntimeError(f"moto did not start:\n{log.read_text(errors='replace')[-2000:]}")

    def ask(self, look: str, **request: Any) -> Any:
        """The answers of `inside_moto/looks.py`."""
        url = f"{self.endpoint}/tests/{look}"
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(request).encode()), timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> None:
        processes.end_group(self._process)

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.ask("health")
                return True
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(0.1)
        return False


def _spawn(bound: int, endpoint: str, log: Path) -> subprocess.Popen:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_", "SPILLWAY_"))}
    settings = {"PYTHONPATH": str(Path(__file__).parent), "PYTHONPYCACHEPREFIX": str(TARGET / "pycache")}
    with log.open("ab") as file:
        return subprocess.Popen(
            [str(venvs.ensure("moto")), "-m", "inside_moto", str(bound)],
            env={**inherited, **client_environment(endpoint), **settings},
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,
            pass_fds=(bound,),
        )
