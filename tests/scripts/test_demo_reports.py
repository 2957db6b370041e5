"""Generated reports are of the kind that they name."""

import json
import re

import pytest
from demo import overlay, reports


@pytest.mark.parametrize("count", [10, 11, 99, 300, 1000])
def test_shares(count: int) -> None:
    made = reports.generate(count, seed=count)
    assert len(made) == count
    assert sum(report.fails_first for report in made) == max(1, round(count * 0.03))
    assert sum(report.unknown_device for report in made) == max(1, round(count * 0.01))
    assert len({report.key for report in made}) == count - max(1, round(count * 0.03))
    assert not any(report.fails_first and report.unknown_device for report in made)


def test_the_same_seed_gives_the_same_reports() -> None:
    assert reports.generate(50, seed=3) == reports.generate(50, seed=3) != reports.generate(50, seed=4)


def test_what_fails_first_shows_in_the_etag_alone() -> None:
    for report in reports.generate(300):
        assert overlay.fails_first(report.etag) == report.fails_first


def test_every_report_is_one_that_the_example_takes() -> None:
    for report in reports.generate(300):
        content = json.loads(report.body)
        assert re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,127}", content["device_id"])
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", content["status"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", content["time"])
        assert report.key.startswith("status/")
        assert report.key.endswith(".json")


def test_keys_have_what_an_encoding_could_mistreat() -> None:
    keys = "".join(report.key for report in reports.generate(30))
    for part in (" ", "+", "%", "%2B", "서울", "🌊", "&", "ß"):
        assert part in keys


def test_no_upload_is_the_same_as_another() -> None:
    made = reports.generate(1000)
    assert len({(report.key, report.etag) for report in made}) == len(made)
    assert len({report.time for report in made}) == len(made)
