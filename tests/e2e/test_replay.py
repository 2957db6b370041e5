"""Finished events, replayed by the operator's program while others wait."""

import collections
import concurrent.futures

import pytest
from demo import devices, reports
from demo.executions import Execution, peak_running
from operating import spillway
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

OBJECTS = 12
LIMIT = 3


def by_key(runs: list[Execution]) -> dict[str, list[Execution]]:
    found: dict[str, list[Execution]] = collections.defaultdict(list)
    for run in sorted(runs, key=lambda run: run.start):
        for item in run.objects:
            found[item["key"]].append(run)
    return found


def test_succeeded_and_dead_events_run_once_more_each_and_within_the_limit(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=9, group="replay-", fails_first=0, unknown_device=0.34, again=0)
    unknown = {report.key for report in burst if report.unknown_device}
    assert 0 < len(unknown) < OBJECTS
    quiet.begin(burst)
    quiet.work_off()
    assert quiet.dead() == len(unknown)
    devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices(burst))
    before = by_key(quiet.executions("replay-"))
    assert {key: [run.attempt for run in runs] for key, runs in before.items()} == {
        report.key: [1, 2, 3] if report.unknown_device else [1] for report in burst
    }

    name, bucket = quiet.stack.settings.name, quiet.names.bucket
    selected = ("replay", "--prefix", f"s3://{bucket}/status/replay-", "--state", "SUCCEEDED", "--state", "DEAD")
    would = spillway(quiet.emulator, "-p", name, *selected, "--dry-run")
    assert f"would ask for {OBJECTS} attempts ({len(unknown)} DEAD, {OBJECTS - len(unknown)} SUCCEEDED)" in would.stdout, would
    # By two people at once, one by the pipeline's name and one by Terraform's outputs.
    ways = (("-p", name), ("--terraform-dir", str(quiet.stack.example)))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda way: spillway(quiet.emulator, *way, *selected), ways))
    assert [run.returncode for run in done] == [0, 0], done
    assert len(quiet.waiting_messages()) == 2 * OBJECTS
    with quiet.controlled(max_concurrency=LIMIT):
        assert quiet.fill(LIMIT) == LIMIT
        quiet.work_off()

    after = by_key(quiet.executions("replay-"))
    for key, runs in after.items():
        assert runs[:-1] == before[key], key
        assert (runs[-1].attempt, runs[-1].status) == (len(runs), "SUCCEEDED"), key
    assert sum(len(runs) for runs in after.values()) == sum(len(runs) for runs in before.values()) + OBJECTS
    assert peak_running([runs[-1] for runs in after.values()]) <= LIMIT

    # The messages left in the dead-letter queue ask for attempts that were taken meanwhile.
    assert spillway(quiet.emulator, "-p", name, "redrive").returncode == 0
    quiet.work_off()
    assert quiet.dead() == 0
    assert by_key(quiet.executions("replay-")) == after
