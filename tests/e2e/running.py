"""A pipeline that is up, and what the tests do with it."""

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator

from pipeline import devices, executions, judge, uploads, watch
from pipeline.aws import Aws
from pipeline.emulator import Emulator
from pipeline.executions import Execution
from pipeline.reports import Report, registered_devices
from pipeline.stack import Names, Stack
from pipeline.watch import Sample


@dataclasses.dataclass
class Running:
    emulator: Emulator
    stack: Stack
    names: Names
    aws: Aws

    def begin(self, reports: list[Report]) -> None:
        """Registers the devices that are to be known, and uploads everything."""
        devices.register(self.aws, self.names.devices_table, registered_devices(reports))
        uploads.upload(self.aws, self.names.bucket, reports)
        self.until(lambda sample: sample.waiting >= len(reports), 30)

    def tick(self) -> None:
        """One tick, by hand; returns when it has ended, however."""
        self.aws.lambda_.invoke(FunctionName=self.names.dispatch, Payload=b"{}")

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Ticks one after another, for a test that is not about the schedule."""
        over = threading.Event()

        def go_on() -> None:
            while not over.is_set():
                with contextlib.suppress(Exception):  # killed, throttled: so is life
                    self.tick()
                over.wait(0.5)

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    @contextlib.contextmanager
    def scheduled(self) -> Iterator[None]:
        """The real schedule, which is off otherwise."""
        self.aws.events.enable_rule(Name=self.names.rule)
        try:
            yield
        finally:
            self.aws.events.disable_rule(Name=self.names.rule)

    @contextlib.contextmanager
    def controlled(self, **overrides: int | bool) -> Iterator[None]:
        """The control item says so."""
        key = {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}
        values = {name: {"BOOL": value} if isinstance(value, bool) else {"N": str(value)} for name, value in overrides.items()}
        self.aws.dynamodb.put_item(TableName=self.names.ledger, Item={**key, **values})
        try:
            yield
        finally:
            self.aws.dynamodb.delete_item(TableName=self.names.ledger, Key=key)

    @contextlib.contextmanager
    def configured(self, function: str, timeout: int, **variables: int) -> Iterator[None]:
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

    def until(self, over: Callable[[Sample], bool], seconds: float) -> Sample:
        """Waits for it, and fails if it does not come."""
        *_, last = watch.until(self.aws, self.names, over, seconds)
        assert over(last), f"after {seconds} s: {last}"
        return last

    def executions(self, group: str) -> list[Execution]:
        """Those of that group's objects."""
        every = executions.described(self.aws.stepfunctions, self.names.state_machine)
        return [run for run in every if any(item["key"].startswith(f"status/{group}") for item in run.objects)]

    def summaries(self) -> list[dict]:
        return executions.summaries(self.aws.stepfunctions, self.names.state_machine)

    def succeeded(self) -> int:
        """How many executions have succeeded so far, whosever."""
        return watch.sample(self.aws, self.names).succeeded

    def wait_for_backlog(self, most: int, seconds: float) -> None:
        """Waits until at most so many messages are left, asking nothing but the queue: looking on costs time as well."""
        deadline = time.monotonic() + seconds
        while (left := watch.depth(self.aws, self.names.events_queue)) > most:
            assert time.monotonic() < deadline, f"after {seconds} s {left} messages are left"
            time.sleep(1)

    def judge(self, reports: list[Report], group: str) -> judge.Verdict:
        shown = devices.latest(self.aws, self.names.status_table)
        own = {device: status for device, status in shown.items() if device.startswith(group)}
        settings = self.stack.settings
        return judge.judge(reports, self.executions(group), own, settings.max_concurrency, settings.max_attempts)

    def waiting_messages(self) -> list[dict]:
        """What lies in the events queue, looked at without receiving it."""
        return self.emulator.messages(self.names.events_queue)

    def send(self, body: str | dict, **attributes: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self.aws.sqs.send_message(QueueUrl=self.names.events_queue, MessageBody=text, MessageAttributes=typed)

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
