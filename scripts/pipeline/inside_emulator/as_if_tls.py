"""Every request counts as made over TLS: our policies deny all others, and on 127.0.0.1 there is none."""

from ministack.core import iam_evaluator


def add() -> None:
    others = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: iam_evaluator.EvalContext) -> object:
        return "true" if key.lower() == "aws:securetransport" else others(key, context)

    iam_evaluator._resolve_condition_key = resolve
