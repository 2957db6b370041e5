"""One emulator for the tests that need one. The tests' children find the project's Python code."""

import os
import signal
from collections.abc import Iterator

import pytest
from emulator import Emulator
from emulator.aws import Aws
from program.paths import PYTHONPATH

os.environ["PYTHONPATH"] = PYTHONPATH

# A shell lets its background jobs ignore Ctrl-C, and so would all children that the tests interrupt.
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
