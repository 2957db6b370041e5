"""A bucket without a pipeline that notifies a crawler's queue."""

import pytest
from crawler_queue import until
from sites import Site

pytestmark = pytest.mark.xdist_group("pipelines")


def test_a_bucket_notifies_a_crawlers_queue_by_itself_too(site: Site) -> None:
    outputs, aws = site.roots["pipelines"].outputs["crawler"], site.aws()
    for key in ("out/c.json", "in/a b.json"):
        aws.s3.put_object(Bucket=outputs["bucket"], Key=key, Body=b"{}")
    until(site.emulator, outputs["queue_url"], [("ObjectCreated", "in/a+b.json")])
    aws.s3.delete_object(Bucket=outputs["bucket"], Key="in/a b.json")
    until(site.emulator, outputs["queue_url"], [("ObjectCreated", "in/a+b.json"), ("ObjectRemoved", "in/a+b.json")])
