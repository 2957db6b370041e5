"""The permission of one AWS service to call another's resource: MiniStack checks only some of the pairs that AWS checks."""

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext
from ministack.core.responses import get_region
from ministack.services import lambda_svc, sqs


def may_send(queue_arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """By the queue's policy."""
    return sqs.queue_policy_allows(queue_arn, service, source_arn, source_account)


def may_invoke(function_arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """By the function's resource policy."""
    function, _, _ = lambda_svc._get_func_record_for_ref(function_arn)
    if not function:
        return False
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": source_account},
    )
    return iam_evaluator.evaluate_resource_policy(function["policy"], context, service=service).decision == "Allow"


def role_may(role_arn: str, action: str, resource_arn: str, **keys: str) -> bool:
    """By the role's own policies; `keys` are the service's values for their conditions, by name after the service's."""
    context = _as_role(role_arn, action, resource_arn)
    service = action.split(":")[0]
    context.service_context = {f"{service}:{name}": value for name, value in keys.items()}
    policies = iam_evaluator._gather_role_policies(role_arn.rsplit("/", 1)[1], context.principal_account)
    return iam_evaluator.evaluate(context, policies).decision == "Allow"


def policy_admits(policy: str | dict | None, role_arn: str, action: str, resource_arn: str) -> bool:
    """By the resource's policy, which must allow the act of another account's role."""
    context = _as_role(role_arn, action, resource_arn)
    return iam_evaluator.evaluate_resource_policy(policy, context).decision == "Allow"


def _as_role(role_arn: str, action: str, resource_arn: str) -> EvalContext:
    return EvalContext(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=role_arn.split(":")[4],
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
    )
