"""Metric math, as far as the alarms use it: arithmetic, comparisons, OR, IF, FILL and EPOCH.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
import re
from collections.abc import Callable, Sequence

Points = list[float | None]

_OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Sub: operator.sub,
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.And: lambda one, other: one != 0 and other != 0,
    ast.Or: lambda one, other: one != 0 or other != 0,
}


def value(expression: str, series: dict[str, Points], times: Sequence[float] = ()) -> Points:
    """`series`: by the metric's id, all of one length. `times`: when each period begins, in seconds."""
    as_python = re.sub(r"\b(AND|OR)\b|\bIF\(", lambda match: match[0].lower() if match[1] else "If(", expression)
    found = _of(ast.parse(as_python, mode="eval").body, series, times)
    assert isinstance(found, list), f"no time series: {expression}"
    return found


def _of(node: ast.expr, series: dict[str, Points], times: Sequence[float]) -> Points | float:
    def of(inner: ast.expr) -> Points | float:
        return _of(inner, series, times)

    match node:
        case ast.Name(id=name):
            return series[name]
        case ast.Constant(value=int() | float() as constant):
            return float(constant)
        case ast.BinOp(left=left, op=sign, right=right) | ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _each(_OPERATORS[type(sign)], of(left), of(right))
        case ast.BoolOp(op=sign, values=[left, right]):
            return _each(_OPERATORS[type(sign)], of(left), of(right))
        case ast.Call(func=ast.Name(id="EPOCH"), args=[ast.Name()]):
            # Of every period, whether the metric has a value or not.
            return list(times)
        case ast.Call(func=ast.Name(id="If"), args=[condition, yes, no]):
            return _if(of(condition), of(yes), of(no))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Name(id="REPEAT")]):
            return _repeated(of(filled))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=constant)]):
            points = of(filled)
            # Nothing is filled if there is nothing at all.
            missing = None if all(point is None for point in points) else float(str(constant))
            return [missing if point is None else point for point in points]
    raise AssertionError(f"no such expression is evaluated here: {ast.unparse(node)}")


def _each(sign: Callable[[float, float], float], left: Points | float, right: Points | float) -> Points:
    """Of two series a missing value counts as 0 if the other one has one. Of a series and a number it stays missing."""
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=True)
        return [None if one is None and other is None else float(sign(one or 0.0, other or 0.0)) for one, other in pairs]
    if isinstance(left, list):
        return [None if one is None else float(sign(one, right)) for one in left]
    return [None if other is None else float(sign(left, other)) for other in right]


def _if(condition: Points, yes: Points | float, no: Points | float) -> Points:
    """Dropped if there is no condition, or it is false without a value; 0 if it is true without one."""

    def at(place: int, chosen: Points | float) -> float | None:
        return chosen[place] if isinstance(chosen, list) else chosen

    points: Points = []
    for place, holds in enumerate(condition):
        match holds:
            case None:
                points.append(None)
            case 0:
                points.append(at(place, no))
            case _:
                points.append(at(place, yes) or 0.0)
    return points


def _repeated(points: Points) -> Points:
    """By the latest value before; the first ones have none."""
    latest, filled = None, []
    for point in points:
        latest = latest if point is None else point
        filled.append(latest)
    return filled
