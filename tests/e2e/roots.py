"""Terraform's root modules that the tests apply, and with which values."""

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from build import targets
from demo.stack import Stack
from demo.working_copy import WorkingCopy
from emulator import Emulator
from tools.terraform import Terraform

EXAMPLES = Path("terraform/examples")
OWN = Path("tests/e2e")
# In the emulator an account is there as soon as somebody uses it.
UPLOADS, PIPELINE = "111111111111", "222222222222"
# The emulator's bucket that has the handlers' zips.
HANDLERS = "handlers"

# The accounts that the examples' providers stand for.
ACCOUNTS = {
    "cross-account": {"uploads": UPLOADS, "pipeline": PIPELINE},
    "shared-bucket": {"partner": UPLOADS, "pipeline": PIPELINE},
    "glue-crawler": {},
    "glue-job": {},
}
VARIABLES = {
    "glue-job": {
        "job_runs": 3,
        "retry": {"max_attempts": 2, "backoff_seconds": [0]},
        # Enough to gather a batch of a hundred on a busy machine.
        "schedule": {"enabled": False, "tick_seconds": 20},
    },
}


@dataclasses.dataclass
class Root:
    terraform: Terraform
    _applied: Future

    @property
    def outputs(self) -> dict:
        """Once it is applied."""
        return self._applied.result()

    def destroy(self) -> None:
        self.terraform.destroy("-refresh=false")


def lay_out(name: str, copy: WorkingCopy, emulator: Emulator, handlers: Path, stack: Stack) -> Terraform:
    """The root module of that name, with everything but the resources there."""
    if name == "device-status":
        stack.lay_out(emulator, handlers, copy)
        return stack.terraform
    variables = {"architecture": targets.host_architecture()}
    if name not in ACCOUNTS:
        copy.add(OWN / name)
        copy.add(OWN / "workflows")
        # The zips are in a bucket.
        elsewhere = {"handlers_manifest": str(handlers / "handlers.json"), "handlers_bucket": HANDLERS}
        return copy.root(OWN / name, emulator, {**variables, **elsewhere})
    own = {"handlers_directory": str(handlers), "name": name, "protect": False, "schedule": {"enabled": False, "tick_seconds": 5}}
    return copy.root(EXAMPLES / name, emulator, {**variables, **own, **VARIABLES.get(name, {})}, ACCOUNTS[name])


def apply(pool: ThreadPoolExecutor, terraform: Terraform) -> Root:
    """Goes on while the caller does something else."""

    def go() -> dict:
        terraform.init()
        terraform.apply()
        return terraform.outputs()

    return Root(terraform, pool.submit(go))
