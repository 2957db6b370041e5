"""EventBridge's buses of other accounts: MiniStack does not know them as targets, nor a bus's policy as AWS writes it."""

import json
import re

from ministack.core.responses import get_account_id, json_response, request_scope
from ministack.services import eventbridge

from emulator.additions import service_calls

ACTION = "events:PutEvents"


def add() -> None:
    _policies()
    _targets()


def _policies() -> None:
    plain = eventbridge._put_permission

    def put_permission(request: dict) -> tuple:
        bus = request.get("EventBusName", "default")
        if request.get("Policy"):
            eventbridge._event_bus_policies[bus] = json.loads(request["Policy"])
            return json_response({})
        answer = plain(request)
        for statement in eventbridge._event_bus_policies[bus]["Statement"]:
            if re.fullmatch(r"\d{12}", str(statement["Principal"])):
                statement["Principal"] = {"AWS": f"arn:aws:iam::{statement['Principal']}:root"}
        return answer

    eventbridge._put_permission = put_permission


def _targets() -> None:
    plain = eventbridge._invoke_target

    def invoke(target: dict, event: dict, rule: dict, view: object = None) -> None:
        arn = target["Arn"]
        account, region = arn.split(":")[4], arn.split(":")[3]
        if ":event-bus/" not in arn or account == get_account_id():
            plain(target, event, rule, view)
        elif not service_calls.role_may(target["RoleArn"], ACTION, arn) or not service_calls.policy_admits(
            _policy(arn, account, region), target["RoleArn"], ACTION, arn
        ):
            eventbridge.logger.error("EventBridge: %s may not send to %s", rule["Arn"], arn)
        else:
            with request_scope(account, region):
                plain(target, event, rule, view)

    eventbridge._invoke_target = invoke


def _policy(bus: str, account: str, region: str) -> dict | None:
    return eventbridge._event_bus_policies.get_scoped(account, region, bus.split("/", 1)[1])
