"""The roles are in force: without its policy, a handler can do nothing."""

import json

from pipeline import reports
from running import Running


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
