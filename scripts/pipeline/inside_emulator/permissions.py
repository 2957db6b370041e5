"""Two things without which MiniStack's IAM refuses what AWS allows."""

from ministack.core import iam_actions, iam_evaluator


def add() -> None:
    _batches_as_single_calls()
    _requests_as_over_tls()


def _batches_as_single_calls() -> None:
    """In AWS sqs:DeleteMessage allows DeleteMessageBatch, and so on; there are no actions of their own for batches."""
    plain = iam_actions.extract_iam_action

    def extract(service: str, *arguments, **named) -> str | None:
        action = plain(service, *arguments, **named)
        return action.removesuffix("Batch") if service == "sqs" and action else action

    iam_actions.extract_iam_action = extract


def _requests_as_over_tls() -> None:
    """Our policies deny every request without TLS, and on 127.0.0.1 there is none."""
    plain = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: iam_evaluator.EvalContext) -> object:
        return "true" if key.lower() == "aws:securetransport" else plain(key, context)

    iam_evaluator._resolve_condition_key = resolve
