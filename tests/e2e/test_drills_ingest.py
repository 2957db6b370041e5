"""Drills of ingest, which S3 invokes directly: errors and throttles."""

import judge_orders
import minutes
import pytest
from demo import watch
from minutes import Minutes
from one_pipeline import Pipeline, wait
from operating import spillway

pytestmark = pytest.mark.xdist_group("cells")


@pytest.fixture
def pipeline(pipelines: dict[str, Pipeline]) -> Pipeline:
    cell = pipelines["none"]
    (lane,) = cell.outputs["lanes"].values()
    for queue in (lane["dead_letter_queue_url"], cell.outputs["ingest_failure_queue_url"]):
        cell.aws.sqs.purge_queue(QueueUrl=queue)
    return cell


@pytest.fixture
def passing(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Minutes:
    return minutes.of(pipeline, tmp_path_factory.mktemp("alarms"))


def test_an_ingest_that_fails_is_told_of_and_redriven(pipeline: Pipeline, passing: Minutes) -> None:
    failures = pipeline.outputs["ingest_failure_queue_url"]
    only = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": pipeline.arn(failures)}]
    heard, uploads = [], []
    with pipeline.allowed(pipeline.outputs["ingest_function_name"], lambda _: only):
        for number in range(2):
            uploads.append(pipeline.put(f"lambda/drill/{number}.json"))
            wait(lambda: passing.counts("ingest", "Errors"), "ingest does not fail")
            heard.append(passing.tick())
        assert heard[-1] - {"dead-letters"} == {"errors_ingest"}, heard
        # Lambda has given up on both.
        wait(lambda: watch.depth(pipeline.aws, failures) == len(uploads), "the failures are not kept")
    redriven = spillway(pipeline.emulator, "-p", pipeline.name, "redrive", "--stage", "ingest")
    assert redriven.returncode == 0, redriven
    pipeline.work_off()
    passing.until_quiet()
    assert judge_orders.exactly_once(uploads, pipeline.runs("lambda/drill/")) == []


def test_an_ingest_that_lambda_throttles_is_told_of_and_costs_no_event(pipeline: Pipeline, passing: Minutes) -> None:
    ingest = pipeline.outputs["ingest_function_name"]
    heard, uploads = [], []
    pipeline.aws.lambda_.put_function_concurrency(FunctionName=ingest, ReservedConcurrentExecutions=0)
    try:
        for number in range(2):
            uploads.append(pipeline.put(f"lambda/throttled/{number}.json"))
            wait(lambda: passing.counts("ingest", "Throttles"), "ingest is not throttled")
            heard.append(passing.tick())
    finally:
        pipeline.aws.lambda_.delete_function_concurrency(FunctionName=ingest)
    assert heard[-1] - {"dead-letters"} == {"throttles_ingest"}, heard
    wait(lambda: pipeline.waiting() + watch.depth(pipeline.aws, pipeline.outputs["ingest_failure_queue_url"]) >= 2, pipeline.left)
    redriven = spillway(pipeline.emulator, "-p", pipeline.name, "redrive", "--stage", "ingest")
    assert redriven.returncode == 0, redriven
    pipeline.work_off()
    passing.until_quiet()
    assert judge_orders.exactly_once(uploads, pipeline.runs("lambda/throttled/")) == []
