"""The AWS emulator, as seen from outside: one process group on a free port of 127.0.0.1."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from program import processes
from program.paths import PYTHONPATH, TARGET
from tools import venvs

REGION = "us-east-1"
# Far longer than it takes, on a busy machine too.
START_SECONDS = 180


class EmulatorError(Exception):
    pass


def client_environment(endpoint: str) -> dict[str, str]:
    """The environment of any AWS client that talks to the emulator, and to nothing else."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


class Emulator:
    """Started by `start`; ended by `stop`, or by the end of this process unless `keep` was called."""

    def __init__(self, directory: Path, schedule_seconds: float = 60) -> None:
        """`schedule_seconds`: from one firing of a rule with rate(1 minute) to the next."""
        self._directory = directory
        self._schedule_seconds = schedule_seconds
        self._log = directory / "emulator.log"
        self._process: subprocess.Popen | None = None
        self._port = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        return client_environment(self.endpoint)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        (self._directory / "tmp").mkdir(parents=True, exist_ok=True)
        # Bound here and handed on: nobody else can take the port, nor answer at it.
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self._port = bound.getsockname()[1]
            self._spawn(bound.fileno())
        if not self._wait_until_ready():
            self.stop()
            raise EmulatorError(f"the emulator did not start:\n{self._end_of_log()}")

    def _end_of_log(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])

    def _spawn(self, bound: int) -> None:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SPILLWAY_", "LAMBDA_"))}
        settings = {
            "PYTHONPATH": PYTHONPATH,
            "PYTHONPYCACHEPREFIX": str(TARGET / "pycache"),
            "PYTHONUNBUFFERED": "1",
            "GATEWAY_PORT": str(self._port),
            "GATEWAY_SOCKET": str(bound),
            # Roles and resource policies are in force.
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "TMPDIR": str(self._directory / "tmp"),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # An execution begins 0.15 s after its start: waits a little shorter make work of 2 s take 2 s.
            "SFN_WAIT_SCALE": "0.92",
            "SCHEDULE_SECONDS": str(self._schedule_seconds),
            "LOG_LEVEL": "INFO",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(venvs.ensure("emulator")), "-m", "emulator.additions"],
                env={**inherited, **client_environment(self.endpoint), **settings},
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(bound,),
            )

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
                    json.load(answer)
                return True
            except (urllib.error.URLError, OSError, ValueError):
                time.sleep(0.1)
        return False

    def messages(self, queue: str) -> list[dict]:
        """The messages in a queue, read without receiving them."""
        query = urllib.parse.urlencode({"QueueUrl": queue})
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/sqs/messages?{query}", timeout=30) as answer:
            accounts = json.load(answer)["messages"]
        queues = (queue for regions in accounts.values() for region in regions.values() for queue in region.values())
        return [message for queue in queues for message in queue]

    def keep(self) -> None:
        """Lets the emulator outlive this process."""
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(b"keep\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        if self._process:
            processes.end_group(self._process)
            self._process = None
