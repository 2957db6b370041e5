"""S3's notifications of uploads, written by hand, and their fates on the way."""

import dataclasses
import json
import random

from emulator.additions import s3_keys


@dataclasses.dataclass(frozen=True)
class Upload:
    bucket: str
    key: str
    # None: the bucket keeps no versions.
    version: str | None
    # Of all uploads, in the order in which S3 took them.
    number: int
    etag: str = "d41d8cd98f00b204e9800998ecf8427e"
    size: int = 100
    time: str = "2026-11-22T12:00:00.000Z"

    @property
    def identity(self) -> tuple[str, str | None]:
        return self.key, self.version

    @property
    def record(self) -> dict:
        item = {
            "key": s3_keys.encoded(self.key),
            "size": self.size,
            "eTag": self.etag,
            "sequencer": f"{0x0055AED6DCD90281 + self.number:018X}",
        }
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventTime": self.time,
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "uploads",
                "bucket": {"name": self.bucket, "arn": f"arn:aws:s3:::{self.bucket}"},
                "object": {**item, **({"versionId": self.version} if self.version else {})},
            },
        }


def uploads(bucket: str, objects: int, versions: int, rng: random.Random) -> list[Upload]:
    """Of every eight objects the attempts of one always fail, and of two the first."""
    kinds = ["always-fails", "fails-first", "fails-first", *["plain"] * 5]
    keys = [f"in/{kinds[number % len(kinds)]}/{number} +%é.json" for number in range(objects)] * versions
    # Objects in any order, and the versions of each in turn.
    rng.shuffle(keys)
    return [Upload(bucket, key, f"version-{number}", number) for number, key in enumerate(keys)]


def notifications(some: list[Upload], rng: random.Random) -> list[str]:
    """Bodies of messages: most uploads alone, some several in one; some told twice."""
    told = [*some, *rng.sample(some, k=len(some) // 5)]
    bodies = []
    while told:
        together = 3 if rng.random() < 0.1 else 1
        bodies.append(json.dumps({"Records": [upload.record for upload in told[:together]]}))
        told = told[together:]
    return bodies
