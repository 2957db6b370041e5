"""The checks that AWS makes of a deploying role and MiniStack does not; and a record of the calls of a deployment's runs."""

import contextvars
import json
from collections.abc import Callable
from pathlib import Path

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc

# Of a deployment's run: the examples' take-role.sh calls its sessions so.
SESSION = "/run-"
# In the emulator's own directory: a line for each permission that was asked for.
RECORD = Path("permissions.jsonl")
# The field in which a call names the role that it hands on, and the receiver.
PASSING = {
    "lambda:CreateFunction": ("Role", "lambda.amazonaws.com"),
    "lambda:UpdateFunctionConfiguration": ("Role", "lambda.amazonaws.com"),
    "states:CreateStateMachine": ("roleArn", "states.amazonaws.com"),
    "states:UpdateStateMachine": ("roleArn", "states.amazonaws.com"),
    "events:PutTargets": ("RoleArn", "events.amazonaws.com"),
}
# The field in which a call names its resource.
NAMES = ("ResourceArn", "resourceArn", "ResourceARN", "stateMachineAliasArn", "stateMachineVersionArn", "stateMachineArn")
TARGETS = ("events:ListTargetsByRule", "events:PutTargets", "events:RemoveTargets")
# Those for which MiniStack takes another resource.
MISTAKEN = ("states:CreateStateMachineAlias", *TARGETS)

_passed: contextvars.ContextVar[tuple[tuple[str, str], ...]] = contextvars.ContextVar("passed", default=())
# The resource that a call names in a field that MiniStack does not read.
_named: contextvars.ContextVar[str | None] = contextvars.ContextVar("named", default=None)


def add() -> None:
    _functions_by_their_operations()
    _condition_keys()
    _enforced()


def _functions_by_their_operations() -> None:
    """MiniStack takes a mapping's GET for a list, and a function's invoke configuration for the function."""
    iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]
    plain = iam_actions._lambda_action

    def operation(method: str, path: str) -> str | None:
        found = iam_actions._match_rest_action("lambda", method, path)
        return {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"}.get(found, found) or plain(method, path)

    iam_actions._lambda_action = operation


def _condition_keys() -> None:
    """The keys that a deployment's policies compare, and the roles that a call hands on."""
    plain = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, params: dict) -> dict:
        given = _json(body)
        _passed.set(tuple(_roles(action, given)))
        asked_in_a_form = iam_actions._param(body, params, "ResourceArn") if service == "sns" else None
        _named.set(_resource(action, given) or asked_in_a_form or None)
        keys = plain(service, action, body, params)
        if action.startswith("iam:"):
            keys["iam:PermissionsBoundary"] = _boundary(action, body, params)
        if action == "lambda:CreateEventSourceMapping":
            keys["lambda:FunctionArn"] = given.get("FunctionName")
        return keys

    iam_actions.request_tag_context = context


def _resource(action: str, given: dict) -> str | None:
    if action == "states:CreateStateMachineAlias":
        machine = given["routingConfiguration"][0]["stateMachineVersionArn"].rsplit(":", 1)[0]
        return f"{machine}:{given['name']}"
    if action == "lambda:CreateFunction":
        return f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{given.get('FunctionName')}"
    if action in TARGETS:
        bus = given.get("EventBusName") or "default"
        return f"arn:aws:events:{get_region()}:{get_account_id()}:rule/{bus}/{given.get('Rule')}"
    return next((given[name] for name in NAMES if given.get(name)), None)


def _json(body: bytes) -> dict:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _roles(action: str, given: dict) -> list[tuple[str, str]]:
    if action not in PASSING:
        return []
    name, service = PASSING[action]
    places = given.get("Targets", []) if action == "events:PutTargets" else [given]
    return [(place[name], service) for place in places if place.get(name)]


def _boundary(action: str, body: bytes, params: dict) -> str | None:
    """Of the role that is made, or of the one that is changed."""
    if action in ("iam:CreateRole", "iam:PutRolePermissionsBoundary"):
        return iam_actions._param(body, params, "PermissionsBoundary") or None
    role = iam._roles.get(iam_actions._param(body, params, "RoleName")) or {}
    return role.get("PermissionsBoundary") or None


def _enforced() -> None:
    plain = iam_evaluator.enforce

    def enforce(key: str, action: str, service: str, region: str, resource_arn: str = "*", **more) -> object:
        passed, named = _passed.get(), _named.get()
        _passed.set(())
        _named.set(None)
        if named and (resource_arn == "*" or action in MISTAKEN):
            resource_arn = named
        # A rule of the default bus has no bus in its ARN.
        resource_arn = resource_arn.replace(":rule/default/", ":rule/")
        if "event-source-mapping:" in resource_arn:
            mapping = lambda_svc._esms.get(resource_arn.rsplit(":", 1)[1]) or {}
            context = more.get("service_context") or {}
            more["service_context"] = {**context, "lambda:FunctionArn": mapping.get("FunctionArn")}
        denied = _recorded(plain(key, action, service, region, resource_arn=resource_arn, **more), action, resource_arn)
        for role, receiver in () if denied else passed:
            context = {"iam:PassedToService": receiver}
            asked = plain(key, "iam:PassRole", "iam", region, resource_arn=role, service_context=context)
            denied = denied or _recorded(asked, "iam:PassRole", role)
        return denied

    iam_evaluator.enforce = enforce
    _unknown(iam_actions.extract_iam_action)


def _unknown(plain: Callable[..., str | None]) -> None:
    """Allows a call with a permission that MiniStack does not know, and records it as such."""

    def extract(service: str, method: str, path: str, *more: object) -> str | None:
        action = plain(service, method, path, *more)
        if action is None:
            _recorded(None, f"unknown: {service} {method} {path}", "*")
        return action

    iam_actions.extract_iam_action = extract


def _recorded(denied: object, action: str, resource: str) -> object:
    if SESSION in (caller := iam_evaluator.caller_arn()):
        line = {"caller": caller, "action": action, "resource": resource, "allowed": denied is None}
        with RECORD.open("a") as record:
            record.write(json.dumps(line) + "\n")
    return denied
