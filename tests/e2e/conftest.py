"""The sites that the tests share: each group of tests has its own, in any process."""

import os
from collections.abc import Iterator
from pathlib import Path

import minutes as minutes_of
import pytest
from build import handlers, targets
from minutes import Minutes
from one_pipeline import Pipeline
from program.locks import exclusive
from running import Running
from sites import Site, Sites


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The handlers, built once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "handlers"
    with exclusive(directory.with_suffix(".lock")):
        if not (directory / "handlers.json").exists():
            handlers.build("dev", [targets.find(targets.host_architecture())], directory)
    return directory


@pytest.fixture(scope="session")
def sites(built: Path) -> Iterator[Sites]:
    up = Sites(built)
    yield up
    up.stop()


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, sites: Sites) -> Site:
    """Of the module's group."""
    return sites[request.node.get_closest_marker("xdist_group").args[0]]


@pytest.fixture(scope="module")
def running(site: Site) -> Running:
    """The example device-status."""
    return site.running


@pytest.fixture(scope="module")
def pipelines(site: Site) -> dict[str, Pipeline]:
    """Those of tests/e2e/cells or of tests/e2e/pipelines, by name."""
    return site.pipelines


@pytest.fixture(scope="module")
def cross_account(site: Site) -> Pipeline:
    """The example of that name: the bucket is another account's."""
    return site.example("cross-account")


@pytest.fixture(scope="module")
def shared_bucket(site: Site) -> Pipeline:
    """The example of that name: a bucket with other users, and a partner's bucket by EventBridge."""
    return site.example("shared-bucket")


@pytest.fixture(scope="module")
def glue_crawler(site: Site) -> Pipeline:
    """The example of that name: its bucket's topic feeds a crawler's queue too."""
    return site.example("glue-crawler")


@pytest.fixture(scope="module")
def glue_job(site: Site) -> Pipeline:
    """The example of that name: an execution is a run of a Glue job."""
    return site.example("glue-job")


@pytest.fixture
def quiet(running: Running) -> Iterator[Running]:
    """The pipeline, empty again afterwards: so that a test that failed does not make others fail."""
    yield running
    running.aws.sqs.purge_queue(QueueUrl=running.names.events_queue)
    running.work_off()
    running.take_dead()


@pytest.fixture
def minutes(quiet: Running, tmp_path_factory: pytest.TempPathFactory) -> Minutes:
    """Of a drill on it, with all of its alarms."""
    return minutes_of.of(quiet, tmp_path_factory.mktemp("alarms"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In any order, but first the tests that need a site as it was applied, last those that take it down."""
    order = {"test_apply.py": 0, "test_destroy.py": 2}
    items.sort(key=lambda item: order.get(item.path.name, 1))
