"""Terraform's root modules of a session, applied side by side: SQS makes each apply take a minute."""

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pipeline import targets
from pipeline.emulator import Emulator
from pipeline.terraform import Terraform
from pipeline.working_copy import WorkingCopy

PIPELINES = Path("tests/e2e/pipelines")
EXAMPLES = Path("terraform/examples")
# In the emulator an account is there as soon as somebody uses it.
UPLOADS, PIPELINE = "111111111111", "222222222222"


@dataclasses.dataclass
class Root:
    terraform: Terraform
    # The outputs, once it is applied.
    applied: Future

    def destroy(self) -> None:
        self.terraform.destroy()


def handlers_variables(handlers: Path) -> dict:
    return {"handlers_manifest": str(handlers / "handlers.json"), "architecture": targets.host_architecture()}


def pipelines(copy: WorkingCopy, emulator: Emulator, handlers: Path) -> Terraform:
    copy.add(PIPELINES)
    return copy.root(PIPELINES, emulator, handlers_variables(handlers))


def cross_account(copy: WorkingCopy, emulator: Emulator, handlers: Path) -> Terraform:
    return _example("cross-account", {"uploads": UPLOADS, "pipeline": PIPELINE}, copy, emulator, handlers)


def shared_bucket(copy: WorkingCopy, emulator: Emulator, handlers: Path) -> Terraform:
    return _example("shared-bucket", {"partner": UPLOADS, "pipeline": PIPELINE}, copy, emulator, handlers)


def glue_crawler(copy: WorkingCopy, emulator: Emulator, handlers: Path) -> Terraform:
    return _example("glue-crawler", {}, copy, emulator, handlers)


def glue_job(copy: WorkingCopy, emulator: Emulator, handlers: Path) -> Terraform:
    return _example("glue-job", {}, copy, emulator, handlers, job_runs=3, retry={"max_attempts": 2, "backoff_seconds": [0]})


def _example(
    name: str, accounts: dict[str, str], copy: WorkingCopy, emulator: Emulator, handlers: Path, **variables: object
) -> Terraform:
    own = {"name": name, "protect": False, "schedule": {"enabled": False, "tick_seconds": 5}}
    return copy.root(EXAMPLES / name, emulator, {**handlers_variables(handlers), **own, **variables}, accounts)


def apply(pool: ThreadPoolExecutor, terraform: Terraform) -> Root:
    """Goes on while the caller does something else."""

    def go() -> dict:
        terraform.init()
        terraform.apply()
        return terraform.outputs()

    return Root(terraform, pool.submit(go))
