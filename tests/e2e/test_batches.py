"""Several objects in one execution."""

import judge_orders
import pytest
from one_pipeline import Pipeline

pytestmark = pytest.mark.xdist_group("cells")

# As in tests/e2e/cells.
MOST = 5


def test_batches_are_full_while_enough_waits_and_only_what_failed_comes_again(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["batch"]
    names = [f"plain-{number}" for number in range(19)] + [f"fails-first-{number}" for number in range(4)]
    uploads = [pipeline.put(f"sqs/full/{name}.json") for name in names]
    pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    runs = pipeline.runs("sqs/full/")
    assert judge_orders.batches(uploads, runs, MOST) == []
    first = sorted((len(run.objects) for run in runs if run.attempt == 1), reverse=True)
    assert first == [5, 5, 5, 5, 3]
    assert {run.status for run in runs} == {"SUCCEEDED"}
    # Of the failed ones, each came again alone; nothing else did.
    again = [version for run in runs if run.attempt == 2 for version in judge_orders.works_on(run)]
    assert sorted(version.key for version in again) == sorted(upload.key for upload in uploads if upload.fails_first)
