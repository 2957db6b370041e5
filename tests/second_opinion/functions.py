"""A handler's own binary, and Lambda's Runtime API for it: one invocation at a time.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.server
import itertools
import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from program import processes

NEXT = "/2018-06-01/runtime/invocation/next"
KEPT = ("PATH", "HOME", "TMPDIR")


class Function:
    """Ended by `stop`; and a process that finds its Runtime API gone ends by itself."""

    def __init__(self, binary: Path, environment: dict[str, str], log: Path, timeout_seconds: float) -> None:
        self.name, self._log = binary.name, log
        self._timeout_seconds = timeout_seconds
        self._handed_out: queue.Queue[tuple[str, dict[str, str], bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bool, bytes]] = queue.Queue()
        self._ids = (f"8476a536-e9f4-11e8-9739-{number:012x}" for number in itertools.count(1))
        self._one_at_a_time = threading.Lock()
        self._api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _serving(self._handed_out, self._answers))
        threading.Thread(target=self._api.serve_forever, args=(0.05,), daemon=True).start()
        lambda_ = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        }
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [str(binary)],
                env={**lambda_, **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def invoke(self, event: dict) -> tuple[bool, Any]:
        """Whether it went well, and its answer."""
        with self._one_at_a_time:
            id_, deadline = next(self._ids), time.time() + self._timeout_seconds
            headers = {
                "Lambda-Runtime-Aws-Request-Id": id_,
                "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1_000)),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:123456789012:function:{self.name}",
            }
            self._handed_out.put((id_, headers, json.dumps(event).encode()))
            try:
                of, good, body = self._answers.get(timeout=self._timeout_seconds)
            except queue.Empty:
                ended = self._process.poll()
                said = f"it ended with status {ended}" if ended is not None else f"no answer within {self._timeout_seconds} s"
                raise AssertionError(f"{self.name}: {said}; see {self._log}") from None
            assert of == id_, f"{self.name} answered {of}, and was asked {id_}"
            return good, json.loads(body)

    def stop(self) -> None:
        processes.end_group(self._process)
        self._api.shutdown()
        self._api.server_close()


def _serving(handed_out: queue.Queue, answers: queue.Queue) -> type[http.server.BaseHTTPRequestHandler]:
    class Serving(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == NEXT, self.path
            _, headers, body = handed_out.get()
            self._answer(200, headers, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            id_, what = self.path.split("/")[-2:]
            # A program that cannot start says so to .../init/error.
            answers.put((id_, what == "response", body))
            self._answer(202, {}, b"{}")

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not a line for each call."""

    return Serving
