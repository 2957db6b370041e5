"""Glue jobs behind the spillway: the job's own script runs, as processes of its role."""

import collections
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from demo import executions
from one_pipeline import Pipeline
from sites import Site

pytestmark = pytest.mark.xdist_group("examples")

# As in roots.py and in the example.
RUNS, MOST = 3, 100
REPORTS, BROKEN = 1000, 3


def upload(pipeline: Pipeline) -> list[str]:
    def put(number: int) -> str:
        key = f"status/device-{number:04}.json"
        report = {"device_id": f"device-{number:04}", "status": "online", "time": "2026-11-22T20:49:19Z"}
        # The broken ones are spread: each shares its batch with good ones.
        broken = number % (REPORTS // BROKEN) == 7
        pipeline.put(key, b"{" if broken else json.dumps(report).encode())
        return f"broken {key}" if broken else key

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(put, range(REPORTS)))


def rows(pipeline: Pipeline, bucket: str) -> list[dict]:
    files = pipeline.aws.s3.list_objects_v2(Bucket=bucket, Prefix="reports/").get("Contents", [])
    bodies = [pipeline.aws.s3.get_object(Bucket=bucket, Key=file["Key"])["Body"].read() for file in files]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).decode().splitlines()]


def failures_of_states(pipeline: Pipeline) -> list[dict]:
    """The errors of all states of all executions, even if it was tried again and went well."""
    states = pipeline.aws.stepfunctions
    arns = [run["executionArn"] for run in executions.summaries(states, pipeline.outputs["state_machine_arn"])]
    events = [event for arn in arns for event in states.get_execution_history(executionArn=arn, maxResults=1000)["events"]]
    return [event["taskFailedEventDetails"] for event in events if event["type"] == "TaskFailed"]


def test_a_burst_is_worked_off_in_batches_and_never_by_more_runs_than_the_job_allows(glue_job: Pipeline, site: Site) -> None:
    outputs = site.roots["glue-job"].outputs
    uploads = upload(glue_job)
    broken = {key.removeprefix("broken ") for key in uploads if key.startswith("broken ")}
    good = set(uploads) - {f"broken {key}" for key in broken}
    assert len(broken) == BROKEN
    glue_job.until_waiting(REPORTS)
    # As many runs as the job allows, while none is settled.
    assert glue_job.fill(RUNS) == RUNS
    glue_job.work_off()

    runs = glue_job.runs("status/")
    assert {run.status for run in runs} == {"SUCCEEDED"}
    first = [run for run in runs if run.attempt == 1]
    assert sorted(item["key"] for run in first for item in run.objects) == sorted(good | broken)
    # Full while enough waits: all but one, if a call to a busy emulator got no answer in time.
    assert collections.Counter(len(run.objects) for run in first)[MOST] >= REPORTS // MOST - 1
    # The objects that the job named, and no others, came again: each object alone.
    again = [run for run in runs if run.attempt == 2]
    assert sorted(item["key"] for run in again for item in run.objects) == sorted(broken)
    assert {len(run.objects) for run in again} == {1}
    assert glue_job.dead() == BROKEN

    job_runs = glue_job.aws.glue.get_job_runs(JobName=outputs["job_name"])["JobRuns"]
    assert {run["JobRunState"] for run in job_runs} == {"SUCCEEDED"}
    assert len(job_runs) == len(runs)
    spans = [SimpleNamespace(start=run["StartedOn"], stop=run["CompletedOn"]) for run in job_runs]
    assert executions.peak_running(spans) <= RUNS
    # No ConcurrentRunsExceededException, nor anything else, that a retry would have hidden.
    assert failures_of_states(glue_job) == []

    table = rows(glue_job, outputs["work_bucket"])
    assert sorted(row["object"] for row in table) == sorted(f"{glue_job.bucket}/{key}" for key in good)
