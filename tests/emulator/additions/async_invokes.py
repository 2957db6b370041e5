"""Lambda's asynchronous invocations, as far as MiniStack differs: a throttled one waits, and a destination needs permission."""

import threading

from ministack.services import lambda_svc

from emulator.additions import service_calls

# As many processes of one function as a machine of two cores bears; in AWS it would be the account's concurrency.
AT_ONCE = 4


def add() -> None:
    places: dict[str, threading.Semaphore] = {}
    plain_invoke, plain_execute = lambda_svc.invoke_async_with_retry, lambda_svc._execute_function
    asynchronous = threading.local()

    def invoke(function: dict, event: dict) -> None:
        arn = (function.get("config") or function)["FunctionArn"]
        # The mark goes along with the function's record, which reaches the thread that runs it.
        plain_invoke({**function, "spillway_place": places.setdefault(arn, threading.Semaphore(AT_ONCE))}, event)

    def execute(function: dict, event: dict) -> dict:
        place = function.get("spillway_place")
        if place is None or getattr(asynchronous, "held", False):
            return plain_execute(function, event)
        with place:
            asynchronous.held = True
            try:
                return plain_execute(function, event)
            finally:
                asynchronous.held = False

    lambda_svc.invoke_async_with_retry = invoke
    lambda_svc._execute_function = execute
    _destinations_by_role()


def _destinations_by_role() -> None:
    plain = lambda_svc._route_async_failure

    def route(target_arn: str, name: str, event: dict, result: dict) -> None:
        role = lambda_svc._functions[name]["config"]["Role"]
        if ":sqs:" in target_arn and not service_calls.role_may(role, "sqs:SendMessage", target_arn):
            lambda_svc.logger.error("Lambda %s may not send to its destination %s", name, target_arn)
            return
        plain(target_arn, name, event, result)

    lambda_svc._route_async_failure = route
