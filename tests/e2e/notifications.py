"""S3's notifications, written by hand."""

import itertools
import json

from emulator.additions import s3_keys

_sequencers = itertools.count(0x0055AED6DCD90281)


def record(bucket: str, key: str, etag: str, version: str = "2.6") -> dict:
    return {
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-22T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "EXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "device-status-status",
            "bucket": {"name": bucket, "ownerIdentity": {"principalId": "EXAMPLE"}, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {
                "key": s3_keys.encoded(key),
                "size": 100,
                "eTag": etag,
                "sequencer": f"{next(_sequencers):018X}",
            },
        },
    }


def test_event(bucket: str) -> dict:
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-22T12:00:00.000Z",
        "Bucket": bucket,
        "RequestId": "EXAMPLE",
        "HostId": "EXAMPLE",
    }


def padded(notification: dict, size: int) -> str:
    """The same notification with an unknown field, so that it has exactly that many bytes."""
    bare = json.dumps({**notification, "padding": ""})
    return json.dumps({**notification, "padding": "x" * (size - len(bare))})
