"""A bucket without a pipeline that notifies a crawler's queue."""

import pytest
from crawler_queue import events
from one_pipeline import wait
from pipeline import watch
from sites import Site

pytestmark = pytest.mark.xdist_group("pipelines")


def test_a_bucket_notifies_a_crawlers_queue_by_itself_too(site: Site) -> None:
    outputs, aws = site.roots["pipelines"].outputs["crawler"], site.aws()
    for key in ("in/a b.json", "out/c.json"):
        aws.s3.put_object(Bucket=outputs["bucket"], Key=key, Body=b"{}")
    wait(lambda: watch.depth(aws, outputs["queue_url"]) >= 1, "nothing came")
    aws.s3.delete_object(Bucket=outputs["bucket"], Key="in/a b.json")
    found = [("ObjectCreated", "in/a+b.json"), ("ObjectRemoved", "in/a+b.json")]
    wait(lambda: events(site.emulator, outputs["queue_url"]) == found, lambda: str(events(site.emulator, outputs["queue_url"])))
