"""Events on their way to a crawler, from a bucket that a pipeline uses as well. In the emulator no crawler reads them."""

from collections.abc import Iterator

import pytest
from crawler_queue import until
from one_pipeline import Pipeline
from sites import Site

pytestmark = pytest.mark.xdist_group("examples")

BODY = b'{"device_id": "pump-0017", "status": "online", "time": "2026-11-22T20:49:19Z"}'


@pytest.fixture
def crawler(site: Site, glue_crawler: Pipeline) -> Iterator[dict]:
    found = site.roots["glue-crawler"].outputs["crawler"]
    glue_crawler.aws.sqs.purge_queue(QueueUrl=found["queue_url"])
    yield found
    glue_crawler.aws.sqs.purge_queue(QueueUrl=found["queue_url"])


def test_an_upload_reaches_the_crawlers_queue_and_the_pipeline(site: Site, glue_crawler: Pipeline, crawler: dict) -> None:
    glue_crawler.put("status/day=2026-11-22/pump-0017.json", BODY)
    glue_crawler.put("elsewhere/pump-0018.json", BODY)
    glue_crawler.until_waiting(1)
    glue_crawler.work_off()
    assert [run.status for run in glue_crawler.runs("status/day=2026-11-22/")] == ["SUCCEEDED"]
    table = site.roots["glue-crawler"].outputs["status_table"]
    kept = glue_crawler.aws.dynamodb.get_item(TableName=table, Key={"device_id": {"S": "pump-0017"}})["Item"]
    assert kept["status"] == {"S": "online"}
    until(site.emulator, crawler["queue_url"], [("ObjectCreated", "status/day%3D2026-11-22/pump-0017.json")])


def test_a_deletion_reaches_the_crawlers_queue_only(site: Site, glue_crawler: Pipeline, crawler: dict) -> None:
    key = "status/day=2026-11-23/pump-0019.json"
    glue_crawler.put(key, BODY)
    glue_crawler.until_waiting(1)
    glue_crawler.work_off()
    written = key.replace("=", "%3D")
    until(site.emulator, crawler["queue_url"], [("ObjectCreated", written)])
    glue_crawler.aws.s3.delete_object(Bucket=glue_crawler.bucket, Key=key)
    until(site.emulator, crawler["queue_url"], [("ObjectCreated", written), ("ObjectRemoved", written)])
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
        f"{name}_crawl-alarm_oldest-event": [f"{name}_crawl-events"],
        f"{name}_crawl-alarm_dead-letters": [f"{name}_crawl-events-dlq"],
        f"{name}_crawl-alarm_failed-crawls": [f"{name}_failed-crawls"],
    }
    # It starts, which is all that the emulator can show.
    glue.start_crawler(Name=crawler["crawler_name"])
