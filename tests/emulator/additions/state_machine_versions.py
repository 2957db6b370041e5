"""Versions and aliases of state machines: MiniStack takes them, and then runs and shows the newest definition."""

import contextvars
import json
import random

from ministack.services import stepfunctions

_chosen: contextvars.ContextVar[dict | None] = contextvars.ContextVar("chosen", default=None)
_draw = random.Random(0)


def add() -> None:
    _start()
    _run()
    _show()


def _start() -> None:
    plain, emit = stepfunctions._start_execution, stepfunctions._emit_execution_status_event

    def start_execution(request: dict) -> tuple:
        given = request.get("stateMachineArn", "")
        alias = stepfunctions._state_machine_aliases.get(given)
        version = stepfunctions._state_machine_versions.get(_by_weight(alias) if alias else given)
        token = _chosen.set({"version": version, "alias": alias["stateMachineAliasArn"] if alias else None} if version else None)
        try:
            return plain(request)
        finally:
            _chosen.reset(token)

    def emit_status_event(execution: dict) -> None:
        # The first event of an execution is sent while it is started.
        if (chosen := _chosen.get()) and "stateMachineVersionArn" not in execution:
            execution["stateMachineVersionArn"] = chosen["version"]["stateMachineVersionArn"]
            if chosen["alias"]:
                execution["stateMachineAliasArn"] = chosen["alias"]
        emit(execution)

    stepfunctions._start_execution = start_execution
    stepfunctions._emit_execution_status_event = emit_status_event


def _by_weight(alias: dict) -> str:
    routes = alias["routingConfiguration"]
    return _draw.choices([route["stateMachineVersionArn"] for route in routes], [route["weight"] for route in routes])[0]


def _run() -> None:
    """The thread of an execution sees its version's definition under the machine's ARN."""
    machines = stepfunctions._state_machines
    plain = type(machines)

    class Machines(plain):
        __slots__ = ()

        def get(self, arn: str, default: object = None) -> object:
            found, chosen = plain.get(self, arn, default), _chosen.get()
            if not found or not chosen or chosen["version"]["stateMachineArn"] != arn:
                return found
            return {**found, "definition": chosen["version"]["definition"], "roleArn": chosen["version"]["roleArn"]}

    machines.__class__ = Machines


def _show() -> None:
    describe, list_ = stepfunctions._describe_execution, stepfunctions._list_executions

    def describe_execution(request: dict) -> tuple:
        status, headers, body = describe(request)
        return status, headers, _with(body, stepfunctions._executions.get(request.get("executionArn")))

    def list_executions(request: dict) -> tuple:
        given = request.get("stateMachineArn", "")
        if given not in stepfunctions._state_machine_aliases and given not in stepfunctions._state_machine_versions:
            return list_(request)
        machine = given.rsplit(":", 1)[0]
        status, headers, body = list_({**request, "stateMachineArn": machine, "maxResults": 100_000})
        shown = json.loads(body)
        arns = [(item, stepfunctions._executions.get(item["executionArn"])) for item in shown["executions"]]
        names = ("stateMachineAliasArn", "stateMachineVersionArn")
        shown["executions"] = [item for item, execution in arns if given in [execution.get(name) for name in names]]
        return status, headers, json.dumps(shown).encode()

    stepfunctions._describe_execution = describe_execution
    stepfunctions._list_executions = list_executions


def _with(body: bytes, execution: dict | None) -> bytes:
    names = [name for name in ("stateMachineAliasArn", "stateMachineVersionArn") if execution and name in execution]
    return json.dumps({**json.loads(body), **{name: execution[name] for name in names}}).encode() if names else body
