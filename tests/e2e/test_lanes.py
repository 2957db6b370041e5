"""Two lanes that share one capacity, windows, and a limit per day."""

import json

from one_pipeline import Pipeline
from pipeline import judge_orders
from pipeline.executions import peak_running
from roots import Root

DISPATCH = "-target=module.lanes.module.dispatch"
# What the window that is always in force allows; outside of it there would be 3.
LIMIT = 10
URGENT, BULK = 60, 40
PER_DAY = 4


def test_the_urgent_lane_goes_first_and_the_other_gets_its_share(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["lanes"]
    uploads = [pipeline.put(f"bulk/{number}.json") for number in range(BULK)]
    uploads += [pipeline.put(f"urgent/{number}.json") for number in range(URGENT)]
    pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    runs = pipeline.runs()
    assert judge_orders.exactly_once(uploads, runs) == []
    # The window's pace holds, and no more.
    assert peak_running(runs) == LIMIT
    share = judge_orders.share_while_waiting(runs, "urgent/", "bulk/")
    print(f"bulk had {share:.2f} of the starts while urgent waited")
    assert 0.1 <= share <= 0.25


def test_a_window_that_pauses_starts_nothing_and_loses_nothing(applied: dict[str, Root], pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], applied["pipelines"].terraform
    terraform.apply(f"-var=lanes={json.dumps({'frozen': True})}", DISPATCH)
    uploads = [pipeline.put(f"urgent/frozen/{number}.json") for number in range(3)]
    pipeline.until_waiting(len(uploads))
    for _ in range(2):
        pipeline.tick()
    assert pipeline.runs("urgent/frozen/") == []
    received = {message["ReceiveCount"] for queue in pipeline.queues for message in pipeline.emulator.messages(queue)}
    assert received == {0}
    terraform.apply(DISPATCH)
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("urgent/frozen/")) == []


def test_no_more_start_on_a_day_than_the_limit_says(applied: dict[str, Root], pipelines: dict[str, Pipeline]) -> None:
    pipeline, terraform = pipelines["lanes"], applied["pipelines"].terraform
    terraform.apply(f"-var=lanes={json.dumps({'starts_per_day': PER_DAY})}", DISPATCH)
    uploads = [pipeline.put(f"urgent/limited/{number}.json") for number in range(2 * PER_DAY)]
    pipeline.until_waiting(len(uploads))
    for _ in range(3):
        pipeline.tick()
    assert len(pipeline.runs("urgent/limited/")) == PER_DAY
    assert pipeline.waiting() == PER_DAY
    terraform.apply(DISPATCH)
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("urgent/limited/")) == []
