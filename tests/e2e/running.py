"""The example device-status, and the tests' acts on it alone."""

import contextlib
import dataclasses
import datetime
import json
from collections.abc import Iterator

from demo import devices, executions, judge, uploads
from demo.reports import Report, registered_devices
from demo.stack import Names, Stack
from one_pipeline import Pipeline, wait


@dataclasses.dataclass(frozen=True, kw_only=True)
class Running(Pipeline):
    stack: Stack
    names: Names

    def begin(self, reports: list[Report]) -> None:
        """Registers the devices that are to be known, and uploads everything."""
        devices.register(self.aws, self.names.devices_table, registered_devices(reports))
        self.upload(reports)

    def upload(self, reports: list[Report]) -> None:
        before = self.waiting()
        uploads.upload(self.aws, self.names.bucket, reports)
        self.until_waiting(before + len(reports))

    @contextlib.contextmanager
    def scheduled(self) -> Iterator[None]:
        """The real schedule, which is off otherwise."""
        self.aws.events.enable_rule(Name=self.names.rule)
        with self.scheduled_no_more():
            yield

    @contextlib.contextmanager
    def scheduled_no_more(self) -> Iterator[None]:
        """Afterwards the schedule is off, and none of its ticks is under way."""
        try:
            yield
        finally:
            self.aws.events.disable_rule(Name=self.names.rule)
            wait(lambda: self.tick()["LeaseBusy"] == 0, "a tick is still under way")

    def ticks(self, since: float) -> list[dict]:
        """The counts of each tick since then (a time), as it logged them; without those that found another one under way."""
        pages = self.aws.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.names.dispatch}")
        lines = [event["message"] for page in pages for event in page["events"] if event["message"].startswith('{"')]
        # Not the lines of single values.
        counts = [json.loads(line) for line in lines if '"_aws"' in line and '"LeaseBusy"' in line]
        own = [each for each in counts if each["_aws"]["Timestamp"] >= since * 1_000 and not each["LeaseBusy"]]
        return sorted(own, key=_ended)

    def ticks_of(self, prefix: str, since: float) -> list[dict]:
        """The ticks since then, once they tell of all of these executions: a tick's log comes after it has let the next one run."""

        def told() -> int:
            return sum(tick["Started"] for tick in self.ticks(since))

        wait(
            lambda: told() == len(self.executions(prefix)),
            lambda: f"ticks tell of {told()} starts, and there are {len(self.executions(prefix))} executions",
        )
        return self.ticks(since)

    def metric(self, name: str, since: float) -> dict:
        """CloudWatch's values of it since then (a time)."""
        began = datetime.datetime.fromtimestamp(since, datetime.timezone.utc)
        (statistics,) = self.aws.cloudwatch.get_metric_statistics(
            Namespace="Spillway",
            MetricName=name,
            Dimensions=[{"Name": "Pipeline", "Value": self.stack.settings.name}],
            StartTime=began,
            EndTime=began + datetime.timedelta(days=1),
            # One datapoint, whenever it is.
            Period=86_400 * 10_000,
            Statistics=["Sum", "Minimum", "Maximum", "SampleCount"],
        )["Datapoints"]
        return statistics

    @contextlib.contextmanager
    def configured(self, function: str, timeout: int, **variables: int | str) -> Iterator[None]:
        """Other environment variables and another timeout, for a while."""
        before = self.aws.lambda_.get_function_configuration(FunctionName=function)
        environment = {**before["Environment"]["Variables"], **{name: str(value) for name, value in variables.items()}}
        self.aws.lambda_.update_function_configuration(
            FunctionName=function, Timeout=timeout, Environment={"Variables": environment}
        )
        try:
            yield
        finally:
            self.aws.lambda_.update_function_configuration(
                FunctionName=function, Timeout=before["Timeout"], Environment=before["Environment"]
            )

    def executions(self, group: str) -> list[executions.Execution]:
        """Those of that group's objects."""
        return self.runs(f"status/{group}")

    def judge(self, reports: list[Report], group: str, limit: int | None = None) -> judge.Verdict:
        """`limit`: an operator's, instead of the configured one."""
        shown = devices.latest(self.aws, self.names.status_table)
        own = {device: status for device, status in shown.items() if device.startswith(group)}
        settings = self.stack.settings
        return judge.judge(reports, self.executions(group), own, limit or settings.max_concurrency, settings.max_attempts)

    def waiting_messages(self) -> list[dict]:
        """The messages in the events queue, read without receiving them."""
        return self.emulator.messages(self.names.events_queue)

    def take_dead(self) -> list[dict]:
        """Empties the dead-letter queue."""
        taken: list[dict] = []
        while True:
            answer = self.aws.sqs.receive_message(
                QueueUrl=self.names.dead_letter_queue,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                WaitTimeSeconds=0,
            )
            if not answer.get("Messages"):
                return taken
            for message in answer["Messages"]:
                self.aws.sqs.delete_message(QueueUrl=self.names.dead_letter_queue, ReceiptHandle=message["ReceiptHandle"])
            taken += answer["Messages"]


def _ended(counts: dict) -> int:
    return counts["_aws"]["Timestamp"]
