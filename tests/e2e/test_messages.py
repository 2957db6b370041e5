"""Unexpected messages, sent straight to the events queue: each with its right fate."""

import json

import notifications
import pytest
from demo import devices, reports
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

KB = 1024


def put(running: Running, group: str, names: list[str]) -> dict[str, str]:
    """Objects of which S3 does not notify, for they are not called .json; their ETags by key."""
    devices.register(running.aws, running.names.devices_table, [f"{group}device-0"])
    etags = {}
    for number, name in enumerate(names):
        report = reports.plain(number, f"{group}device-0")
        key = f"status/{group}{name}"
        etags[key] = running.aws.s3.put_object(Bucket=running.names.bucket, Key=key, Body=report)["ETag"].strip('"')
    return etags


def worked_on(running: Running, group: str) -> list[str]:
    """The keys of the executions, each of which succeeded on its first attempt."""
    runs = running.executions(group)
    assert {(run.status, run.attempt) for run in runs} <= {("SUCCEEDED", 1)}, runs
    return sorted(item["key"] for run in runs for item in run.objects)


def test_what_does_not_parse_goes_to_the_dead_letter_queue_with_the_reason(quiet: Running) -> None:
    bodies = ["no JSON at all", "{}", '{"Records": []}', json.dumps({"Records": [{"eventVersion": "3.0"}]}), '{"spillway": 1}']
    for body in bodies:
        quiet.send(body)
    quiet.work_off()
    dead = quiet.take_dead()
    assert sorted(message["Body"] for message in dead) == sorted(bodies)
    for message in dead:
        assert message["MessageAttributes"]["reason"]["StringValue"], message


def test_a_test_event_is_dropped(quiet: Running) -> None:
    quiet.send(notifications.test_event(quiet.names.bucket))
    quiet.work_off()
    assert quiet.take_dead() == []


def test_what_was_deleted_before_its_turn_ends_as_a_success_that_says_so(quiet: Running) -> None:
    ((key, etag),) = put(quiet, "gone-", ["deleted"]).items()
    quiet.aws.s3.delete_object(Bucket=quiet.names.bucket, Key=key)
    quiet.send({"Records": [notifications.record(quiet.names.bucket, key, etag)]})
    quiet.work_off()
    (run,) = quiet.executions("gone-")
    assert (run.status, run.attempt) == ("SUCCEEDED", 1)
    assert json.loads(run.output) == {"result": "gone"}
    assert quiet.take_dead() == []


def test_a_good_record_goes_on_beside_one_of_another_kind_and_a_broken_one(quiet: Running) -> None:
    ((key, etag),) = put(quiet, "beside-", ["good"]).items()
    good, removed, broken = (notifications.record(quiet.names.bucket, key, etag) for _ in range(3))
    removed["eventName"] = "ObjectRemoved:Delete"
    broken["s3"]["object"]["key"] = "%zz"
    quiet.send({"Records": [good, removed, broken]})
    quiet.work_off()
    assert worked_on(quiet, "beside-") == [key]
    (dead,) = quiet.take_dead()
    assert json.loads(dead["Body"]) == {"Records": [broken]}
    assert dead["MessageAttributes"]["reason"]["StringValue"].startswith("record 2: the key")


def test_a_folder_marker_starts_nothing(quiet: Running) -> None:
    key = "status/folder-marker/"
    quiet.aws.s3.put_object(Bucket=quiet.names.bucket, Key=key, Body=b"")
    record = notifications.record(quiet.names.bucket, key, "d41d8cd98f00b204e9800998ecf8427e")
    record["s3"]["object"]["size"] = 0
    quiet.send({"Records": [record]})
    quiet.work_off()
    assert worked_on(quiet, "folder-marker") == []
    assert quiet.take_dead() == []


def test_keys_are_decoded_once(quiet: Running) -> None:
    keys = put(quiet, "decode-", ["a+b", "a b", "a%2Bb", "a%20b", "100%", "서울 🌊"])
    for key, etag in keys.items():
        quiet.send({"Records": [notifications.record(quiet.names.bucket, key, etag)]})
    quiet.work_off()
    assert worked_on(quiet, "decode-") == sorted(keys)


def test_both_records_of_a_notification_are_worked_on(quiet: Running) -> None:
    keys = put(quiet, "two-", ["one", "other"])
    quiet.send({"Records": [notifications.record(quiet.names.bucket, key, etag) for key, etag in keys.items()]})
    quiet.work_off()
    assert worked_on(quiet, "two-") == sorted(keys)


def test_a_notification_of_64_kb_is_worked_on(quiet: Running) -> None:
    ((key, etag),) = put(quiet, "large-", ["large"]).items()
    body = notifications.padded({"Records": [notifications.record(quiet.names.bucket, key, etag)]}, 64 * KB)
    assert len(body.encode()) == 64 * KB
    quiet.send(body)
    quiet.work_off()
    assert worked_on(quiet, "large-") == [key]


def test_every_event_version_of_the_second_major_is_understood(quiet: Running) -> None:
    keys = put(quiet, "version-", ["2.0", "2.1", "2.6", "2.99"])
    for key, etag in keys.items():
        version = key.removeprefix("status/version-")
        quiet.send({"Records": [notifications.record(quiet.names.bucket, key, etag, version)]})
    quiet.work_off()
    assert worked_on(quiet, "version-") == sorted(keys)
