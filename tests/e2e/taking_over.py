"""Ticks by a schedule of which one takes over from another."""

import contextlib
import threading
from collections.abc import Iterator

from one_pipeline import Pipeline

# From one tick to the next; on AWS a minute.
PERIOD_SECONDS = 8


@contextlib.contextmanager
def scheduled(pipeline: Pipeline) -> Iterator[list[tuple[bool, str]]]:
    """Ticks by a schedule, each in an invocation of its own. Returns their output."""
    over, said, ticks = threading.Event(), [], []

    def fire() -> None:
        while not over.is_set():
            tick = threading.Thread(target=lambda: said.append(pipeline.invoke()), daemon=True)
            ticks.append(tick)
            tick.start()
            over.wait(PERIOD_SECONDS)

    schedule = threading.Thread(target=fire, daemon=True)
    schedule.start()
    try:
        yield said
    finally:
        over.set()
        schedule.join()
        # The last one has no successor: a pause ends it.
        control = {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}
        table = pipeline.outputs["ledger_table_name"]
        pipeline.aws.dynamodb.put_item(TableName=table, Item={**control, "paused": {"BOOL": True}})
        for tick in ticks:
            tick.join()
        pipeline.aws.dynamodb.delete_item(TableName=table, Key=control)
