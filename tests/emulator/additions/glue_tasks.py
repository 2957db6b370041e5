"""Step Functions' glue:startJobRun, with and without `.sync`, which MiniStack lacks; by the state machine's role."""

import json
import time

from ministack.services import glue, stepfunctions

from emulator.additions import s3_get_object, service_calls

RESOURCE = "arn:aws:states:::glue:startJobRun"
# The calls of `.sync`, besides the start.
FOLLOWS = ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns")


def add() -> None:
    stepfunctions._SERVICE_DISPATCH[RESOURCE] = _start


def _start(resource: str, arguments: dict) -> dict:
    waits = resource.endswith(".sync")
    name = arguments["JobName"]
    for action in ("glue:StartJobRun", *(FOLLOWS if waits else ())):
        _check(action, name)
    status, _, body = glue._start_job_run(arguments)
    answer = json.loads(body)
    if status != 200:
        raise stepfunctions._ExecutionError(f"Glue.{answer['__type']}", answer["message"])
    return _end_of(name, answer["JobRunId"]) if waits else answer


def _end_of(name: str, id_: str) -> dict:
    while True:
        (run,) = [run for run in glue._job_runs[name] if run["Id"] == id_]
        if run["JobRunState"] == "SUCCEEDED":
            return dict(run)
        if run["JobRunState"] in ("FAILED", "TIMEOUT", "STOPPED"):
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(run))
        time.sleep(0.1)


def _check(action: str, name: str) -> None:
    role = s3_get_object.role()
    arn = f"arn:aws:glue:{glue.get_region()}:{role.split(':')[4]}:job/{name}"
    if not service_calls.role_may(role, action, arn):
        raise stepfunctions._ExecutionError("Glue.AccessDeniedException", f"{role} is not authorized to perform {action} on {arn}")
