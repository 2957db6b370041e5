"""The states that a run adds to its copy of the example's workflow: work that takes a while, and first attempts that fail.

The example itself has no branch made for the demo. Neither has it a target that is too slow: `lay_target` adds one.
"""

import json
from pathlib import Path

# An MD5 below this fails first: 8 of 256, about 3 %.
_FAILING = [f"{byte:02x}" for byte in range(8)]


def fails_first(etag: str) -> bool:
    return etag[:2] in _FAILING


# The item that says how many the target takes in a second, and the error of an execution that it does not take.
TARGET = "overlay: target"
BUSY = "Target.Busy"


def lay_target(definition: Path, table: str) -> None:
    """Puts states before the first one that ask the target: it takes so many executions a second as its item says."""
    machine = json.loads(definition.read_text())
    jsonata = {"QueryLanguage": "JSONata"}
    busy, work = "Overlay: the target is busy", machine["StartAt"]
    second = "{% 'overlay: ' & $substring($states.context.State.EnteredTime, 0, 19) %}"
    machine["States"].update(
        {
            "Overlay: what does the target take?": {
                **jsonata,
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:getItem",
                "Arguments": {"TableName": table, "Key": {"device_id": {"S": TARGET}}, "ConsistentRead": True},
                "Assign": {"takes": "{% $number($states.result.Item.takes.N) %}"},
                "Output": {},
                "Next": "Overlay: does it take any?",
            },
            "Overlay: does it take any?": {
                **jsonata,
                "Type": "Choice",
                "Choices": [{"Condition": "{% $takes = 0 %}", "Next": busy}],
                "Default": "Overlay: does it take one more?",
            },
            "Overlay: does it take one more?": {
                **jsonata,
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:updateItem",
                "Arguments": {
                    "TableName": table,
                    "Key": {"device_id": {"S": second}},
                    "UpdateExpression": "ADD taken :one",
                    "ConditionExpression": "attribute_not_exists(taken) OR taken < :most",
                    "ExpressionAttributeValues": {":one": {"N": "1"}, ":most": {"N": "{% $string($takes) %}"}},
                },
                "Catch": [{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "Next": busy}],
                "Output": "{% $states.context.Execution.Input %}",
                "Next": work,
            },
            busy: {**jsonata, "Type": "Fail", "Error": BUSY, "Cause": "The target takes no more in this second"},
        }
    )
    machine["StartAt"] = "Overlay: what does the target take?"
    definition.write_text(json.dumps(machine, indent=2, ensure_ascii=False) + "\n")


def lay(definition: Path, seconds: tuple[int, int]) -> None:
    """Puts the states before the first one of the definition in that file. A run then takes one of the `seconds` longer."""
    machine = json.loads(definition.read_text())
    # A state's own language, with any of the machine's.
    jsonata = {"QueryLanguage": "JSONata"}
    input_ = "$states.context.Execution.Input"
    etag = f"{input_}.objects[0].etag"
    failing = f"{input_}.attempt = 1 and $substring({etag}, 0, 2) in {json.dumps(_FAILING)}"
    machine["States"].update(
        {
            "Overlay: work": {
                **jsonata,
                "Type": "Wait",
                "Seconds": f"{{% $substring({etag}, 31, 1) < '8' ? {seconds[0]} : {seconds[1]} %}}",
                "Next": "Overlay: does the first attempt fail?",
            },
            "Overlay: does the first attempt fail?": {
                **jsonata,
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% {failing} %}}", "Next": "Overlay: first attempt fails"}],
                "Default": machine["StartAt"],
            },
            "Overlay: first attempt fails": {
                **jsonata,
                "Type": "Fail",
                "Error": "Overlay.FirstAttempt",
                "Cause": "The overlay lets the first attempt on this object fail",
            },
        }
    )
    machine["StartAt"] = "Overlay: work"
    definition.write_text(json.dumps(machine, indent=2, ensure_ascii=False) + "\n")
