"""Rules with a rate."""

import datetime
import itertools
import json
from pathlib import Path

from emulator import Emulator
from emulator.aws import Aws
from emulator.resources import queue, until


def test_a_shorter_minute_makes_every_rate_shorter(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path, schedule_seconds=2)
    emulator.start()
    try:
        aws = Aws(emulator.endpoint)
        urls = []
        for rate in ("1 minute", "2 minutes"):
            name = f"every-{rate.replace(' ', '-')}"
            url, arn = queue(aws, name, "events.amazonaws.com")
            aws.events.put_rule(Name=name, ScheduleExpression=f"rate({rate})")
            aws.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
            urls.append(url)
        # Three firings of the second take six minutes of the usual length.
        assert until(lambda: all(len(emulator.messages(url)) >= 3 for url in urls), 120)
        for url, least in zip(urls, (2, 4), strict=True):
            fired = sorted(json.loads(message["Body"])["time"] for message in emulator.messages(url))
            times = [datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) for time in fired]
            # A busy machine makes them later, and none earlier.
            assert all((after - before).total_seconds() >= least for before, after in itertools.pairwise(times)), fired
    finally:
        emulator.stop()
