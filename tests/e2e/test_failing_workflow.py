"""A workflow that fails for a while: judged by the uploads and by Step Functions alone."""

import dataclasses

import pytest
from demo import devices, reports
from operating import spillway
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

OBJECTS = 30
SEED = 10


def test_a_workflow_that_fails_for_a_while_costs_the_attempts_it_should_and_no_event(quiet: Running) -> None:
    made = reports.generate(OBJECTS, seed=SEED, group="broken-", fails_first=0, unknown_device=0, again=0)
    # Nobody's device is registered while the workflow is broken: all fail, at every allowed attempt.
    burst = [dataclasses.replace(report, unknown_device=True) for report in made]
    quiet.upload(burst)
    with quiet.ticking():
        quiet.until_quiet()
        assert quiet.dead() == OBJECTS
        assert {run.status for run in quiet.executions("broken-")} == {"FAILED"}
        would = spillway(quiet.emulator, "-p", quiet.name, "redrive", "--error", "UnknownDevice", "--dry-run")
        assert f"would move {OBJECTS} messages of {OBJECTS} looked at" in would.stdout, would

        devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices(burst))
        done = spillway(quiet.emulator, "-p", quiet.name, "redrive", "--error", "UnknownDevice")
        assert (done.returncode, f"{OBJECTS} messages of" in done.stdout) == (0, True), done
        quiet.until_quiet()
    # Three attempts that failed and one that did not, of each, one after the other.
    verdict = quiet.judge(burst, "broken-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.executions) == (0, 0, 4 * OBJECTS)
