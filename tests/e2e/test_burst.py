"""A burst, with everything that goes wrong on a usual day."""

import random

import pytest
from demo import devices, reports
from operating import spillway
from running import Running

pytestmark = pytest.mark.xdist_group("device-status")

OBJECTS = 120


def test_every_object_event_is_worked_on_once_per_attempt(quiet: Running) -> None:
    burst = reports.generate(OBJECTS, seed=2, group="burst-")
    quiet.begin(burst)
    # S3 delivers at least once: every tenth notification comes again.
    messages = quiet.waiting_messages()
    for message in random.Random(2).sample(messages, len(messages) // 10):
        quiet.send(message["Body"])

    with quiet.ticking():
        quiet.until_quiet()
        dead = quiet.dead()
        assert dead == len(reports.unregistered_devices(burst)) > 0

        devices.register(quiet.aws, quiet.names.devices_table, reports.unregistered_devices(burst))
        example = str(quiet.stack.example)
        would = spillway(quiet.emulator, "--terraform-dir", example, "redrive", "--dry-run")
        assert f"would move {dead} message" in would.stdout, would
        done = spillway(quiet.emulator, "-p", quiet.stack.settings.name, "redrive", "--velocity", "10")
        assert done.returncode == 0, done
        quiet.until_quiet()

    verdict = quiet.judge(burst, "burst-")
    assert verdict.faults == []
    assert (verdict.lost, verdict.duplicates, verdict.succeeded) == (0, 0, OBJECTS)
    nothing = spillway(quiet.emulator, "-p", quiet.stack.settings.name, "redrive")
    assert (nothing.returncode, nothing.stdout.split(":")[0]) == (0, "nothing to move")
