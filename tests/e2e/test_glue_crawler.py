"""Events on their way to a crawler, from a bucket that a pipeline uses as well. In the emulator no crawler reads them."""

import json
from collections.abc import Iterator

import pytest
from one_pipeline import Pipeline, wait
from pipeline import watch
from pipeline.aws import Aws
from pipeline.emulator import Emulator
from roots import Root

BODY = b'{"device_id": "pump-0017", "status": "online", "time": "2026-11-22T20:49:19Z"}'


def events(emulator: Emulator, queue: str) -> list[tuple[str, str]]:
    """What lies in a crawler's queue: kind and key, the key as S3 writes it."""
    bodies = [json.loads(message["Body"]) for message in emulator.messages(queue)]
    return [
        (record["eventName"].split(":")[0], record["s3"]["object"]["key"]) for body in bodies for record in body.get("Records", [])
    ]


@pytest.fixture
def crawler(applied: dict[str, Root], glue_crawler: Pipeline) -> Iterator[dict]:
    found = applied["glue-crawler"].applied.result()["crawler"]
    glue_crawler.aws.sqs.purge_queue(QueueUrl=found["queue_url"])
    yield found
    glue_crawler.aws.sqs.purge_queue(QueueUrl=found["queue_url"])


def test_an_upload_reaches_the_crawlers_queue_and_the_pipeline(
    glue_crawler: Pipeline, crawler: dict, applied: dict[str, Root], emulator: Emulator
) -> None:
    glue_crawler.put("status/day=2026-11-22/pump-0017.json", BODY)
    glue_crawler.put("elsewhere/pump-0018.json", BODY)
    glue_crawler.until_waiting(1)
    glue_crawler.work_off()
    assert [run.status for run in glue_crawler.runs("status/day=2026-11-22/")] == ["SUCCEEDED"]
    table = applied["glue-crawler"].applied.result()["status_table"]
    kept = glue_crawler.aws.dynamodb.get_item(TableName=table, Key={"device_id": {"S": "pump-0017"}})["Item"]
    assert kept["status"] == {"S": "online"}
    assert events(emulator, crawler["queue_url"]) == [("ObjectCreated", "status/day%3D2026-11-22/pump-0017.json")]


def test_a_deletion_reaches_the_crawlers_queue_only(glue_crawler: Pipeline, crawler: dict, emulator: Emulator) -> None:
    key = "status/day=2026-11-23/pump-0019.json"
    glue_crawler.put(key, BODY)
    glue_crawler.until_waiting(1)
    glue_crawler.work_off()
    glue_crawler.aws.s3.delete_object(Bucket=glue_crawler.bucket, Key=key)
    found = [("ObjectCreated", key.replace("=", "%3D")), ("ObjectRemoved", key.replace("=", "%3D"))]
    wait(lambda: events(emulator, crawler["queue_url"]) == found, 30, lambda: str(events(emulator, crawler["queue_url"])))
    assert glue_crawler.waiting() == 0
    assert glue_crawler.dead() == 0


def test_the_crawler_has_its_queue_and_what_aws_takes_together(glue_crawler: Pipeline, crawler: dict) -> None:
    glue = glue_crawler.aws.glue
    found = glue.get_crawler(Name=crawler["crawler_name"])["Crawler"]
    (target,) = found["Targets"]["S3Targets"]
    assert target["Path"] == f"s3://{glue_crawler.bucket}/status/"
    assert (target["EventQueueArn"], target["DlqEventQueueArn"]) == (crawler["queue_arn"], crawler["dead_letter_queue_arn"])
    assert found["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVENT_MODE"}
    assert found["SchemaChangePolicy"] == {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
    glue.get_database(Name=found["DatabaseName"])
    alarms = glue_crawler.aws.cloudwatch.describe_alarms(AlarmNames=list(crawler["alarm_names"].values()))["MetricAlarms"]
    watched = {alarm["AlarmName"]: [dimension["Value"] for dimension in alarm["Dimensions"]] for alarm in alarms}
    name = crawler["crawler_name"]
    assert watched == {
        f"{name}-oldest-event": [name],
        f"{name}-dead-letters": [f"{name}-dlq"],
        f"{name}-failed-crawls": [f"{name}-failed-crawls"],
    }
    # It starts, which is all that the emulator can show.
    glue.start_crawler(Name=crawler["crawler_name"])


def test_a_bucket_notifies_a_crawlers_queue_by_itself_too(
    applied: dict[str, Root], pipelines: dict[str, Pipeline], emulator: Emulator
) -> None:
    outputs, aws = applied["pipelines"].applied.result()["crawler"], Aws(emulator.endpoint)
    for key in ("in/a b.json", "out/c.json"):
        aws.s3.put_object(Bucket=outputs["bucket"], Key=key, Body=b"{}")
    wait(lambda: watch.depth(aws, outputs["queue_url"]) >= 1, 30, "nothing came")
    aws.s3.delete_object(Bucket=outputs["bucket"], Key="in/a b.json")
    found = [("ObjectCreated", "in/a+b.json"), ("ObjectRemoved", "in/a+b.json")]
    wait(lambda: events(emulator, outputs["queue_url"]) == found, 30, lambda: str(events(emulator, outputs["queue_url"])))
