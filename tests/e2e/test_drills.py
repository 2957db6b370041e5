"""Drills on the emulator: a trouble is made, the alarm is heard within three ticks, and ends after the commands of its page."""

import contextlib
import dataclasses
import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo import devices, reports
from minutes import AT_ONCE, ENDS_AFTER, TICKS, Minutes, does, tick_by_hand
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")


def control(running: Running, **attributes: dict) -> None:
    """An operator's item by hand, with no other attribute."""
    key = {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}
    running.aws.dynamodb.put_item(TableName=running.outputs["ledger_table_name"], Item={**key, **attributes})


def calm(group: str, objects: int) -> list[reports.Report]:
    return reports.generate(objects, seed=31, group=group, fails_first=0, unknown_device=0, again=0)


def test_a_burst_that_succeeds_is_quiet(quiet: Running, minutes: Minutes) -> None:
    burst = reports.generate(30, seed=31, group="calm-", fails_first=0.1, unknown_device=0, again=0)
    quiet.begin(burst)
    heard = [minutes.tick() for _ in range(3)]
    quiet.work_off()
    heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * 6
    # Its role has the permission to ask for the size of each, and each is there.
    assert quiet.tick()["QueuesUnread"] == 0
    assert quiet.judge(burst, "calm-").faults == []


def test_one_poison_object_is_told_of_and_discarded(quiet: Running, minutes: Minutes) -> None:
    burst = reports.generate(4, seed=32, group="poison-", fails_first=0, unknown_device=0.25, again=0)
    (poison,) = [report for report in burst if report.unknown_device]
    quiet.begin(burst)
    quiet.work_off()
    minutes.until("dead-letters", 1)
    assert "UnknownDevice" in does(quiet, "dead-letters", "spillway -p NAME failed")
    discard = "spillway -p NAME discard --object s3://my-bucket/status/7.json --reason 'test data' --yes"
    does(quiet, "dead-letters", discard, key=poison.key)
    minutes.until_quiet(AT_ONCE)


def test_a_target_that_is_down_is_told_of_and_costs_no_event(quiet: Running, minutes: Minutes) -> None:
    """Nobody's device is registered for a while, so every attempt fails. `failures` needs minutes of that, and is simulated."""
    burst = [dataclasses.replace(report, unknown_device=True) for report in calm("down-", 6)]
    quiet.upload(burst)
    quiet.work_off()
    minutes.until("dead-letters", 1)
    does(quiet, "failures", "spillway -p NAME pause --reason 'target is down'")
    assert quiet.tick()["Paused"] == 1
    devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices(burst))
    does(quiet, "failures", "spillway -p NAME resume")
    does(quiet, "failures", "spillway -p NAME redrive")
    quiet.work_off()
    # The paused tick saw them too, within the first of these minutes.
    minutes.until_quiet(AT_ONCE + 1)
    verdict = quiet.judge(burst, "down-")
    assert (verdict.faults, verdict.lost, verdict.duplicates) == ([], 0, 0)


def test_a_schedule_that_is_off_is_told_of_and_a_tick_by_hand_is_a_tick(quiet: Running, minutes: Minutes) -> None:
    began = time.time()
    heard = [minutes.without_a_tick() for _ in range(TICKS)]
    assert heard[-1] == {"no-tick"}, heard
    assert f"the rule {quiet.name}_tick is disabled" in does(quiet, "no-tick", "spillway -p NAME status")
    with quiet.scheduled_no_more():
        does(quiet, "no-tick", "spillway -p NAME schedule on")
        wait(lambda: len(quiet.ticks(began)) > 0, "no tick is scheduled")
    heard = [minutes.without_a_tick()]
    for _ in range(ENDS_AFTER - 1):
        tick_by_hand(quiet, "no-tick")
        heard.append(minutes.without_a_tick())
    assert heard[-1] == set(), heard


def test_starts_that_are_forbidden_are_told_of_and_over_once_they_are_allowed(quiet: Running, minutes: Minutes) -> None:
    burst = calm("barred-", 3)
    quiet.begin(burst)

    def without_starts(statements: list[dict]) -> list[dict]:
        return [statement for statement in statements if "states:StartExecution" not in statement["Action"]]

    with quiet.allowed(quiet.names.dispatch, without_starts):
        minutes.until("errors_dispatch", TICKS)
        told = does(quiet, "errors", "spillway -p NAME status")
        assert "failed in the last 5 minutes: no execution can be started" in told, told
    tick_by_hand(quiet, "errors")
    quiet.work_off()
    minutes.until_quiet()
    assert quiet.judge(burst, "barred-").faults == []


def test_a_misspelt_control_item_is_told_of_and_taken_away(quiet: Running, minutes: Minutes) -> None:
    assert minutes.tick() == set()
    control(quiet, paussed={"BOOL": True})
    minutes.until("errors_dispatch", TICKS, "no-tick")
    does(quiet, "errors", "spillway -p NAME unset --all")
    minutes.until_quiet()


def test_an_old_override_is_told_of_and_a_new_one_is_not(quiet: Running, minutes: Minutes) -> None:
    control(quiet, max_concurrency={"N": "2"}, since={"S": "2026-01-01T00:00:00Z"})
    minutes.until("override", 1)
    does(quiet, "override", "spillway -p NAME unset --all")
    minutes.until_quiet(AT_ONCE)
    # By hand, and nobody wrote when.
    control(quiet, max_concurrency={"N": "2"})
    minutes.until("override", 1)
    does(quiet, "override", "spillway -p NAME set max_concurrency=5 --reason 'deploy' --for 30m")
    minutes.until_quiet(AT_ONCE)
    does(quiet, "override", "spillway -p NAME unset --all")


@contextlib.contextmanager
def other_build(running: Running, function: str, archive: bytes) -> Iterator[None]:
    """Another archive, and the one before afterwards."""
    with zipfile.ZipFile(io.BytesIO(archive)) as before:
        members = {member.filename: (member.external_attr, before.read(member)) for member in before.infolist()}
    after = io.BytesIO()
    with zipfile.ZipFile(after, "w") as zipped:
        for name, (attributes, content) in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = attributes
            zipped.writestr(entry, content)
    update = running.aws.lambda_.update_function_code
    hashes = [update(FunctionName=function, ZipFile=after.getvalue())["CodeSha256"]]
    yield
    hashes.append(update(FunctionName=function, ZipFile=archive)["CodeSha256"])
    assert len(set(hashes)) == 2


def test_handlers_deployed_and_rolled_back_in_the_middle_of_a_burst_are_quiet(
    quiet: Running, built: Path, minutes: Minutes
) -> None:
    """The other build is the same code in another archive: the functions' processes are replaced, as by any deployment."""
    burst = calm("deployed-", 24)
    archives = {
        quiet.outputs[f"{handler}_function_name"]: next(built.glob(f"{handler}-*.zip")).read_bytes()
        for handler in ("dispatch", "settle")
    }
    heard = []
    quiet.begin(burst[:12])
    heard.append(minutes.tick())
    with contextlib.ExitStack() as deployed:
        for function, archive in archives.items():
            deployed.enter_context(other_build(quiet, function, archive))
        heard.append(minutes.tick())
        quiet.begin(burst[12:])
        heard.append(minutes.tick())
    quiet.work_off()
    heard += [minutes.tick() for _ in range(3)]
    assert heard == [set()] * 6
    verdict = quiet.judge(burst, "deployed-")
    assert (verdict.faults, verdict.lost, verdict.duplicates, verdict.executions) == ([], 0, 0, len(burst))


def test_a_function_of_another_release_is_told_of(quiet: Running, minutes: Minutes) -> None:
    with quiet.configured(quiet.names.dispatch, timeout=25, SPILLWAY_RELEASE="0.0.1"):
        heard = [minutes.five_with_a_tick() for _ in range(TICKS)]
    assert heard == [set(), set(), {"other-release"}]
    heard = [minutes.five_with_a_tick() for _ in range(TICKS)]
    assert heard[-1] == set(), heard


def test_an_invocation_that_takes_too_long_is_told_of(quiet: Running, minutes: Minutes) -> None:
    """Lambda would end it a second later: it counts from its first moment."""
    began = time.time()
    with quiet.configured(quiet.names.dispatch, timeout=1):
        minutes.until("function-limit", 1)
    assert quiet.metric("TimedOut", began)["Sum"] > 0
    minutes.until_quiet(AT_ONCE)
