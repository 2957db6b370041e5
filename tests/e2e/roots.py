"""Terraform's root modules that the tests apply, and with which values."""

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from build import targets
from demo.stack import Stack
from demo.working_copy import STATE, WorkingCopy
from emulator import REGION, Emulator
from tools.terraform import Terraform

EXAMPLES = Path("terraform/examples")
OWN = Path("tests/e2e")
# In the emulator an account is there as soon as somebody uses it.
UPLOADS, PIPELINE, THIRD = "111111111111", "222222222222", "333333333333"
# The emulator's bucket that has the handlers' zips.
HANDLERS = "handlers"

# The accounts that the examples' providers stand for.
ACCOUNTS = {
    "cross-account": {"uploads": UPLOADS, "pipeline": PIPELINE},
    "shared-bucket": {"partner": UPLOADS, "pipeline": PIPELINE},
    "glue-crawler": {},
    "glue-job": {},
}
# The root with which runs of GitHub Actions deploy: the pipeline is deployed by the tests, and not by the emulator's root user.
DEPLOY_ROLES = "deploy-roles"
REPOSITORY = "owner/pipelines"
# The example many-accounts, once for each account of its table: by the name of the root, as `name` in the table.
MANY = "many-accounts"
MANY_ACCOUNTS = {"analytics": UPLOADS, "billing": PIPELINE, "research": THIRD}
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
    if name == DEPLOY_ROLES:
        state = {"bucket": STATE, "key": "terraform/examples/deploy-pipeline"}
        return copy.root(EXAMPLES / name, emulator, {"repository": REPOSITORY, "pipelines": ["deployed"], "state": state})
    variables = {"architecture": targets.host_architecture()}
    if name.startswith(MANY):
        account = name.removeprefix(f"{MANY}-")
        own = {"account": account, "accounts_file": "accounts-of-the-test.yaml", "handlers_directory": str(handlers)}
        own |= {"protect": False, "schedule": {"enabled": False, "tick_seconds": 5}}
        directory = copy.again(EXAMPLES / MANY, EXAMPLES / name)
        # All in the emulator's Region, each with the credentials of its own account.
        table = (directory / "accounts.yaml").read_text()
        table = table.replace("role: spillway-deploy-apply", "role: null").replace("eu-central-1", REGION)
        (directory / "accounts-of-the-test.yaml").write_text(table)
        return copy.root(EXAMPLES / name, emulator, {**variables, **own}, {"": MANY_ACCOUNTS[account]})
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
