"""Drills of the functions: errors, throttles, memory, runs that fail."""

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import botocore.session
import command_lines
import minutes as minutes_of
import pytest
from botocore.config import Config
from demo import reports
from emulator import REGION
from emulator.aws import EMULATORS_OWN
from minutes import AT_ONCE, Minutes, does, tick_by_hand
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

# MB: less than any process takes, and than Lambda gives (128).
TOO_LITTLE = 4


@contextlib.contextmanager
def reserved(running: Running, function: str, concurrency: int) -> Iterator[None]:
    """The function can run so many times at once."""
    running.aws.lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=concurrency)
    try:
        yield
    finally:
        running.aws.lambda_.delete_function_concurrency(FunctionName=function)


@contextlib.contextmanager
def memory(running: Running, function: str, size: int) -> Iterator[None]:
    """A function's memory in MB, also such as AWS refuses."""
    lambda_ = botocore.session.Session().create_client(
        "lambda",
        region_name=REGION,
        endpoint_url=running.emulator.endpoint,
        aws_access_key_id=EMULATORS_OWN,
        aws_secret_access_key=EMULATORS_OWN,
        config=Config(parameter_validation=False, proxies={}),
    )
    before = lambda_.get_function_configuration(FunctionName=function)["MemorySize"]
    lambda_.update_function_configuration(FunctionName=function, MemorySize=size)
    try:
        yield
    finally:
        lambda_.update_function_configuration(FunctionName=function, MemorySize=before)


@pytest.mark.parametrize("handler", ["dispatch", "settle"])
def test_a_function_that_nears_its_memory_is_told_of(quiet: Running, minutes: Minutes, handler: str) -> None:
    quiet.begin(reports.generate(1, seed=51, group=f"memory-{handler}-", fails_first=0, unknown_device=0, again=0))
    began = time.time()
    with memory(quiet, quiet.outputs[f"{handler}_function_name"], TOO_LITTLE):
        quiet.work_off()
        minutes.until("function-limit", 1)
    assert quiet.metric("MemoryNearLimit", began)["Sum"] > 0
    minutes.until_quiet(AT_ONCE)


def test_ticks_that_lambda_throttles_are_told_of(quiet: Running, minutes: Minutes) -> None:
    with reserved(quiet, quiet.names.dispatch, 0):
        heard = []
        for _ in range(2):
            with pytest.raises(quiet.aws.lambda_.exceptions.TooManyRequestsException):
                quiet.invoke()
            heard.append(minutes.without_a_tick())
        assert heard[-1] == {"throttles_dispatch"}, heard
        assert "reserved concurrency of 0" in does(quiet, "no-tick", "spillway -p NAME status")
    tick_by_hand(quiet, "no-tick")
    minutes.until_quiet()


def test_a_reconcile_that_fails_is_told_of_and_goes_on_once_it_may(quiet: Running, minutes: Minutes) -> None:
    """Step Functions invokes again, for as long as an error can pass."""
    reconcile = quiet.outputs["reconcile"]["function_name"]

    def without_scans(statements: list[dict]) -> list[dict]:
        return [statement for statement in statements if "dynamodb:Scan" not in statement["Action"]]

    heard = []
    with ThreadPoolExecutor(1) as pool:
        with quiet.allowed(reconcile, without_scans):
            run = pool.submit(command_lines.run, "spillway -p NAME reconcile", quiet)
            for _ in range(2):
                wait(lambda: minutes.counts("reconcile", "Errors"), "reconcile does not fail")
                heard.append(minutes.tick())
            assert heard[-1] == {"errors_reconcile"}, heard
        ended = run.result()
    assert ended.returncode == 0, ended
    minutes.until_quiet()


def test_a_run_of_reconcile_that_fails_is_told_of(quiet: Running, tmp_path: Path) -> None:
    """It was told to list a bucket without the permission for it. The one page for all alarms tells of it too."""
    machine = quiet.outputs["reconcile"]["state_machine_arn"]
    minutes = minutes_of.of(quiet, tmp_path, reconcile={"state_machine_arn": machine}, unhealthy=True)
    assert minutes.tick() == set()
    states, listing = quiet.aws.stepfunctions, json.dumps({"list": [{"bucket": quiet.bucket}]})
    run = states.start_execution(stateMachineArn=machine, input=listing)["executionArn"]
    wait(lambda: states.describe_execution(executionArn=run)["status"] == "FAILED", "the run does not fail")
    assert minutes.tick() == {"reconcile-failed", "unhealthy"}
    cause = states.describe_execution(executionArn=run)["cause"]
    assert quiet.bucket in cause, cause
    does(quiet, "unhealthy", "spillway -p NAME status")
    does(quiet, "reconcile-failed", "spillway -p NAME reconcile")
    assert states.list_executions(stateMachineArn=machine)["executions"][0]["status"] == "SUCCEEDED"
    # A period has five minutes.
    minutes.until_quiet()
