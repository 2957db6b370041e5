"""Missed events are processed once: objects from before the pipeline, lost notifications, rows that nobody moves."""

import shlex
import time

import judge_orders
import pytest
from one_pipeline import Pipeline
from operating import answer
from reconciling import by_hand, counts, inventory, late_event, notified, reconcile, upload
from sites import Site

pytestmark = pytest.mark.xdist_group("pipelines")

# Of the pipeline in tests/e2e/pipelines/reconcile.tf.
BATCH = 20


@pytest.fixture(scope="module")
def plain(site: Site, pipelines: dict[str, Pipeline]) -> str:
    """The bucket without versions."""
    return site.roots["pipelines"].outputs["plain_bucket"]


def test_what_was_there_before_is_worked_on_once_and_a_dry_run_changes_nothing(pipelines: dict[str, Pipeline], plain: str) -> None:
    pipeline = pipelines["reconcile"]
    uploads = upload(pipeline, plain, [f"in/before/{number} +%.json" for number in range(500)])
    upload(pipeline, plain, ["other/1.json"])
    whole = {"bucket": plain, "prefix": "in/before/"}
    told = by_hand(pipeline, "backfill", f"s3://{plain}/in/before/", "--dry-run")
    assert counts(told, "listed", "queued", "known") == {"listed": 500, "queued": 500, "known": 0}
    assert (pipeline.waiting(), pipeline.ledger_of(f"{plain}/in/before/")) == (0, [])
    told = by_hand(pipeline, "backfill", f"s3://{plain}/in/before/")
    assert counts(told, "listed", "queued", "known") == {"listed": 500, "queued": 500, "known": 0}
    pipeline.work_off()
    assert judge_orders.batches(uploads, pipeline.runs("in/before/"), BATCH) == []
    told = reconcile(pipeline, whole)
    assert counts(told, "listed", "queued", "known", "sent_again") == {"listed": 500, "queued": 0, "known": 500, "sent_again": 0}
    for version in uploads[:3]:
        pipeline.send(late_event(pipeline, plain, version))
    pipeline.work_off()
    assert judge_orders.batches(uploads, pipeline.runs("in/before/"), BATCH) == []


def test_a_range_of_times_is_kept_to(pipelines: dict[str, Pipeline], plain: str) -> None:
    pipeline = pipelines["reconcile"]
    upload(pipeline, plain, ["in/range/1.json"])
    for option, queued in (("--since", 1), ("--until", 0)):
        told = by_hand(pipeline, "backfill", f"s3://{plain}/in/range/", "--dry-run", option, "2020-01-01T00:00:00Z")
        assert counts(told, "listed", "queued") == {"listed": 1, "queued": queued}


def test_of_a_hundred_uploads_the_five_without_notification_are_worked_on_too(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["reconcile"]
    bucket = pipeline.bucket
    keys = [f"in/dropped/{number}.json" for number in range(100)]
    with notified(pipeline, bucket):
        uploads = upload(pipeline, bucket, keys[5:])
    dropped = upload(pipeline, bucket, keys[:5])
    pipeline.until_waiting(95)
    # Of half of them the event still waits when they are listed.
    for _ in range(2):
        pipeline.tick()
    told = reconcile(pipeline, {"bucket": bucket, "prefix": "in/dropped/"})
    assert told["listed"] == told["queued"] + told.get("known", 0) == 100
    pipeline.work_off()
    assert judge_orders.batches(uploads + dropped, pipeline.runs("in/dropped/"), BATCH) == []
    for version in dropped:
        pipeline.send(late_event(pipeline, bucket, version))
    pipeline.work_off()
    assert judge_orders.batches(uploads + dropped, pipeline.runs("in/dropped/"), BATCH) == []


def test_an_inventory_is_as_good_as_a_list(pipelines: dict[str, Pipeline], plain: str) -> None:
    pipeline = pipelines["reconcile"]
    bucket = pipeline.bucket
    upload(pipeline, bucket, ["in/inventory/a b.json", "in/other.txt"])
    (newer,) = upload(pipeline, bucket, ["in/inventory/a b.json"])
    manifest = inventory(pipeline, bucket, plain, "inventory/1")
    told = by_hand(pipeline, "backfill", f"s3://{bucket}", "--inventory", f"s3://{plain}/{manifest}")
    assert counts(told, "queued", "not_current") == {"queued": 1, "not_current": 1}
    assert told["not_of_a_source"] >= 1
    pipeline.work_off()
    assert judge_orders.batches([newer], pipeline.runs("in/inventory/"), BATCH) == []


def test_one_object_is_settled_by_the_command_that_explain_names(pipelines: dict[str, Pipeline], plain: str) -> None:
    pipeline = pipelines["reconcile"]
    uploads = upload(pipeline, plain, ["in/one/1.json"])
    place = f"s3://{plain}/in/one/1.json"
    told = answer(pipeline.emulator, "-p", pipeline.name, "explain", place)
    assert (told["known"], told["exists"]) == (False, True)
    words = shlex.split(told["command"])
    assert words[:4] == ["spillway", "-p", pipeline.name, "reconcile"]
    assert counts(by_hand(pipeline, *words[3:]), "listed", "queued") == {"listed": 1, "queued": 1}
    pipeline.work_off()
    assert judge_orders.batches(uploads, pipeline.runs("in/one/"), BATCH) == []
    told = answer(pipeline.emulator, "-p", pipeline.name, "explain", place)
    assert [version["state"] for version in told["versions"]] == ["SUCCEEDED"]
    assert counts(by_hand(pipeline, *words[3:]), "queued", "known") == {"queued": 0, "known": 1}


def test_rows_whose_message_is_gone_are_sent_for_again(pipelines: dict[str, Pipeline], plain: str) -> None:
    pipeline = pipelines["reconcile"]
    uploads = upload(pipeline, plain, [f"in/lost/{number}.json" for number in range(3)])
    reconcile(pipeline, {"bucket": plain, "prefix": "in/lost/"})
    pipeline.aws.sqs.purge_queue(QueueUrl=pipeline.queues[0])
    assert counts(reconcile(pipeline), "sent_again") == {"sent_again": 0}  # too young
    for row in pipeline.ledger_of(f"{plain}/in/lost/"):
        pipeline.aws.dynamodb.update_item(
            TableName=pipeline.outputs["ledger_table_name"],
            Key={name: row[name] for name in ("pk", "sk")},
            UpdateExpression="SET queued_at = :old",
            ExpressionAttributeValues={":old": {"N": str(int((time.time() - 7200) * 1000))}},
        )
    told = reconcile(pipeline)
    assert told["sent_again"] == 3
    assert told["read_units"] > 0
    pipeline.work_off()
    assert judge_orders.batches(uploads, pipeline.runs("in/lost/"), BATCH) == []


def test_a_slot_that_somebody_removed_is_put_back(pipelines: dict[str, Pipeline], plain: str) -> None:
    """The row says that it is started, as it did before its end. The sweep comes to the slot within 17 minutes."""
    pipeline, key = pipelines["reconcile"], "in/orphan/1.json"
    uploads = upload(pipeline, plain, [key])
    reconcile(pipeline, {"bucket": plain, "prefix": "in/orphan/"})
    pipeline.work_off()
    (row,) = pipeline.ledger_of(f"{plain}/in/orphan/")
    assert row["state"] == {"S": "SUCCEEDED"}
    machine = pipeline.outputs["state_machine_arn"]
    old = {"N": str(int((time.time() - 2 * 86400) * 1000))}
    started = {name: value for name, value in row.items() if name not in ("finished_at", "expires_at")}
    started |= {"state": {"S": "STARTED"}, "started_at": old, "state_machine_arn": {"S": machine}}
    table, dynamodb = pipeline.outputs["ledger_table_name"], pipeline.aws.dynamodb
    dynamodb.put_item(TableName=table, Item=started)
    slot = {"pk": {"S": "slots"}, "sk": row["execution"]}
    try:
        assert counts(reconcile(pipeline), "slots_put_back", "orphans") == {"slots_put_back": 1, "orphans": 0}
        found = dynamodb.get_item(TableName=table, Key=slot)["Item"]
        assert (found["taken_at"], found["state_machine_arn"], found["row_pk"]) == (old, {"S": machine}, row["pk"])
    finally:
        dynamodb.delete_item(TableName=table, Key=slot)
        dynamodb.put_item(TableName=table, Item=row)
    assert judge_orders.batches(uploads, pipeline.runs("in/orphan/"), BATCH) == []
