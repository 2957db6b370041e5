"""The example device-status, applied to the emulator from a working copy with the emulator's additions."""

import dataclasses
from pathlib import Path

from build import targets
from emulator import Emulator
from tools.terraform import Terraform

from demo import overlay
from demo.working_copy import WorkingCopy

EXAMPLE = Path("examples/device-status")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a run differs from the example as it stands: small waits, so that it ends in minutes."""

    name: str = "device-status"
    max_concurrency: int = 20
    starts_per_second: float = 25
    max_attempts: int = 3
    backoff_seconds: tuple[int, ...] = (2, 4)
    sweep_after_seconds: int = 30
    work_seconds: tuple[int, int] | None = (2, 3)
    protect: bool = False
    # Errors by which executions say that their target takes no more; such a target is laid over the workflow.
    adapt_errors: tuple[str, ...] = ()
    # The bound of each tenant, if they have one.
    tenants: dict | None = None
    schedule: dict = dataclasses.field(default_factory=dict)

    def variables(self, handlers: Path) -> dict:
        pace = {"max_concurrency": self.max_concurrency, "starts_per_second": self.starts_per_second, "burst": 50}
        adapt = {"adapt": {"errors": list(self.adapt_errors)}} if self.adapt_errors else {}
        return {
            "name": self.name,
            "architecture": targets.host_architecture(),
            "handlers_directory": str(handlers),
            "pace": {**pace, **adapt},
            "protect": self.protect,
            "retry": {"max_attempts": self.max_attempts, "backoff_seconds": list(self.backoff_seconds)},
            "schedule": self.schedule,
            "sweep": {"after_seconds": self.sweep_after_seconds},
            "tenants": self.tenants,
        }


@dataclasses.dataclass(frozen=True)
class Names:
    """The names of the applied stack."""

    bucket: str
    devices_table: str
    status_table: str
    ledger: str
    state_machine: str
    events_queue: str
    dead_letter_queue: str
    outcomes_queue: str
    dispatch: str
    settle: str
    rule: str


class Stack:
    def __init__(self, directory: Path, settings: Settings) -> None:
        self.settings = settings
        self.example = directory / "terraform" / EXAMPLE
        self._terraform: Terraform | None = None
        self._directory = directory

    def lay_out(self, emulator: Emulator, handlers: Path, copy: WorkingCopy | None = None) -> None:
        """Makes the working copy, unless there is one."""
        copy = copy or WorkingCopy(self._directory)
        self._terraform = copy.root(Path("terraform") / EXAMPLE, emulator, self.settings.variables(handlers))
        if self.settings.work_seconds:
            overlay.lay(self.example / "workflow.asl.json", self.settings.work_seconds)
        if self.settings.adapt_errors:
            overlay.lay_target(self.example / "workflow.asl.json", "${devices_table}")

    @property
    def terraform(self) -> Terraform:
        assert self._terraform
        return self._terraform

    def apply(self) -> Names:
        """Once `terraform` is initialised."""
        self.terraform.apply()
        return self.names(self.terraform.outputs())

    def names(self, outputs: dict) -> Names:
        module = outputs["spillway"]
        return Names(
            bucket=outputs["bucket"],
            devices_table=outputs["devices_table"],
            status_table=outputs["status_table"],
            ledger=module["ledger_table_name"],
            state_machine=module["state_machine_arn"],
            events_queue=module["events_queue_url"],
            dead_letter_queue=module["dead_letter_queue_url"],
            outcomes_queue=module["outcomes_queue_url"],
            dispatch=module["dispatch_function_name"],
            settle=module["settle_function_name"],
            rule=module["schedule_rule_name"],
        )
