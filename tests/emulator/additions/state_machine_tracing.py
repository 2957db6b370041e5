"""A state machine's tracing: MiniStack forgets it, so each plan changes it once more, and each apply publishes a version."""

import json

from ministack.services import stepfunctions


def add() -> None:
    create, update = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def create_state_machine(request: dict) -> tuple:
        answer = create(request)
        _keep(request, answer, json.loads(answer[2]).get("stateMachineArn", ""))
        return answer

    def update_state_machine(request: dict) -> tuple:
        answer = update(request)
        _keep(request, answer, request.get("stateMachineArn", ""))
        return answer

    stepfunctions._create_state_machine = create_state_machine
    stepfunctions._update_state_machine = update_state_machine


def _keep(request: dict, answer: tuple, arn: str) -> None:
    if answer[0] == 200 and "tracingConfiguration" in request:
        stepfunctions._state_machines[arn]["tracingConfiguration"] = request["tracingConfiguration"]
