"""One pipeline for all the tests of a session, for SQS makes an apply take a minute."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pipeline import handlers, targets
from pipeline.aws import Aws
from pipeline.emulator import Emulator
from pipeline.inventory import inventory
from pipeline.kept import clear_away
from pipeline.paths import TARGET
from pipeline.stack import Settings, Stack
from running import Running


@pytest.fixture(scope="session")
def directory(request: pytest.FixtureRequest) -> Iterator[Path]:
    made = TARGET / "e2e" / f"{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    made.mkdir(parents=True)
    yield made
    clear_away(made)


@pytest.fixture(scope="session")
def emulator(directory: Path) -> Iterator[Emulator]:
    emulator = Emulator(directory)
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def before(emulator: Emulator) -> set[str]:
    """What the emulator has before anything is applied."""
    return inventory(Aws(emulator.endpoint))


@pytest.fixture(scope="session")
def running(directory: Path, emulator: Emulator, before: set[str]) -> Running:
    handlers.build("dev", [targets.find(targets.host_architecture())], directory / "handlers")
    stack = Stack(directory, Settings(work_seconds=(2, 2), sweep_after_seconds=10))
    stack.lay_out(emulator, directory / "handlers")
    names = stack.apply()
    return Running(emulator, stack, names, Aws(emulator.endpoint))


@pytest.fixture
def quiet(running: Running) -> Iterator[Running]:
    """The pipeline with its schedule off; empty again afterwards, so that a test that failed does not make others fail."""
    running.aws.events.disable_rule(Name=running.names.rule)
    running.tick()  # waits for one that is still under way
    yield running
    running.aws.sqs.purge_queue(QueueUrl=running.names.events_queue)
    running.take_dead()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what needs the stack as it was applied, last what takes it down."""
    order = {"test_apply.py": 0, "test_destroy.py": 2}
    items.sort(key=lambda item: order.get(item.path.name, 1))
