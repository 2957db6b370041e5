"""The metrics of a function count every invocation at its run: also by a rule, a queue, a bucket or a topic.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from ministack.services import cloudwatch, lambda_svc


def add() -> None:
    plain = lambda_svc._emit_lambda_logs

    def ran(func: dict, request_id: str, log: str, error: bool, duration_ms: int, **named) -> None:
        plain(func, request_id, log, error, duration_ms, **named)
        name = (func.get("config") or func)["FunctionName"]
        _record(name, "Invocations", 1)
        _record(name, "Errors", int(error))
        _record(name, "Duration", duration_ms, "Milliseconds")

    def told(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        # MiniStack counts only calls of the API, and a throttle twice: as it happens, and with a duration.
        if throttle and not duration_ms:
            _record(function_name, "Throttles", 1)

    lambda_svc._emit_lambda_logs = ran
    lambda_svc._emit_lambda_metrics = told


def _record(function: str, metric: str, value: float, unit: str = "Count") -> None:
    cloudwatch.record_metric("AWS/Lambda", metric, value, unit, {"FunctionName": function})
