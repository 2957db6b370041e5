"""An emulator with root modules applied to it, for each group of tests: so that groups run beside each other.

Because of SQS any apply takes a minute: most of the time of a test run is waiting, which many do at once.
"""

import dataclasses
import functools
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import roots
from demo.inventory import inventory
from demo.kept import clear_away
from demo.stack import Settings, Stack
from demo.working_copy import WorkingCopy
from emulator import Emulator
from emulator.aws import EMULATORS_OWN, Aws
from one_pipeline import Pipeline, work_off
from program.paths import TARGET
from roots import Root
from running import Running


def device_status(work_seconds: int = 1, **schedule: int) -> Settings:
    """With the shortest allowed waits, and ticks that the tests invoke."""
    return Settings(
        work_seconds=(work_seconds, work_seconds),
        backoff_seconds=(1, 2),
        sweep_after_seconds=10,
        schedule={"enabled": False, "tick_seconds": 5, **schedule},
    )


@dataclasses.dataclass(frozen=True)
class Form:
    """The parts of a site."""

    roots: tuple[str, ...]
    # Of the example device-status.
    settings: Settings = dataclasses.field(default_factory=device_status)
    # From one firing of rate(1 minute) to the next.
    schedule_seconds: float = 60


# By group: the name that the tests' xdist_group says.
FORMS = {
    "device-status": Form(("device-status",)),
    # Here the emulator is stopped, and its functions are killed.
    "kills": Form(("device-status",), device_status(work_seconds=2)),
    # A minute has 15 s, and a tick is as much shorter.
    "schedule": Form(("device-status",), device_status(work_seconds=2, tick_seconds=12), schedule_seconds=15),
    "cells": Form(("cells",)),
    "pipelines": Form(("pipelines",)),
    "deploy": Form(("deploy-roles",)),
    "examples": Form(
        ("cross-account", "shared-bucket", "glue-crawler", "glue-job", *(f"{roots.MANY}-{name}" for name in roots.MANY_ACCOUNTS))
    ),
}


class Site:
    def __init__(self, group: str, handlers: Path) -> None:
        form = FORMS[group]
        self._directory = TARGET / "e2e" / f"{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}-{group}"
        self._directory.mkdir(parents=True)
        self.emulator = Emulator(self._directory, form.schedule_seconds)
        self.handlers = handlers
        self.copy = WorkingCopy(self._directory)
        self._stack = Stack(self._directory, form.settings)
        self.roots: dict[str, Root] = {}
        self._aws: dict[str, Aws] = {}
        self._examples: dict[str, Pipeline] = {}
        self.emulator.start()
        try:
            self._apply(form, handlers)
        except BaseException:
            self.stop()
            raise

    def _apply(self, form: Form, handlers: Path) -> None:
        aws, copy = self.aws(), self.copy
        aws.s3.create_bucket(Bucket=roots.HANDLERS)
        for file in handlers.glob("*.zip"):
            aws.s3.put_object(Bucket=roots.HANDLERS, Key=file.name, Body=file.read_bytes())
        laid_out = {name: roots.lay_out(name, copy, self.emulator, handlers, self._stack) for name in form.roots}
        self._before = self.inventories()
        with ThreadPoolExecutor() as pool:
            self.roots = {name: roots.apply(pool, terraform) for name, terraform in laid_out.items()}

    def stop(self) -> None:
        self.emulator.stop()
        clear_away(self._directory)

    def permissions(self) -> list[dict]:
        """The permissions that the deploying runs asked for, and whether they had them."""
        return [json.loads(line) for line in (self._directory / "permissions.jsonl").read_text().splitlines()]

    def aws(self, account: str = EMULATORS_OWN) -> Aws:
        if account not in self._aws:
            self._aws[account] = Aws(self.emulator.endpoint, account)
        return self._aws[account]

    def inventories(self) -> dict[str, set[str]]:
        """The resources of each account."""
        return {account: inventory(self.aws(account)) for account in (EMULATORS_OWN, roots.UPLOADS, roots.PIPELINE, roots.THIRD)}

    def made(self) -> dict[str, set[str]]:
        """The resources of each account that it did not have before the first apply."""
        return {account: there - self._before[account] for account, there in self.inventories().items()}

    def destroy(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Root.destroy, self.roots.values()))

    @functools.cached_property
    def running(self) -> Running:
        """The example device-status."""
        outputs = self.roots["device-status"].outputs
        name, names = self._stack.settings.name, self._stack.names(outputs)
        return Running(name, self.emulator, self.aws(), outputs["spillway"], names.bucket, stack=self._stack, names=names)

    @functools.cached_property
    def pipelines(self) -> dict[str, Pipeline]:
        """Those of the only root, by name."""
        (root,) = self.roots.values()
        up = {}
        for name, module in root.outputs["pipelines"].items():
            bucket = root.outputs["buckets"][name]
            up[name] = Pipeline(name, self.emulator, self.aws(), module, bucket["uploads"], bucket["topics"])
        # S3's and SNS's test events. A tick that waits for events has no end of its own.
        work_off([pipeline for pipeline in up.values() if not pipeline.waits])
        return up

    def example(self, name: str) -> Pipeline:
        if name not in self._examples:
            self._examples[name] = self._example(name)
            self._examples[name].work_off()  # S3's and SNS's test events
        return self._examples[name]

    def of_account(self, account: str) -> dict[str, Pipeline]:
        """The pipelines of one account of the example many-accounts, by name."""
        outputs, aws = self.roots[f"{roots.MANY}-{account}"].outputs, self.aws(roots.MANY_ACCOUNTS[account])
        up = {
            name: Pipeline(name, self.emulator, aws, module, outputs["buckets"][name])
            for name, module in outputs["pipelines"].items()
        }
        work_off(list(up.values()))  # S3's test events
        return up

    def _example(self, name: str) -> Pipeline:
        outputs, accounts = self.roots[name].outputs, roots.ACCOUNTS[name]
        bucket = outputs["shared_bucket" if name == "shared-bucket" else "bucket"]
        aws = self.aws(accounts.get("pipeline", EMULATORS_OWN))
        owner = self.aws(accounts["uploads"]) if "uploads" in accounts else None
        return Pipeline(name, self.emulator, aws, outputs["spillway"], bucket, owner=owner)


class Sites:
    """Made when the first test asks for them, each once in a run, in any of its processes."""

    def __init__(self, handlers: Path) -> None:
        self._handlers = handlers
        self._up: dict[str, Site] = {}
        self._own: set[str] = set()

    def __getitem__(self, group: str) -> Site:
        self._claim(group)
        if group not in self._up:
            self._up[group] = Site(group, self._handlers)
        return self._up[group]

    def _claim(self, group: str) -> None:
        if group in self._own:
            return
        try:
            (self._handlers.parent / f"{group}.site").touch(exist_ok=False)
        except FileExistsError:
            raise RuntimeError(f"the tests of {group} run in two processes: pytest -n wants --dist loadgroup") from None
        self._own.add(group)

    def stop(self) -> None:
        for site in self._up.values():
            site.stop()
