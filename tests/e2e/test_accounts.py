"""The examples in which a bucket and its pipelines belong to different accounts."""

import dataclasses
import json

import judge_orders
import pytest
import roots
from demo import devices, reports
from one_pipeline import Pipeline, wait
from sites import Site

pytestmark = pytest.mark.xdist_group("examples")


def test_uploads_of_one_account_are_worked_on_in_another(site: Site, cross_account: Pipeline) -> None:
    pipeline = cross_account
    names = [f"device-{number}" for number in range(8)]
    bodies = {name: reports.plain(number, name) for number, name in enumerate(names)}
    uploads = [pipeline.put(f"status/{name}.json", body) for name, body in bodies.items()]
    pipeline.put("status/other.txt")  # which the source does not take
    pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    runs = pipeline.runs()
    assert judge_orders.exactly_once(uploads, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}
    shown = devices.latest(pipeline.aws, site.roots["cross-account"].outputs["status_table"])
    sent = {name: json.loads(body) for name, body in bodies.items()}
    assert shown == {name: (body["status"], body["time"]) for name, body in sent.items()}


def test_the_bucket_is_of_the_one_and_the_queue_of_the_other_account(cross_account: Pipeline) -> None:
    pipeline = cross_account
    (queue,) = pipeline.outputs["lanes"].values()
    assert queue["queue_arn"].split(":")[4] == roots.PIPELINE
    assert pipeline.bucket in [bucket["Name"] for bucket in pipeline.uploader.s3.list_buckets()["Buckets"]]
    assert pipeline.bucket not in [bucket["Name"] for bucket in pipeline.aws.s3.list_buckets()["Buckets"]]


def test_a_bucket_with_other_users_and_a_partners_bucket_feed_one_pipeline(site: Site, shared_bucket: Pipeline) -> None:
    pipeline, outputs = shared_bucket, site.roots["shared-bucket"].outputs
    theirs = outputs["partner_bucket"]
    partner = dataclasses.replace(pipeline, bucket=theirs, owner=site.aws(roots.UPLOADS))
    places = [(pipeline, "status/{}.json"), (pipeline, "archive/{}.json"), (partner, "reports/{}")]
    uploads = [
        where.put(key.format(number), reports.plain(number, f"device-{place}-{number}"))
        for place, (where, key) in enumerate(places)
        for number in range(3)
    ]
    pipeline.put("archive/empty.json", b"")  # the source takes none that small
    pipeline.put("images/1.png", b"an image")
    partner.put("other/1", b"none of ours")
    pipeline.until_waiting(len(uploads))
    pipeline.work_off()
    runs = pipeline.runs()
    assert judge_orders.exactly_once(uploads, runs) == []
    assert {run.status for run in runs} == {"SUCCEEDED"}
    assert {item["bucket"] for run in runs for item in run.objects} == {pipeline.bucket, theirs}
    shown = devices.latest(pipeline.aws, outputs["status_table"])
    assert sorted(shown) == [f"device-{place}-{number}" for place in range(3) for number in range(3)]

    # The other team's part of the shared bucket's notification works on.
    def images() -> list[str]:
        bodies = [json.loads(message["Body"]) for message in site.emulator.messages(outputs["images_queue_url"])]
        return [record["s3"]["object"]["key"] for body in bodies for record in body.get("Records", [])]

    wait(lambda: images() == ["images/1.png"], lambda: str(images()))
