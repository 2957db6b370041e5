"""What is applied once for all the tests of a session, for SQS makes an apply take a minute."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
import roots
from one_pipeline import Pipeline, work_off
from pipeline import handlers, targets
from pipeline.aws import EMULATORS_OWN, Aws
from pipeline.emulator import Emulator
from pipeline.inventory import inventory
from pipeline.kept import clear_away
from pipeline.paths import TARGET
from pipeline.stack import Settings, Stack
from pipeline.terraform import Terraform
from pipeline.working_copy import WorkingCopy
from roots import Root
from running import Running

# Which fixture needs which root module.
NEEDS = {
    "running": "device-status",
    "pipelines": "pipelines",
    "cross_account": "cross-account",
    "shared_bucket": "shared-bucket",
    "glue_crawler": "glue-crawler",
    "glue_job": "glue-job",
}


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
def before(emulator: Emulator) -> dict[str, set[str]]:
    """What each account has before anything is applied."""
    return {account: inventory(Aws(emulator.endpoint, account)) for account in (EMULATORS_OWN, roots.UPLOADS, roots.PIPELINE)}


@pytest.fixture(scope="session")
def stack(directory: Path) -> Stack:
    return Stack(directory, Settings(work_seconds=(2, 2), sweep_after_seconds=10))


@pytest.fixture(scope="session")
def applied(
    request: pytest.FixtureRequest, directory: Path, emulator: Emulator, before: dict[str, set[str]], stack: Stack
) -> dict[str, Root]:
    """The root modules that the tests of this session need, all of them up: applied at the same time."""
    built = directory / "handlers"
    handlers.build("dev", [targets.find(targets.host_architecture())], built)
    copy = WorkingCopy(directory)
    needed = {NEEDS[name] for item in request.session.items for name in item.fixturenames if name in NEEDS}
    with ThreadPoolExecutor() as pool:
        up: dict[str, Root] = {}
        for name in sorted(needed):
            up[name] = roots.apply(pool, _lay_out(name, copy, emulator, built, stack))
        for root in up.values():
            root.applied.result()
    return up


def _lay_out(name: str, copy: WorkingCopy, emulator: Emulator, built: Path, stack: Stack) -> Terraform:
    if name == "device-status":
        stack.lay_out(emulator, built, copy)
        return stack.terraform
    others = {
        "pipelines": roots.pipelines,
        "cross-account": roots.cross_account,
        "shared-bucket": roots.shared_bucket,
        "glue-crawler": roots.glue_crawler,
        "glue-job": roots.glue_job,
    }
    return others[name](copy, emulator, built)


@pytest.fixture(scope="session")
def running(applied: dict[str, Root], emulator: Emulator, stack: Stack) -> Running:
    return Running(emulator, stack, stack.names(applied["device-status"].applied.result()), Aws(emulator.endpoint))


@pytest.fixture(scope="session")
def pipelines(applied: dict[str, Root], emulator: Emulator) -> dict[str, Pipeline]:
    """Those of tests/e2e/pipelines, by name."""
    outputs, aws = applied["pipelines"].applied.result(), Aws(emulator.endpoint)
    up = {}
    for name, module in outputs["pipelines"].items():
        bucket = outputs["buckets"][name]
        up[name] = Pipeline(name, emulator, aws, module, bucket["uploads"], bucket["topics"])
    work_off(list(up.values()))  # S3's and SNS's test events
    return up


@pytest.fixture(scope="session")
def cross_account(applied: dict[str, Root], emulator: Emulator) -> Pipeline:
    """The example of that name: the bucket is another account's."""
    outputs = applied["cross-account"].applied.result()
    pipeline, uploads = Aws(emulator.endpoint, roots.PIPELINE), Aws(emulator.endpoint, roots.UPLOADS)
    up = Pipeline("cross-account", emulator, pipeline, outputs["spillway"], outputs["bucket"], owner=uploads)
    up.work_off()
    return up


@pytest.fixture(scope="session")
def shared_bucket(applied: dict[str, Root], emulator: Emulator) -> Pipeline:
    """The example of that name: a bucket with other users, and a partner's bucket by EventBridge."""
    outputs = applied["shared-bucket"].applied.result()
    aws = Aws(emulator.endpoint, roots.PIPELINE)
    up = Pipeline("shared-bucket", emulator, aws, outputs["spillway"], outputs["shared_bucket"])
    up.work_off()
    return up


@pytest.fixture(scope="session")
def glue_crawler(applied: dict[str, Root], emulator: Emulator) -> Pipeline:
    """The example of that name: its bucket's topic feeds a crawler's queue too."""
    outputs = applied["glue-crawler"].applied.result()
    up = Pipeline("glue-crawler", emulator, Aws(emulator.endpoint), outputs["spillway"], outputs["bucket"])
    up.work_off()
    return up


@pytest.fixture(scope="session")
def glue_job(applied: dict[str, Root], emulator: Emulator) -> Pipeline:
    """The example of that name: an execution is a run of a Glue job."""
    outputs = applied["glue-job"].applied.result()
    up = Pipeline("glue-job", emulator, Aws(emulator.endpoint), outputs["spillway"], outputs["bucket"])
    up.work_off()
    return up


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
