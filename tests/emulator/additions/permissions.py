"""Three additions without which MiniStack's IAM refuses calls that AWS allows."""

import json
import re

from ministack.core import iam_actions, iam_evaluator

# Verb and table.
STATEMENT = r'(INSERT|UPDATE|DELETE|SELECT)\b.*?"([^"]+)"'


def add() -> None:
    _batches_as_single_calls()
    _requests_as_over_tls()
    _statements_by_themselves()


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


def _statements_by_themselves() -> None:
    """BatchExecuteStatement is no action of IAM: each statement is one of its own, on its table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
    """
    plain = iam_actions.dynamodb_transaction_checks

    def checks(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        if action != "dynamodb:BatchExecuteStatement":
            return plain(action, body, region, account)
        statements = [re.match(STATEMENT, one["Statement"]) for one in json.loads(body)["Statements"]]
        return [
            (f"dynamodb:PartiQL{found[1].title()}", f"arn:aws:dynamodb:{region}:{account}:table/{found[2]}")
            for found in statements
            if found
        ]

    iam_actions.dynamodb_transaction_checks = checks
