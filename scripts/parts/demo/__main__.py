"""scripts/demo: a burst of uploads through the whole pipeline on this machine, judged, and everything destroyed again."""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from alarms import plans
from alarms.series import Metrics
from build import handlers, operators, targets
from emulator import Emulator, EmulatorError
from emulator.aws import Aws
from program import disk, entry, processes
from program.paths import SCRIPTS, TARGET
from tools import venvs
from tools.terraform import TerraformError

from demo import dashboard, devices, executions, judge, kept, noisy, overlay, progress, reports, timeline, unruly, uploads, watch
from demo import options as demo_options
from demo.executions import Execution
from demo.inventory import inventory
from demo.kept import Kept, clear_away, display
from demo.stack import Names, Settings, Stack

# From one tick to the next, which takes over from the last: on AWS a minute.
TICK_SECONDS = 10
# It leaves 2 GB in an empty target/.
NEEDED_GB = 3


class Steps:
    """Prints each step, and keeps its time."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = collections.defaultdict(float)

    @contextlib.contextmanager
    def step(self, name: str, what: str) -> Iterator[None]:
        began = time.monotonic()
        print(f"{what} …", flush=True)
        yield
        self.seconds[name] += time.monotonic() - began
        print(f"  {time.monotonic() - began:.0f} s", flush=True)


@dataclasses.dataclass
class Outcome:
    verdict: judge.Verdict
    dead_before_redrive: int
    starts_per_second: float
    # Executions that an unruly target did not take.
    busy: int
    # Executions of the noisy tenant at once, and the median seconds that its reports and those of the others waited.
    noisy: tuple[int, float, float]
    picture: Path
    # If it was asked for.
    dashboard: Path | None


class Demo:
    def __init__(self, options: argparse.Namespace, directory: Path) -> None:
        self._options = options
        self._directory = directory
        self._steps = Steps()
        self._emulator = Emulator(directory, TICK_SECONDS)
        settings = Settings(max_concurrency=options.max_concurrency, schedule={"idle": "wait"})
        if options.unruly:
            settings = dataclasses.replace(
                settings, starts_per_second=unruly.STARTS_PER_SECOND, adapt_errors=tuple(unruly.ERRORS), tenants=noisy.TENANTS
            )
        self._stack = Stack(directory, settings)
        # Of an unruly target nothing else fails, so that all failures are its own.
        self._reports = (
            noisy.generate(options.objects, options.seed, fails_first=0.0, unknown_device=0.0)
            if options.unruly
            else reports.generate(options.objects, options.seed)
        )
        self._target: unruly.Target | None = None
        self._samples: list[watch.Sample] = []

    def run(self) -> int:
        began = time.monotonic()
        kept_up = False
        try:
            names = self._set_up()
            outcome = self._work(names)
            if self._options.keep:
                kept_up = True
                run = Kept(self._directory, self._emulator.endpoint, self._emulator.pid)
                run.write()
                self._emulator.keep()
            else:
                outcome.verdict.faults += self._destroy()
        finally:
            if not kept_up:
                self._emulator.stop()
                clear_away(self._directory)
        self._tell(outcome)
        if kept_up:
            print(f"\nEverything is still up. To look around, from {'here' if Path.cwd() == SCRIPTS.parent else SCRIPTS.parent}:")
            print(kept.guide(run, names, reports.registered_devices(self._reports)[0]))
        if self._options.json:
            print(json.dumps(self._result(outcome, time.monotonic() - began), ensure_ascii=False))
        return 0 if outcome.verdict.good else 1

    def _set_up(self) -> Names:
        directory = self._directory / "handlers"
        profile, architecture = handlers.quickest_profile(), targets.host_architecture()
        build = [sys.executable, "-m", "build", "--profile", profile, "--arch", architecture, "--out", str(directory)]
        with processes.beside(build, stdout=subprocess.DEVNULL) as building:
            with self._steps.step("start", "compiling the handlers; beside it, starting the emulator and terraform init"):
                venvs.use("emulator")
                self._emulator.start()
                self._aws = Aws(self._emulator.endpoint)
                self._stack.lay_out(self._emulator, directory)
                self._before = inventory(self._aws)
                self._stack.terraform.init()
            with self._steps.step("build", "waiting for the compiler"):
                if building.wait() != 0:
                    raise handlers.BuildError("the handlers could not be built")
        applying = "terraform apply (its AWS provider waits 25 s for each queue that is made or changed)"
        # `redrive` needs the operator's program.
        compile_ = [sys.executable, "-m", "build.operators", profile]
        with processes.beside(compile_, stdout=subprocess.DEVNULL) as compiling:
            with self._steps.step("apply", applying):
                names = self._stack.apply()
            with self._steps.step("build", "waiting for the compiler: the operator's program"):
                if compiling.wait() != 0:
                    raise handlers.BuildError("the operator's program could not be built")
        return names

    def _work(self, names: Names) -> Outcome:
        total, limit = len(self._reports), self._options.max_concurrency
        devices.register(self._aws, names.devices_table, reports.registered_devices(self._reports))
        if self._options.unruly:
            self._target = unruly.Target(self._aws, names.devices_table)
            self._target.begin()
        with self._steps.step("run", f"uploading {total} reports in a burst; at most {limit} run at once"):
            began = time.time()
            uploads.upload(self._aws, names.bucket, self._reports)
        with self._steps.step("run", f"working them off; each tick waits for events for {TICK_SECONDS} s, on AWS for a minute"):
            last = self._follow(names, lambda sample: sample.succeeded + sample.dead >= total)
        dead, redriven_at = last.dead, time.time()
        if dead:
            with self._steps.step("run", f"{dead} are dead: registering their devices, then redriving (no upload again)"):
                devices.register(self._aws, names.devices_table, reports.unregistered_devices(self._reports))
                self._redrive()
                self._follow(names, lambda sample: sample.succeeded >= total)
        with self._steps.step("judge", "judging"):
            ran = executions.described(self._aws.stepfunctions, names.state_machine)
            shown = devices.latest(self._aws, names.status_table)
            verdict = judge.judge(self._reports, ran, shown, limit, self._stack.settings.max_attempts, overlay.BUSY)
            verdict.faults += noisy.faults(ran) if self._options.unruly else []
            picture = self._draw(ran, verdict, began, [(redriven_at - began, "devices registered, redrive")] if dead else [], dead)
            shown = self._draw_dashboard(names, verdict, began) if self._options.dashboard else None
        of_noisy = (noisy.peak(ran), *noisy.median_waits(ran, began))
        return Outcome(verdict, dead, executions.saturated_rate(ran, limit), unruly.busy(ran), of_noisy, picture, shown)

    def _follow(self, names: Names, over: Callable[[watch.Sample], bool]) -> watch.Sample:
        shown = progress.Progress(len(self._reports), self._options.max_concurrency)
        sample = None
        # An execution takes up to 3 s. After twice that for all, the run is given up and judged as it is.
        seconds = 120 + 6 * len(self._reports) / self._options.max_concurrency
        if self._options.unruly:
            seconds += 120 + len(self._reports)
        over_and_quiet = watch.until(
            self._aws, names, lambda sample: sample.quiet and over(sample), seconds, adapts=self._options.unruly
        )
        for sample in over_and_quiet:
            self._samples.append(sample)
            shown.show(sample)
            if self._target:
                self._target.go_on()
        shown.end(sample)
        return sample

    def _redrive(self) -> None:
        # The project's own command, as a person would call it.
        environment = {**os.environ, **self._emulator.environment}
        command = [str(operators.program(handlers.quickest_profile())), "-p", self._stack.settings.name, "redrive"]
        if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
            print("spillway redrive failed, as it says above: run it again by hand", file=sys.stderr)

    def _draw(self, ran: list[Execution], verdict: judge.Verdict, began: float, marks: list[tuple[float, str]], dead: int) -> Path:
        spans = [(run.start.timestamp() - began, run.stop.timestamp() - began) for run in ran if run.stop]
        end = max((stop for _, stop in spans), default=0.0)
        failed = f"{unruly.busy(ran)} of {len(ran)} executions not taken by their target, " if self._options.unruly else ""
        date = datetime.date.today().strftime("%-d %B %Y")
        picture = timeline.Timeline(
            title=f"{verdict.objects} uploads in a burst, at most {verdict.limit} executions at a time",
            subtitle=f"{failed}{verdict.retried} retried, {dead} dead-lettered and redriven, {verdict.lost} lost,"
            f" {verdict.duplicates} done twice; device-status on an emulator, ticks that wait, {date}",
            waiting=[(0.0, 0.0), *((sample.at - began, sample.waiting) for sample in self._samples)],
            running=timeline.running_steps(spans),
            done=timeline.done_steps([run.stop.timestamp() - began for run in ran if run.stop and run.status == "SUCCEEDED"]),
            limit=verdict.limit,
            objects=verdict.objects,
            marks=marks,
            rate=unruly.rate([start for start, _ in spans], end) if self._options.unruly else (),
            takes=unruly.takes(end) if self._options.unruly else (),
        )
        path = self._directory / "timeline.svg"
        path.write_text(timeline.draw(picture))
        return path

    def _draw_dashboard(self, names: Names, verdict: judge.Verdict, began: float) -> Path:
        """Of the lines that the handlers printed, with the widgets that Terraform plans."""
        plan = plans.of_module(
            self._directory / "tmp/dashboard",
            module="dashboard",
            name=self._stack.settings.name,
            region="us-east-1",
            state_machine={"arn": names.state_machine},
        )
        [called] = plan["planned_values"]["root_module"]["child_modules"]
        [planned] = called["resources"]
        metrics = Metrics()
        for function in (names.dispatch, names.settle):
            pages = self._aws.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
            metrics.read(event["message"] for page in pages for event in page["events"])
        widgets = json.loads(planned["values"]["dashboard_body"])["widgets"]
        rows = dashboard.rows(widgets, metrics, began, time.time(), TICK_SECONDS)
        title = f"{self._stack.settings.name}, us-east-1: a rendering of its dashboard"
        date = datetime.date.today().strftime("%-d %B %Y")
        subtitle = (
            f"Drawn from the handlers' own lines in a run of the demo on an emulator, {verdict.objects} uploads, {date}."
            f" A point is {TICK_SECONDS} s, on AWS a minute."
        )
        path = self._directory / "dashboard.svg"
        path.write_text(dashboard.draw(title, subtitle, rows, TICK_SECONDS))
        return path

    def _destroy(self) -> list[str]:
        with self._steps.step("destroy", "terraform destroy"):
            self._stack.terraform.destroy()
            return [f"terraform destroy left {what}" for what in sorted(inventory(self._aws) - self._before)]

    def _tell(self, outcome: Outcome) -> None:
        verdict, seconds = outcome.verdict, self._steps.seconds
        rows = (
            ("uploaded", verdict.objects),
            ("executions", verdict.executions),
            ("succeeded", verdict.succeeded),
            ("retried", verdict.retried),
            *([("not taken by the target", outcome.busy)] if self._options.unruly else []),
            *(self._of_noisy(outcome) if self._options.unruly else []),
            ("dead before the redrive", outcome.dead_before_redrive),
            ("lost", verdict.lost),
            ("done twice", verdict.duplicates),
            ("most running at once", f"{verdict.max_running} of {verdict.limit}"),
            (
                "starts per second",
                f"{outcome.starts_per_second:.1f} while saturated" if outcome.starts_per_second else "never saturated",
            ),
            ("time", ", ".join(f"{name} {seconds[name]:.0f} s" for name in seconds)),
            ("picture", display(outcome.picture)),
            *([("dashboard", display(outcome.dashboard))] if outcome.dashboard else []),
        )
        print()
        for name, value in rows:
            print(f"  {name:<24} {value}")
        for fault in verdict.faults[:20]:
            print(f"  WRONG: {fault}")
        if len(verdict.faults) > 20:
            print(f"  … and {len(verdict.faults) - 20} more")
        if verdict.faults:
            print(f"  logs: {display(self._directory)}")

    def _of_noisy(self, outcome: Outcome) -> list[tuple[str, str]]:
        most, noisy_waits, others_wait = outcome.noisy
        return [
            ("noisy tenant at once", f"{most} of {noisy.TENANTS['max_concurrency']}"),
            ("median wait", f"{others_wait:.0f} s, of the noisy tenant {noisy_waits:.0f} s"),
        ]

    def _result(self, outcome: Outcome, seconds: float) -> dict:
        verdict = outcome.verdict
        return {
            "objects": verdict.objects,
            "executions": verdict.executions,
            "succeeded": verdict.succeeded,
            "retried": verdict.retried,
            "duplicates": verdict.duplicates,
            "lost": verdict.lost,
            "dead_before_redrive": outcome.dead_before_redrive,
            "max_running": verdict.max_running,
            "limit": verdict.limit,
            "starts_per_second": round(outcome.starts_per_second, 2),
            "faults": len(verdict.faults),
            "seconds": round(seconds, 1),
            "phases": {name: round(value, 1) for name, value in self._steps.seconds.items()},
            "picture": str(outcome.picture),
        }


def _new_directory() -> Path:
    kept.RUNS.mkdir(parents=True, exist_ok=True)
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    directory = kept.RUNS / f"{stamp}-{os.getpid()}"
    directory.mkdir()
    return directory


def _stop(given: str) -> int:
    run = kept.find(given)
    print(f"destroying {display(run.directory)} …", flush=True)
    run.end()
    return 0


def main(arguments: list[str]) -> int:
    options = demo_options.parse(arguments)
    if options.stop is not None:
        return _stop(options.stop)
    TARGET.mkdir(exist_ok=True)
    disk.ask(TARGET, NEEDED_GB)
    directory = _new_directory()
    print(f"this run: {display(directory)}", flush=True)
    return Demo(options, directory).run()


if __name__ == "__main__":
    entry.run(
        "scripts/demo", main, disk.DiskError, EmulatorError, TerraformError, handlers.BuildError, kept.NotKeptError, venvs.VenvError
    )
