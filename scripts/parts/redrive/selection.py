"""Which object events a redrive is about: by object, prefix, time or error; all that is given must hold."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

AGO = {"m": "minutes", "h": "hours", "d": "days"}
# Old buckets may have capitals and underscores.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")


@dataclass(frozen=True)
class Selection:
    # `<bucket>/<key>`, as in the ledger.
    objects: tuple[str, ...] = ()
    prefix: str | None = None
    # Milliseconds since the epoch: from the first on, up to and without the second.
    since: int | None = None
    until: int | None = None
    # A part of the error's text, in whatever case.
    error: str | None = None

    @property
    def narrows(self) -> bool:
        return bool(self.objects) or any(part is not None for part in (self.prefix, self.since, self.until, self.error))

    def takes(self, objects: Iterable[str], at: int, error: str) -> bool:
        """`objects`: those that something is about; one of them is enough."""
        about = list(objects)
        return (
            (not self.objects or any(name in self.objects for name in about))
            and (self.prefix is None or any(name.startswith(self.prefix) for name in about))
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
            and (self.error is None or self.error.casefold() in error.casefold())
        )


class Looked:
    """Which of the named objects, and whether anything of the prefix, was found: what names nothing is mostly misspelt."""

    def __init__(self, selection: Selection) -> None:
        self._left = dict.fromkeys(selection.objects)
        self._prefix = selection.prefix
        # Nothing can be said of what was not looked at.
        self.at_all = False

    def found(self, objects: Iterable[str]) -> None:
        self.at_all = True
        for name in objects:
            self._left.pop(name, None)
            if self._prefix is not None and name.startswith(self._prefix):
                self._prefix = None

    @property
    def missing(self) -> list:
        """What is left, as bucket and key: so one sees what was taken for the bucket."""
        objects = [f"bucket {bucket}, key {key}" for bucket, _, key in (name.partition("/") for name in self._left)]
        bucket, _, prefix = (self._prefix or "").partition("/")
        return [*objects, *([f"bucket {bucket}, keys that begin with {prefix!r}"] if bucket else [])]


def named_object(text: str) -> str:
    """`s3://bucket/key`, `bucket/key` or the object's ARN, with the key as its uploader wrote it."""
    bucket, _, key = _without_scheme(text).partition("/")
    if not BUCKET.fullmatch(bucket) or not key:
        raise ValueError(f"{text!r} names no object: give s3://bucket/key or bucket/key, with the key as its uploader wrote it")
    return f"{bucket}/{key}"


def named_prefix(text: str) -> str:
    bucket, _, prefix = _without_scheme(text).partition("/")
    if not BUCKET.fullmatch(bucket):
        raise ValueError(f"{text!r} names no objects: give s3://bucket/prefix or bucket/prefix")
    # A bucket alone is all of it, and not all the buckets whose names begin so.
    return f"{bucket}/{prefix}"


def _without_scheme(text: str) -> str:
    return re.sub(r"^(s3://|arn:aws[\w-]*:s3:::)", "", text)


def moment(text: str, now: datetime.datetime) -> int:
    """ISO 8601, in UTC unless it names its zone, or a time ago such as 90m, 2h or 3d."""
    try:
        if ago := re.fullmatch(r"([0-9]{1,6})([mhd])", text):
            at = now - datetime.timedelta(**{AGO[ago[2]]: int(ago[1])})
        else:
            at = datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is neither a time such as 2026-11-22T20:00:00Z nor a time ago such as 2h") from None
    return round((at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)).timestamp() * 1000)


def shown(millis: int) -> str:
    """A moment as `moment` reads it."""
    at = datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
