"""Metric math: - and FILL, which is all that the alarms use.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast

Points = list[float | None]


def value(expression: str, series: dict[str, Points]) -> Points:
    """`series`: by the metric's id, all of one length."""
    return _of(ast.parse(expression, mode="eval").body, series)


def _of(node: ast.expr, series: dict[str, Points]) -> Points:
    match node:
        case ast.Name(id=name):
            return series[name]
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            pairs = zip(_of(left, series), _of(right, series), strict=True)
            return [None if one is None or other is None else one - other for one, other in pairs]
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Name(id="REPEAT")]):
            return _repeated(_of(filled, series))
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=constant)]):
            points = _of(filled, series)
            # Nothing is filled where there is nothing at all.
            missing = None if all(point is None for point in points) else float(str(constant))
            return [missing if point is None else point for point in points]
    raise AssertionError(f"no such expression is evaluated here: {ast.unparse(node)}")


def _repeated(points: Points) -> Points:
    """By the latest value before; the first ones have none."""
    latest, filled = None, []
    for point in points:
        latest = latest if point is None else point
        filled.append(latest)
    return filled
