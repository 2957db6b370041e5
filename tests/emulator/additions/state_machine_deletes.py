"""DeleteStateMachine of one that is gone: MiniStack refuses, but AWS names no such error and answers as before.

A delete with a lost answer is sent again, and a destroy fails because the state machine is gone.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
"""

from ministack.services import stepfunctions


def add() -> None:
    plain = stepfunctions._delete_state_machine

    def delete_state_machine(request: dict) -> tuple:
        if request.get("stateMachineArn", "") not in stepfunctions._state_machines:
            return stepfunctions.json_response({})
        return plain(request)

    stepfunctions._delete_state_machine = delete_state_machine
