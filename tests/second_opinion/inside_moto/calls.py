"""Calls of AWS's API as they come to moto: one at a time, some refused, some without their answer."""

import collections
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import run_wsgi_app

from inside_moto.groups import AtOneMoment
from inside_moto.keys import LOSES

SERVICES = {"": "s3", "AmazonSQS": "sqs", "AWSStepFunctions": "stepfunctions", "DynamoDB_20120810": "dynamodb"}
# Of each action, the answer to the call of this number and to every so many-th after it is lost.
LOST_FIRST, LOST_EVERY = 2, 20
# Nothing is hidden for longer: a test does not wait for a minute.
HIDDEN_SECONDS = 2
POLL_SECONDS = 0.1

Answer = tuple[str, Any, bytes]


class Calls:
    """The application in front of moto's four."""

    def __init__(self) -> None:
        # AWS carries out calls to one item, one queue, one name in some order; moto's threads mix them.
        self.lock = threading.Lock()
        self.refused: collections.Counter[str] = collections.Counter()
        self.lost: collections.Counter[str] = collections.Counter()
        # Starts, by name: the inputs they were given.
        self.inputs: dict[str, set[str]] = collections.defaultdict(set)
        # By the first part of a call's target; S3's have none. moto's own way to find it reads directories at every call.
        self._moto = {target: create_backend_app(service) for target, service in SERVICES.items()}
        self._from_who_loses: collections.Counter[str] = collections.Counter()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        # S3's calls have no target.
        action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        lost = self._is_lost(action or environ["REQUEST_METHOD"], environ)
        if action == "BatchExecuteStatement":
            self.refused[action] += 1
            answer = _refusal()
        elif action:
            answer = self._carry_out(action, environ, lost)
        else:
            with self.lock:
                answer = self._of_moto(environ)
        if lost:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        status, headers, body = answer
        start_response(status, list(headers))
        return [body]

    def _carry_out(self, action: str, environ: dict, lost: bool) -> Answer:
        request = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        if action == "ReceiveMessage":
            return self._receive({**request, "VisibilityTimeout": HIDDEN_SECONDS} if lost else request, environ)
        if action == "ChangeMessageVisibilityBatch":
            for entry in request["Entries"]:
                entry["VisibilityTimeout"] = min(entry["VisibilityTimeout"], HIDDEN_SECONDS)
        with self.lock:
            if action == "StartExecution":
                self.inputs[request["name"]].add(request["input"])
            return self._of_moto(_with(environ, request))

    def _receive(self, request: dict, environ: dict) -> Answer:
        """Polls, so that others are carried out while it waits."""
        until = time.monotonic() + request.get("WaitTimeSeconds", 0)
        request = {**request, "WaitTimeSeconds": 0}
        while True:
            with self.lock, AtOneMoment(request["QueueUrl"]):
                answer = self._of_moto(_with(dict(environ), request))
            if b'"Messages"' in answer[2] or not answer[0].startswith("200") or time.monotonic() >= until:
                return answer
            time.sleep(POLL_SECONDS)

    def _of_moto(self, environ: dict) -> Answer:
        service = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0]
        parts, status, headers = run_wsgi_app(self._moto[service], environ, buffered=True)
        return status, headers, b"".join(parts)

    def _is_lost(self, action: str, environ: dict) -> bool:
        if f"Credential={LOSES}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            return False
        with self.lock:
            self._from_who_loses[action] += 1
            lost = self._from_who_loses[action] % LOST_EVERY == LOST_FIRST
            self.lost[action] += lost
        return lost


def _with(environ: dict, request: dict) -> dict:
    body = json.dumps(request).encode()
    environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    return environ


def _refusal() -> Answer:
    error = "com.amazon.coral.service#UnknownOperationException"
    body = json.dumps({"__type": error, "message": "not with moto: see docs/evidence/second-opinion.md"}).encode()
    return "400 BAD REQUEST", [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(body)))], body
