"""moto's server, once for each process of a run, and pipelines at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from build import handlers
from emulator.aws import Aws
from server import Server
from under_test import Settings, UnderTest


@pytest.fixture(scope="session")
def binaries() -> dict[str, Path]:
    return handlers.binaries("dev")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    up = Server(tmp_path_factory.mktemp("moto"))
    yield up
    up.stop()


@pytest.fixture(scope="session")
def aws(server: Server) -> Aws:
    return Aws(server.endpoint)


@pytest.fixture
def make(server: Server, aws: Aws, binaries: dict[str, Path], tmp_path: Path) -> Iterator[Callable[[str, Settings], UnderTest]]:
    """Makes a pipeline; its functions end with the test."""
    made = []

    def of(name: str, settings: Settings) -> UnderTest:
        made.append(UnderTest(name, settings, server, aws, binaries, tmp_path))
        return made[-1]

    yield of
    for pipeline in made:
        pipeline.stop()
