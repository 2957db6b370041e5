"""One emulator for the tests that need one. What the tests start finds the project's Python code."""

import os
import signal
from collections.abc import Iterator

import pytest
from emulator import Emulator
from emulator.aws import Aws
from program.paths import PYTHONPATH

os.environ["PYTHONPATH"] = PYTHONPATH

# A shell lets what it runs in the background ignore Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def aws(emulator: Emulator) -> Aws:
    return Aws(emulator.endpoint)
