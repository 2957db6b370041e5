"""The roles are in force: without its policy, a handler can do nothing."""

import contextlib
import json
import time
from collections.abc import Iterator

from pipeline import reports
from running import Running

OBJECTS = 40


def test_dispatch_starts_nothing_without_its_roles_policy(quiet: Running) -> None:
    burst = reports.generate(3, seed=8, group="role-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    role = quiet.aws.lambda_.get_function_configuration(FunctionName=quiet.names.dispatch)["Role"].rsplit("/", 1)[1]
    (name,) = quiet.aws.iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = quiet.aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    quiet.aws.iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        quiet.tick()
        assert quiet.executions("role-") == []
    finally:
        quiet.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    with quiet.ticking():
        quiet.until(lambda sample: sample.quiet, 60)
    assert quiet.judge(burst, "role-").faults == []


@contextlib.contextmanager
def without(running: Running, function: str, action: str) -> Iterator[None]:
    """The function's role may not do that for a while, and all else that it may."""
    role = running.aws.lambda_.get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
    (name,) = running.aws.iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = running.aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    rest = [statement for statement in document["Statement"] if action not in statement["Action"]]
    assert len(rest) == len(document["Statement"]) - 1
    running.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**document, "Statement": rest}))
    try:
        yield
    finally:
        running.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def test_start_execution_that_is_refused_in_the_midst_loses_nothing_and_is_told(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=11, group="refused-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.controlled(starts_per_tick=OBJECTS // 4):
        quiet.tick()
        started = len(quiet.executions("refused-"))
        assert 0 < started <= OBJECTS // 4
    with without(quiet, quiet.names.dispatch, "states:StartExecution"):
        began = time.monotonic()
        answers = [quiet.aws.lambda_.invoke(FunctionName=quiet.names.dispatch, Payload=b"{}") for _ in range(3)]
        said = [answer["Payload"].read().decode() for answer in answers]
        # Every tick fails at once, with what it may not do, and where.
        assert time.monotonic() - began < 90
        assert all("FunctionError" in answer for answer in answers), said
        assert all("states:StartExecution" in text and "AccessDenied" in text for text in said), said
        assert len(quiet.executions("refused-")) == started
        # Only what has a slot was taken out of the queue, and of the rest nothing has used up receives.
        assert len(quiet.waiting_messages()) >= OBJECTS - started - quiet.stack.settings.max_concurrency
        assert max(message["ReceiveCount"] for message in quiet.waiting_messages()) <= 1
    assert quiet.take_dead() == []
    with quiet.ticking():
        quiet.until(lambda sample: sample.quiet, 90)
    verdict = quiet.judge(burst, "refused-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.executions) == (0, 0, OBJECTS)
