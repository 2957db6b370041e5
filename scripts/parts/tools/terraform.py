"""Terraform, run in one directory."""

import json
import os
import re
import subprocess
import warnings
from pathlib import Path

from program import processes
from program.locks import exclusive
from program.paths import TOOLS

from tools import terraform_plugins

# Most of the time the provider waits: for as many resources at once as there are.
CHANGES = ("-auto-approve", "-input=false", "-no-color", "-parallelism=100")


# tofu, for one.
PROGRAM = os.environ.get("SPILLWAY_TERRAFORM", "terraform")


# So Go's runtime begins when a program of it dies.
_CRASH = re.compile(r"^(?:fatal error: |panic: |unexpected fault address |SIG[A-Z]+: )", re.MULTILINE)


class TerraformError(Exception):
    pass


class TerraformCrashError(TerraformError):
    """Terraform itself died: it says nothing about its input."""


class Terraform:
    """`log` takes Terraform's output; without it, only failures are shown."""

    def __init__(self, directory: Path, environment: dict[str, str] | None = None, log: Path | None = None) -> None:
        self._directory = directory
        self._log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        self.environment = {
            # Less looking for garbage takes a fifth of the processor time away, for some memory.
            "GOGC": "400",
            "GOMEMLIMIT": "1GiB",
            **inherited,
            **(environment or {}),
            **terraform_plugins.environment(directory / ".plugins"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def run(self, *arguments: str, accepted: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess:
        command = [PROGRAM, f"-chdir={self._directory}", *arguments]
        result = processes.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if self._log:
            with self._log.open("a") as log:
                log.write(f"$ terraform {' '.join(arguments)}\n{result.stdout}\n")
        if result.returncode not in accepted:
            where = f" (all of it: {self._log})" if self._log else ""
            if crash := _CRASH.search(result.stdout):
                # The cause is at the begin, before the stacks of all threads.
                said = result.stdout[crash.start() :][:4000]
                raise TerraformCrashError(f"terraform {arguments[0]} crashed, with status {result.returncode}{where}:\n{said}")
            raise TerraformError(f"terraform {arguments[0]} failed{where}:\n{result.stdout[-4000:]}")
        return result

    def test(self, *options: str) -> str:
        """The answers of all runs, as lines of JSON. A crash answers nothing, so all of them run once more."""
        try:
            return self.run("test", "-json", *options, accepted=(0, 1)).stdout
        except TerraformCrashError as crash:
            warnings.warn(f"run once more: {crash}", stacklevel=2)
            return self.run("test", "-json", *options, accepted=(0, 1)).stdout

    def init(self) -> None:
        terraform_plugins.pin(self._directory)
        # Terraform's plugin cache is not made for several writers.
        with exclusive(TOOLS / "terraform-plugins.lock"):
            self.run("init", "-input=false", "-no-color")

    def apply(self, *options: str) -> None:
        self.run("apply", *CHANGES, *options)

    def destroy(self, *options: str) -> None:
        self.run("destroy", *CHANGES, *options)

    def plan(self) -> dict[str, set[str]]:
        """The changes of a plan made now: the attributes that differ, by resource address."""
        file = self._directory / "check.tfplan"
        self.run("plan", "-input=false", "-no-color", "-detailed-exitcode", f"-out={file.name}", accepted=(0, 2))
        shown = json.loads(self.run("show", "-json", file.name).stdout)
        file.unlink()
        changes = {}
        for resource in shown.get("resource_changes", []):
            change = resource["change"]
            if change["actions"] not in (["no-op"], ["read"]):
                before, after = change["before"] or {}, {**(change["after"] or {}), **change["after_unknown"]}
                changes[resource["address"]] = {
                    name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
                }
        return changes

    def outputs(self) -> dict:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json").stdout).items()}
