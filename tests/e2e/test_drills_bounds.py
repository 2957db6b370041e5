"""Drills of bounds: ages, times, shares, the day's limit. The bounds are low, so that a drill is short."""

import dataclasses
import json
import re
import time
from collections.abc import Iterator

import command_lines
import minutes as minutes_of
import other_workflow
import pytest
from demo import devices, reports
from minutes import TICKS, Minutes, does
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

BOUNDS = {"drain_seconds": 60, "oldest_event_seconds": 60, "oldest_slot_seconds": 600, "limit_of_the_day": True}
HOUR = 3_600_000


def steer(running: Running, values: str) -> None:
    ended = command_lines.run(f"spillway -p NAME {values}", running)
    assert ended.returncode == 0, ended


@pytest.fixture
def minutes(quiet: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minutes]:
    yield minutes_of.of(quiet, tmp_path_factory.mktemp("alarms"), **BOUNDS)
    steer(quiet, "unset --all")


def calm(group: str, objects: int) -> list[reports.Report]:
    return reports.generate(objects, seed=61, group=group, fails_first=0, unknown_device=0, again=0)


def judged(running: Running, burst: list[reports.Report], group: str, limit: int | None = None) -> None:
    verdict = running.judge(burst, group, limit)
    assert (verdict.faults, verdict.lost, verdict.duplicates) == ([], 0, 0)


def only_slot(running: Running) -> dict:
    (slot,) = running.ledger_of("slots")
    return slot


def test_a_backlog_that_lasts_is_told_of_and_drained_by_a_higher_limit(quiet: Running, minutes: Minutes) -> None:
    # However fast the machine is, a tick with one execution at a time leaves more than it starts.
    burst = calm("backlog-", 240)
    steer(quiet, "set max_concurrency=1 --reason 'a drill'")
    quiet.begin(burst)
    heard = [minutes.tick() for _ in range(TICKS)]
    assert heard[-1] == {"drain-time", "oldest-event_default"}, heard
    told = does(quiet, "oldest-event", "spillway -p NAME status")
    # About so long, or at the earliest.
    assert re.search("[0-9] a minute over the last 5, drained in .*[0-9].* at [0-9.]+ a minute", told), told
    began = time.time()
    does(quiet, "oldest-event", "spillway -p NAME set max_concurrency=200 --for 2h")
    minutes.work_off()
    assert quiet.metric("MaxConcurrency", began)["Minimum"] == 200
    minutes.until_quiet_by_fives()
    judged(quiet, burst, "backlog-", limit=200)


def test_an_execution_that_hangs_is_told_of_and_stopped(quiet: Running, minutes: Minutes) -> None:
    """Its slot is made an hour old."""
    with other_workflow.holding(quiet) as held:
        quiet.put("status/hangs-0.json")
        quiet.until_waiting(1)
        assert minutes.tick() == set()
        wait(lambda: len(held.keys()) == 1, "nothing is held")
        slot = only_slot(quiet)
        aged = {**slot, "taken_at": {"N": str(int(slot["taken_at"]["N"]) - HOUR)}}
        quiet.aws.dynamodb.put_item(TableName=quiet.outputs["ledger_table_name"], Item=aged)
        minutes.until("oldest-slot", TICKS)
        execution = slot["sk"]["S"]
        assert execution in does(quiet, "oldest-slot", "spillway -p NAME running --longest 10")
        with other_workflow.defined(quiet, other_workflow.AT_ONCE):
            does(quiet, "oldest-slot", "spillway -p NAME running --stop device-7-0123 --yes", execution=execution)
            minutes.work_off()
    minutes.until_quiet()
    runs = sorted((run.attempt, run.status) for run in quiet.executions("hangs-"))
    assert runs == [(1, "ABORTED"), (2, "SUCCEEDED")]


def test_an_execution_that_somebody_redrove_is_told_of_and_a_replay_is_an_attempt(quiet: Running, minutes: Minutes) -> None:
    """The emulator redrives none: the test sends the status event that Step Functions sends of one."""
    (dead,) = [dataclasses.replace(report, unknown_device=True) for report in calm("redriven-", 1)]
    quiet.upload([dead])
    quiet.work_off()
    last = max(quiet.executions("redriven-"), key=lambda run: run.attempt)
    detail = {"name": last.name, "status": "FAILED", "redriveCount": 1}
    event = json.dumps({"source": "aws.states", "detail": detail})
    quiet.aws.sqs.send_message(QueueUrl=quiet.outputs["outcomes_queue_url"], MessageBody=event)
    wait(lambda: quiet.outcomes() == 0, quiet.left)
    minutes.until("needs-person", 1, "dead-letters")
    devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices([dead]))
    does(quiet, "needs-person", "spillway -p NAME replay --object s3://my-bucket/status/7.json", key=dead.key)
    minutes.work_off()
    assert [run.status for run in quiet.executions("redriven-") if run.attempt == last.attempt + 1] == ["SUCCEEDED"]
    # The attempt that the dead letter asks for was made meanwhile.
    does(quiet, "failures", "spillway -p NAME redrive")
    minutes.work_off()
    minutes.until_quiet_by_fives()
    judged(quiet, [dead], "redriven-")


def test_attempts_that_fail_for_minutes_are_told_of_and_paused(quiet: Running, minutes: Minutes) -> None:
    *burst, last = calm("fails-", 3 * TICKS + 1)
    failing = [dataclasses.replace(report, unknown_device=True) for report in burst]
    heard = []
    for first in range(0, len(failing), 3):
        quiet.upload(failing[first : first + 3])
        quiet.work_off()
        heard.append(minutes.tick())
    assert heard[-1] == {"failures", "dead-letters"}, heard
    assert "UnknownDevice" in does(quiet, "failures", "spillway -p NAME failed")
    does(quiet, "failures", "spillway -p NAME pause --reason 'target is down'")
    before = quiet.count()
    for _ in range(TICKS - 1):
        minutes.tick()
    quiet.begin([last])
    assert minutes.tick() == {"dead-letters"}
    assert quiet.count() == before
    devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices(failing))
    does(quiet, "failures", "spillway -p NAME resume")
    does(quiet, "failures", "spillway -p NAME redrive")
    minutes.work_off()
    minutes.until_quiet()
    judged(quiet, [*failing, last], "fails-")


def test_a_days_limit_that_is_reached_is_told_of(quiet: Running, minutes: Minutes) -> None:
    burst = calm("day-", 4)
    quiet.begin(burst)
    with quiet.configured(quiet.names.dispatch, timeout=25, SPILLWAY_STARTS_PER_DAY=2):
        minutes.until("day-limit", TICKS, "oldest-event_default")
        assert "the day's limit is reached (2 of 2 starts)" in does(quiet, "day-limit", "spillway -p NAME status")
    # Applied without it.
    minutes.work_off()
    minutes.until_quiet_by_fives()
    judged(quiet, burst, "day-")


def test_receives_that_are_forbidden_are_told_of(quiet: Running, minutes: Minutes) -> None:
    burst = calm("unreceived-", 3)
    quiet.begin(burst)

    def without_receives(statements: list[dict]) -> list[dict]:
        allowed = [[action for action in statement["Action"] if action != "sqs:ReceiveMessage"] for statement in statements]
        return [{**statement, "Action": actions} for statement, actions in zip(statements, allowed, strict=True) if actions]

    with quiet.allowed(quiet.names.dispatch, without_receives):
        minutes.until("stands-still", TICKS, "errors_dispatch", "drain-time", "oldest-event_default")
        told = does(quiet, "stands-still", "spillway -p NAME status")
        assert "AccessDenied" in told, told
    minutes.work_off()
    minutes.until_quiet_by_fives()
    judged(quiet, burst, "unreceived-")
