"""Runs that were left up: the data to look around in them, and to end them."""

import dataclasses
import json
import shlex
import shutil
import subprocess
from pathlib import Path

from emulator import client_environment
from program import processes
from program.paths import ROOT, TARGET
from tools.terraform import Terraform

from demo.stack import EXAMPLE, Names

RUNS = TARGET / "demo"
# After every report of a run, so that it becomes the device's latest.
LATER = "2026-12-31T00:00:00Z"


class NotKeptError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Kept:
    directory: Path
    endpoint: str
    pid: int

    @property
    def file(self) -> Path:
        return self.directory / "kept.json"

    def write(self) -> None:
        self.file.write_text(json.dumps({"endpoint": self.endpoint, "pid": self.pid}) + "\n")
        exports = (f"export {name}={shlex.quote(value)}" for name, value in client_environment(self.endpoint).items())
        (self.directory / "env").write_text("# The emulator, for the AWS CLI.\n" + "\n".join(exports) + "\n")

    @property
    def runs(self) -> bool:
        """Whether the process is still there, and still the emulator (process ids come round again)."""
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(self.pid)], capture_output=True, text=True)
        return "emulator.additions" in shown.stdout

    def end(self) -> None:
        """Destroys Terraform's resources, then ends the emulator."""
        if self.runs:
            example = self.directory / "terraform" / EXAMPLE
            try:
                Terraform(example, client_environment(self.endpoint), self.directory / "terraform.log").destroy()
            finally:
                processes.end_foreign_group(self.pid)
        self.file.unlink()
        clear_away(self.directory)


def clear_away(directory: Path) -> None:
    """Of a run that is over, the picture and the logs stay."""
    for name in ("env", "handlers", "terraform", "tmp"):
        path = directory / name
        path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)


def read(directory: Path) -> Kept:
    stored = json.loads((directory / "kept.json").read_text())
    return Kept(directory, stored["endpoint"], stored["pid"])


def everything() -> list[Kept]:
    return [read(file.parent) for file in sorted(RUNS.glob("*/kept.json"))]


def find(given: str | None) -> Kept:
    """The run of that directory or id; without one, the only run there is."""
    runs = everything()
    if given:
        runs = [run for run in runs if given == run.directory.name or Path(given).resolve() == run.directory]
    if len(runs) == 1:
        return runs[0]
    left = "".join(f"\n  {display(run.directory)}" for run in everything()) or " none"
    raise NotKeptError(f"no run {given or ''} is left up; left up are:{left}" if not runs else "name one run; left up are:" + left)


def display(path: Path) -> str:
    """As one would type it in the work tree."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def guide(run: Kept, names: Names, device: str) -> str:
    """How to look around; `device` is registered."""
    aws = 'aws --endpoint-url "$AWS_ENDPOINT_URL"'
    machine, table, log_group = names.state_machine, names.ledger, f"/aws/lambda/{names.dispatch}"
    report = shlex.quote(json.dumps({"device_id": device, "status": "ok", "time": LATER}))
    spillway = f"scripts/spillway -p {names.dispatch.removesuffix('_dispatch')}"
    commands = (
        ("the emulator's address, for the AWS CLI and scripts/spillway", f". {shlex.quote(display(run.directory / 'env'))}"),
        ("is it healthy", f"{spillway} status"),
        ("the queue", f"{aws} sqs get-queue-attributes --attribute-names All --queue-url {names.events_queue}"),
        ("the dead-letter queue", f"{aws} sqs get-queue-attributes --attribute-names All --queue-url {names.dead_letter_queue}"),
        ("executions", f"{aws} stepfunctions list-executions --max-items 20 --state-machine-arn {machine}"),
        ("the ledger", f"{aws} dynamodb scan --max-items 20 --table-name {table}"),
        ("the latest status of each device", f"{aws} dynamodb scan --max-items 20 --table-name {names.status_table}"),
        ("the logs of dispatch", f"{aws} logs filter-log-events --query 'events[].message' --log-group-name {log_group}"),
        ("one more upload", f"printf %s {report} | {aws} s3 cp - s3://{names.bucket}/status/one-more.json"),
        ("pause", f"{spillway} pause --reason 'a look around'"),
        ("resume", f"{spillway} resume"),
        ("destroy everything", f"scripts/demo --stop {display(run.directory)}"),
    )
    return "\n".join(f"  # {what}\n  {command}" for what, command in commands)
