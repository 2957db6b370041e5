"""The checks of a deploying role: roles that are handed on, boundaries, mappings."""

import json

import botocore.exceptions
import pytest

from emulator import Emulator
from emulator.aws import Aws
from emulator.resources import NUMBERS

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
MACHINE = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


def deployer(aws: Aws, emulator: Emulator, *statements: dict) -> Aws:
    """A user who is allowed this and no more."""
    name = f"deployer-{next(NUMBERS)}"
    aws.iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]}
    aws.iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=json.dumps(policy))
    key = aws.iam.create_access_key(UserName=name)["AccessKey"]
    return Aws(emulator.endpoint, key["AccessKeyId"], key["SecretAccessKey"])


def denied(action: str) -> object:
    return pytest.raises(botocore.exceptions.ClientError, match=rf"(?s)AccessDenied.*({action})")


def test_a_role_is_handed_only_to_the_service_that_the_policy_names(aws: Aws, emulator: Emulator) -> None:
    role = aws.iam.create_role(RoleName=f"role-{next(NUMBERS)}", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    passing = {"Action": "iam:PassRole", "Condition": {"StringLike": {"iam:PassedToService": "states.amazonaws.com*"}}}
    made = {"definition": MACHINE, "roleArn": role}
    with denied("states:CreateStateMachine|events:PutTargets"):
        deployer(aws, emulator, {"Action": "states:*"}).stepfunctions.create_state_machine(name=f"m-{next(NUMBERS)}", **made)
    allowed = deployer(aws, emulator, {"Action": ["states:*", "events:*"]}, passing)
    assert allowed.stepfunctions.create_state_machine(name=f"m-{next(NUMBERS)}", **made)["stateMachineArn"]
    rule = f"r-{next(NUMBERS)}"
    allowed.events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["none"]}))
    with denied("states:CreateStateMachine|events:PutTargets"):
        allowed.events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": role.replace(":role/", ":queue/"), "RoleArn": role}])


def test_a_role_is_made_and_changed_only_with_its_boundary(aws: Aws, emulator: Emulator) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    boundary = aws.iam.create_policy(PolicyName=f"b-{next(NUMBERS)}", PolicyDocument=document)["Policy"]["Arn"]
    bound = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}}
    iam = deployer(aws, emulator, {"Action": ["iam:CreateRole", "iam:PutRolePolicy"], **bound}).iam
    within, without = f"within-{next(NUMBERS)}", f"without-{next(NUMBERS)}"
    with denied("iam:CreateRole"):
        iam.create_role(RoleName=without, AssumeRolePolicyDocument=TRUST)
    iam.create_role(RoleName=within, AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName=within, PolicyName="p", PolicyDocument=document)
    aws.iam.create_role(RoleName=without, AssumeRolePolicyDocument=TRUST)
    with denied("iam:PutRolePolicy"):
        iam.put_role_policy(RoleName=without, PolicyName="p", PolicyDocument=document)


def test_calls_of_lambda_are_asked_for_as_what_they_are(aws: Aws, emulator: Emulator) -> None:
    lambda_ = deployer(aws, emulator, {"Action": "lambda:GetFunction"}).lambda_
    with denied("lambda:GetEventSourceMapping"):
        lambda_.get_event_source_mapping(UUID="00000000-0000-0000-0000-000000000000")
    with denied("lambda:GetFunctionEventInvokeConfig"):
        lambda_.get_function_event_invoke_config(FunctionName="none")
