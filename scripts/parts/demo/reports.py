"""Device reports to upload, and the expected end of each.

The same seed gives the same reports. Only the content's MD5 says which reports fail on their first attempt. S3 shows it as the
ETag: `overlay` lets the first attempts of those fail.
"""

import dataclasses
import datetime
import hashlib
import itertools
import json
import random

from demo import overlay

# Characters that a URL, a form or a hash could damage.
NAMES = (
    "device-{n:05}",
    "day 1/device {n}",
    "plus+sign {n}",
    "100% full {n}",
    "literal%2Bplus {n}",
    "서울/펌프장 {n}",
    "🌊 flood 🚰 {n}",
    "a=b&c;d'e(f)!{n}",
    "Grüße/{n}",
)
STATUSES = ("ok", "low-battery", "flooded", "offline")
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Report:
    key: str
    body: bytes
    device: str
    status: str
    time: str
    fails_first: bool
    # Nobody registered the device: every attempt fails until someone does.
    unknown_device: bool

    @property
    def etag(self) -> str:
        return hashlib.md5(self.body).hexdigest()


def generate(
    count: int,
    seed: int = 1,
    group: str = "",
    fails_first: float = 0.03,
    unknown_device: float = 0.01,
    again: float = 0.03,
) -> list[Report]:
    """`count` reports, with shares that fail first, are of unknown devices, or replace an object uploaded before.

    Reports of different groups share neither objects nor devices.
    """
    rng = random.Random(seed)
    shares = {"fails_first": fails_first, "unknown_device": unknown_device, "again": again}
    numbers = list(range(1, count))  # the first one is always plain, so that there is one to upload again
    rng.shuffle(numbers)
    chosen: dict[str, set[int]] = {}
    for name, share in shares.items():
        size = min(max(1, round(count * share)), len(numbers) // 3) if share else 0
        chosen[name] = {numbers.pop() for _ in range(size)}
    reports: list[Report] = []
    for number in range(count):
        unknown = number in chosen["unknown_device"]
        known = [report for report in reports if not report.unknown_device]
        if number in chosen["again"]:
            key = rng.choice(known).key
        else:
            key = f"status/{group}{NAMES[number % len(NAMES)].format(n=number)}.json"
        # A device's name has no slash.
        owner = group.replace("/", "-")
        device = f"{owner}unregistered-{number}" if unknown else f"{owner}device-{rng.randrange(max(1, count // 3))}"
        reports.append(_report(rng, number, key, device, number in chosen["fails_first"], unknown))
    return reports


def _report(rng: random.Random, number: int, key: str, device: str, first_fails: bool, unknown: bool) -> Report:
    # Never the same time twice, so that one report of a device is the latest.
    time = (START + datetime.timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    status = rng.choice(STATUSES)
    for nonce in itertools.count():
        content = {"device_id": device, "status": status, "time": time, "reading": rng.randrange(1000), "nonce": nonce}
        body = json.dumps(content, ensure_ascii=False).encode()
        report = Report(key, body, device, status, time, first_fails, unknown)
        if overlay.fails_first(report.etag) == first_fails:
            return report
    raise AssertionError("unreachable")


def plain(number: int, device: str) -> bytes:
    """One report that nothing is wrong with."""
    rng = random.Random(number)
    return _report(rng, number, "", device, first_fails=False, unknown=False).body


def registered_devices(reports: list[Report]) -> list[str]:
    return sorted({report.device for report in reports if not report.unknown_device})


def unregistered_devices(reports: list[Report]) -> list[str]:
    return sorted({report.device for report in reports if report.unknown_device})


def latest(reports: list[Report]) -> dict[str, Report]:
    """Per device, the report that the device table must show in the end."""
    found: dict[str, Report] = {}
    for report in reports:
        if report.device not in found or found[report.device].time < report.time:
            found[report.device] = report
    return found
