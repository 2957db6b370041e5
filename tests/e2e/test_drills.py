"""Drills on the emulator: a trouble is made, the alarm is heard within three ticks, and ends after what the runbook says was done.

A tick stands for a minute: what the functions print in it gets that minute's time, and the alarms are evaluated at its end.
"""

import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from alarms import plans
from alarms.definitions import Alarm, Watch, of_plan
from alarms.series import Metrics
from demo import reports
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

TICKS = 3
# Five periods of which three must be well again.
ENDS_AFTER = 6


class Minutes:
    """Ticks, each of them a minute, and the alarms that have begun."""

    def __init__(self, running: Running, alarms: dict[str, Alarm]) -> None:
        self._running, self._metrics = running, Metrics()
        self._watch = Watch(alarms, self._metrics)
        # An hour after 1970 began, when no pipeline is new.
        self._minute, self._seen = 60, set(self._lines())
        self._metrics.ticked_before(running.name, 60 * self._minute)

    def tick(self) -> set[str]:
        """The alarms that have begun, by their names without the pipeline's."""
        good, _ = self._running.invoke()
        now = 60 * self._minute + 30
        # What Lambda says of it itself.
        dispatch = {"FunctionName": self._running.outputs["dispatch_function_name"]}
        self._metrics.put("AWS/Lambda", "Errors", dispatch, now, 0 if good else 1)
        lines = [line for line in self._lines() if line not in self._seen]
        self._seen.update(lines)
        self._metrics.read(_at(line, now) for line in lines)
        self._minute += 1
        return {name.split("_", 2)[2] for name in self._watch.look(60 * self._minute)}

    def until(self, alarm: str, ticks: int) -> None:
        """Until it has begun, and as quickly."""
        heard = [self.tick() for _ in range(ticks)]
        assert alarm in heard[-1], heard

    def until_quiet(self, ticks: int = ENDS_AFTER) -> None:
        heard = [self.tick() for _ in range(ticks)]
        assert heard[-1] == set(), heard

    def _lines(self) -> Iterator[str]:
        for group in ("dispatch", "settle"):
            name = self._running.outputs["log_group_names"][group]
            pages = self._running.aws.logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            yield from (event["message"] for page in pages for event in page["events"] if '"_aws"' in event["message"])


def _at(line: str, now: float) -> str:
    root = json.loads(line)
    root["_aws"]["Timestamp"] = now * 1000
    return json.dumps(root)


@pytest.fixture
def minutes(quiet: Running, tmp_path_factory: pytest.TempPathFactory) -> Minutes:
    name = quiet.stack.settings.name
    alarms, _ = of_plan(plans.of_module(tmp_path_factory.mktemp("alarms"), name=name, handlers=["dispatch", "reconcile", "settle"]))
    return Minutes(quiet, alarms)


@contextlib.contextmanager
def control(running: Running, **attributes: dict) -> Iterator[None]:
    """An operator's item by hand, with no other attribute."""
    table, key = running.outputs["ledger_table_name"], {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}
    running.aws.dynamodb.put_item(TableName=table, Item={**key, **attributes})
    try:
        yield
    finally:
        running.aws.dynamodb.delete_item(TableName=table, Key=key)


def test_a_burst_that_succeeds_is_quiet(quiet: Running, minutes: Minutes) -> None:
    burst = reports.generate(30, seed=31, group="calm-", fails_first=0.1, unknown_device=0, again=0)
    quiet.begin(burst)
    heard = [minutes.tick() for _ in range(3)]
    quiet.work_off()
    heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * 6
    # Its role may ask for the size of each, and each is there.
    assert quiet.tick()["QueuesUnread"] == 0
    assert quiet.judge(burst, "calm-").faults == []


def test_one_poison_object_is_told_of_and_over_once_nothing_lies_there(quiet: Running, minutes: Minutes) -> None:
    burst = reports.generate(4, seed=32, group="poison-", fails_first=0, unknown_device=0.25, again=0)
    assert [report.unknown_device for report in burst].count(True) == 1
    quiet.begin(burst)
    quiet.work_off()
    minutes.until("dead-letters", TICKS)
    assert len(quiet.take_dead()) == 1
    minutes.until_quiet()


def test_a_misspelt_control_item_is_told_of_and_over_once_it_is_gone(quiet: Running, minutes: Minutes) -> None:
    assert minutes.tick() == set()
    with control(quiet, paussed={"BOOL": True}):
        minutes.until("errors_dispatch", TICKS)
    minutes.until_quiet()


def test_an_old_override_is_told_of_and_a_new_one_is_not(quiet: Running, minutes: Minutes) -> None:
    limit = {"N": "2"}
    with control(quiet, max_concurrency=limit, since={"S": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}):
        minutes.until_quiet(TICKS)
    with control(quiet, max_concurrency=limit, since={"S": "2026-01-01T00:00:00Z"}):
        minutes.until("override", TICKS)
    with control(quiet, max_concurrency=limit):
        minutes.until("override", TICKS)
    minutes.until_quiet()
