"""The tests' questions that AWS's API does not answer: below /tests, by POST of JSON."""

import json
from collections.abc import Callable, Iterable

from moto.core.utils import utcnow
from moto.sqs.models import sqs_backends
from moto.stepfunctions.models import stepfunctions_backends

from inside_moto.calls import Calls
from inside_moto.groups import ACCOUNT, REGION


class Looks:
    """The application in front of `Calls`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._known = {
            "/tests/health": self._health,
            "/tests/end": self._end,
            "/tests/queue": self._queue,
            "/tests/told": self._told,
        }

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        look = self._known.get(environ["PATH_INFO"])
        if look is None:
            return self._calls(environ, start_response)
        request = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        with self._calls.lock:
            body = json.dumps(look(**request)).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _health(self) -> dict:
        return {}

    def _end(self, arn: str, status: str, output: str | None, error: str | None, cause: str | None) -> dict:
        """Ends an execution as its workflow does: moto can only stop one."""
        execution = stepfunctions_backends[ACCOUNT][REGION].describe_execution(arn)
        if execution.status == "RUNNING":
            execution.status, execution.stop_date = status, utcnow()
            execution.output, execution.error, execution.cause = output, error, cause
        return {}

    def _queue(self, name: str) -> list[dict]:
        """All messages of a queue, hidden ones included, without receiving them."""
        queue = sqs_backends[ACCOUNT][REGION].queues[name]
        return [{"body": message.body, "attributes": _texts(message.message_attributes)} for message in queue._messages]

    def _told(self) -> dict:
        """The refused calls, the lost answers, and which starts of one name had several inputs."""
        differing = [name for name, inputs in self._calls.inputs.items() if len(inputs) > 1]
        return {"refused": self._calls.refused, "lost": self._calls.lost, "differing": differing}


def _texts(attributes: dict) -> dict[str, str]:
    return {name: attribute["StringValue"] for name, attribute in attributes.items()}
