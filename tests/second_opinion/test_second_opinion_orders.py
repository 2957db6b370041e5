"""Versions of one object that come while others are processed."""

import collections
import random
import time
from collections.abc import Callable

import s3_records
import verdict
from s3_records import Upload
from under_test import Settings, UnderTest

OBJECTS, VERSIONS = 8, 5
# So that those that will wait are received while one of each object runs.
LIMIT = OBJECTS + 2


def flood(pipeline: UnderTest, rng: random.Random) -> list[Upload]:
    """The first version of each object; while those run all others but the last, in any order; the last as those are processed."""
    uploads = s3_records.uploads(pipeline.bucket, OBJECTS, VERSIONS, rng)
    by_key: dict[str, list[Upload]] = collections.defaultdict(list)
    for upload in uploads:
        by_key[upload.key].append(upload)
    first, last = ([own[place] for own in by_key.values()] for place in (0, -1))
    rest = [upload for upload in uploads if upload not in (*first, *last)]
    rng.shuffle(rest)
    pipeline.held.set()
    pipeline.send(s3_records.notifications(first, rng))
    with pipeline.running():
        pipeline.until(lambda: pipeline.seen_running == OBJECTS, pipeline.left)
        pipeline.send(s3_records.notifications(rest, rng))
        expected = len(first) + len(rest)
        pipeline.until(lambda: len(pipeline.rows()) == expected and not pipeline.messages("events"), pipeline.left)
        pipeline.held.clear()
        for upload in last:
            pipeline.send(s3_records.notifications([upload], rng))
            time.sleep(0.2)
        pipeline.until_quiet()
    # Repeated, they are refused by their own conditions: docs/evidence/second-opinion.md.
    assert pipeline.server.ask("told")["lost"]["TransactWriteItems"] > 0
    return uploads


def test_each_works_on_every_version_in_turn(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline = make("each", Settings(order="each", max_concurrency=LIMIT))
    uploads = flood(pipeline, random.Random(3))
    assert verdict.kept(pipeline, uploads) == []
    assert verdict.one_at_a_time(pipeline) == []
    assert verdict.in_turn(pipeline, uploads) == []


def test_latest_works_on_the_newest_version_and_never_goes_back(make: Callable[[str, Settings], UnderTest]) -> None:
    pipeline = make("latest", Settings(order="latest", max_concurrency=LIMIT))
    uploads = flood(pipeline, random.Random(4))
    assert verdict.kept(pipeline, uploads) == []
    assert verdict.one_at_a_time(pipeline) == []
    assert verdict.only_forward(pipeline, uploads) == []
    superseded = [row for row in pipeline.rows() if row["state"]["S"] == "SUPERSEDED"]
    # How many come in time to be passed over is the machine's affair.
    assert len(superseded) >= OBJECTS * (VERSIONS - 2) // 2
