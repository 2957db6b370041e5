"""The first two ways of docs/guide/migration.md, step by step, while uploads go on: each upload starts one execution."""

import judge_orders
import old_ways
import pytest
from demo import watch
from old_ways import new_entries, started, switch, turn, until_empty, until_started
from one_pipeline import Pipeline, wait
from reconciling import by_hand, counts

pytestmark = pytest.mark.xdist_group("pipelines")

SOME = 40


def ends_well(pipeline: Pipeline, uploads: list) -> None:
    """Every upload started one execution, by one of the two ways, and nothing is left."""
    with pipeline.ticking():
        wait(lambda: sum(started(pipeline)) >= len(uploads), lambda: f"{started(pipeline)} executions of {len(uploads)} uploads")
    pipeline.work_off()
    runs = pipeline.runs()
    assert judge_orders.exactly_once(uploads, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}
    # The ends of the old way's executions come to the pipeline too, and concern it not.
    assert (pipeline.dead(), watch.depth(pipeline.aws, pipeline.outputs["outcomes_dead_letter_queue_url"])) == (0, 0)


def unknown(pipeline: Pipeline) -> dict:
    """The counts of the look for lost events: of all uploads, so that it can be compared."""
    told = by_hand(pipeline, "backfill", f"s3://{pipeline.bucket}/{old_ways.PREFIX}", "--min-age", "0m", "--dry-run")
    return counts(told, "queued", "known")


def test_from_a_function_and_back(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["from-function"]
    with old_ways.function(pipeline) as function:
        old = old_ways.entries("function", function)
        switch(pipeline, old)
        with old_ways.under_load(pipeline) as uploads:
            until_started(pipeline, old=SOME)
            assert started(pipeline)[1] == 0
            switch(pipeline, new_entries(pipeline))
            # The schedule is off: the events of the new way wait.
            pipeline.until_waiting(SOME)
            assert started(pipeline)[1] == 0
            with pipeline.ticking():
                until_started(pipeline, new=2 * SOME)
                before = started(pipeline)[0]
                switch(pipeline, old)
                until_started(pipeline, old=before + SOME)
        ends_well(pipeline, uploads)
        by_old, by_new = started(pipeline)
        assert unknown(pipeline) == {"queued": by_old, "known": by_new}


def test_from_a_mapping_and_back(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["from-mapping"]
    # Four a second: slower than a burst, so that the old queue has a backlog.
    with old_ways.function(pipeline, seconds=0.5) as function, old_ways.mapping(pipeline, function) as old:
        switch(pipeline, old.entry)
        with old_ways.under_load(pipeline, every_seconds=0.5) as uploads:
            uploads += [pipeline.put(f"{old_ways.PREFIX}refused-{number}") for number in range(3)]
            uploads += [pipeline.put(f"{old_ways.PREFIX}burst-{number}") for number in range(2 * SOME)]
            until_started(pipeline, old=SOME)
            switch(pipeline, new_entries(pipeline))
            assert watch.depth(pipeline.aws, old.url) > 0
            until_empty(pipeline, old.url)
            turn(pipeline, old, on=False)
            assert started(pipeline)[1] == 0
            assert watch.depth(pipeline.aws, old.dead_url) == 3
            with pipeline.ticking():
                until_started(pipeline, new=SOME)
                # The old way's dead letters, which are S3's own messages.
                events = pipeline.outputs["events_queue_arn"]
                pipeline.aws.sqs.start_message_move_task(SourceArn=old.dead_arn, DestinationArn=events)
                until_empty(pipeline, old.dead_url)
                before = started(pipeline)[0]
                # And back.
                switch(pipeline, old.entry)
                pipeline.until_quiet()
                assert started(pipeline)[0] == before
                turn(pipeline, old, on=True)
                until_started(pipeline, old=before + SOME)
        until_empty(pipeline, old.url)
        ends_well(pipeline, uploads)
        by_old, by_new = started(pipeline)
        assert unknown(pipeline) == {"queued": by_old, "known": by_new}
