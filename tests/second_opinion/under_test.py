"""A pipeline of the handlers' binaries at moto. AWS's work around them: the schedule, Step Functions' work and its
status events, the outcomes queue's consumers."""

import contextlib
import dataclasses
import datetime
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import workflow
from demo import executions
from emulator import REGION, client_environment
from emulator.aws import Aws
from functions import Function
from inside_moto.keys import LOSES
from server import Server

# Far longer than anything takes.
PATIENCE_SECONDS = 120
# Longer than a tick waits for the lease of another.
TICK_SECONDS = 5
# Receiving ends 15 s before the deadline.
DISPATCH_TIMEOUT_SECONDS = TICK_SECONDS + 20
# Longer than the timeout of any function, as in Terraform: no one else gets a message in hand.
VISIBILITY_SECONDS = 60
SIDE_BY_SIDE = 2
# Of so many firings of the schedule one is doubled.
DOUBLED = 4


@dataclasses.dataclass(frozen=True)
class Settings:
    order: str = "none"
    events_per_execution: int = 1
    fifo: bool = False
    max_concurrency: int = 8
    max_attempts: int = 3


class UnderTest:
    def __init__(self, name: str, settings: Settings, server: Server, aws: Aws, binaries: dict[str, Path], directory: Path) -> None:
        self.name, self.settings, self.server, self.aws = name, settings, server, aws
        self.bucket = f"{name}-uploads"
        suffix = ".fifo" if settings.fifo else ""
        self.queues = {
            "events-dlq": self._queue(f"{name}-events-dlq{suffix}"),
            "events": self._queue(f"{name}-events{suffix}", f"{name}-events-dlq{suffix}"),
            "outcomes-dlq": self._queue(f"{name}-outcomes-dlq"),
            "outcomes": self._queue(f"{name}-outcomes", f"{name}-outcomes-dlq"),
        }
        self.table = f"{name}-ledger"
        keys = (("pk", "HASH"), ("sk", "RANGE"))
        table = aws.dynamodb.create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        )["TableDescription"]
        role = "arn:aws:iam::123456789012:role/workflow"
        definition = json.dumps({"StartAt": "Work", "States": {"Work": {"Type": "Succeed"}}})
        machine = aws.stepfunctions.create_state_machine(name=name, roleArn=role, definition=definition)
        self.machine = machine["stateMachineArn"]
        self._environment = self._of_functions(table["TableArn"])
        self._binaries, self._directory = binaries, directory
        self._functions: list[Function] = []
        # The faults beside the test, and the most executions that were seen running.
        self.problems: list[str] = []
        self.seen_running = 0
        # While set, no execution ends.
        self.held = threading.Event()
        self._over = threading.Event()

    def _queue(self, name: str, dead_letters: str | None = None) -> str:
        attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        if name.endswith(".fifo"):
            attributes["FifoQueue"] = "true"
        if dead_letters:
            target = f"arn:aws:sqs:{REGION}:123456789012:{dead_letters}"
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 20})
        return self.aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def _of_functions(self, ledger_arn: str) -> dict[str, str]:
        lane = {"name": "default", "priority": 1, "min_share": 0}
        lane |= {"queue_url": self.queues["events"], "dead_letter_queue_url": self.queues["events-dlq"]}
        source = {"bucket": self.bucket, "prefix": "in/", "suffix": "", "lane": "default"}
        settings = {
            "PIPELINE": self.name,
            "LEDGER_TABLE": self.table,
            "LEDGER_ARN": ledger_arn,
            "LANES": json.dumps([lane]),
            "SOURCES": json.dumps([source, {**source, "bucket": f"{self.bucket}-plain"}]),
            "OUTCOMES_QUEUE_URL": self.queues["outcomes"],
            "OUTCOMES_DEAD_LETTER_QUEUE_URL": self.queues["outcomes-dlq"],
            "STATE_MACHINE_ARN": self.machine,
            "ORDER": self.settings.order,
            "EVENTS_PER_EXECUTION": self.settings.events_per_execution,
            "RETENTION_DAYS": 90,
            "MAX_CONCURRENCY": self.settings.max_concurrency,
            "STARTS_PER_SECOND": 200,
            "BURST": 200,
            "TICK_SECONDS": TICK_SECONDS,
            "SWEEP_AFTER_SECONDS": 2,
            "SWEEP_PER_TICK": 50,
            "EXECUTION_TIMEOUT_SECONDS": 0,
            "MAX_ATTEMPTS": self.settings.max_attempts,
            "BACKOFF_SECONDS": 0 if self.settings.fifo else 1,
            "STALE_AFTER_SECONDS": 1,
            "RECONCILE_MIN_AGE_SECONDS": 0,
        }
        own = {f"SPILLWAY_{name}": str(value) for name, value in settings.items()}
        return {**client_environment(self.server.endpoint), "AWS_ACCESS_KEY_ID": LOSES, **own}

    def function(self, name: str, timeout_seconds: float = 30) -> Function:
        log = self._directory / f"{self.name}-{name}-{len(self._functions)}.log"
        function = Function(self._binaries[name], self._environment, log, timeout_seconds)
        self._functions.append(function)
        return function

    def stop(self) -> None:
        for function in self._functions:
            function.stop()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The schedule, two consumers of outcomes and the workflow, for a while."""
        self._over.clear()
        playing = [self._work, self._ticking(), *(self._settling() for _ in range(SIDE_BY_SIDE))]
        threads = [threading.Thread(target=self._watched, args=(play,), daemon=True) for play in playing]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _watched(self, play: Callable[[], None]) -> None:
        while not self._over.is_set():
            try:
                play()
            except Exception as problem:
                self.problems.append(f"{type(problem).__name__}: {problem}")
                self._over.wait(0.5)

    def _ticking(self) -> Callable[[], None]:
        dispatches = [self.function("dispatch", DISPATCH_TIMEOUT_SECONDS) for _ in range(SIDE_BY_SIDE)]
        numbers = itertools.count()

        def invoke(dispatch: Function, time_: str) -> None:
            good, said = dispatch.invoke({"time": time_})
            if not good:
                self.problems.append(f"dispatch: {said}")

        def tick() -> None:
            time_ = datetime.datetime.now(datetime.timezone.utc).isoformat()
            fired = dispatches if next(numbers) % DOUBLED == 0 else dispatches[:1]
            with ThreadPoolExecutor() as pool:
                list(pool.map(invoke, fired, [time_] * len(fired)))

        return tick

    def _settling(self) -> Callable[[], None]:
        settle, rng = self.function("settle"), random.Random(f"settling {self.name}")

        def consume() -> None:
            received = self.aws.sqs.receive_message(QueueUrl=self.queues["outcomes"], MaxNumberOfMessages=10, WaitTimeSeconds=1)
            messages = received.get("Messages", [])
            if not messages:
                return
            records = [{"messageId": message["MessageId"], "body": message["Body"]} for message in messages]
            good, said = settle.invoke({"Records": records})
            if not good or said["batchItemFailures"]:
                self.problems.append(f"settle: {said}")
                return
            # Now and then Lambda does not get to delete: they come again, long settled.
            forgotten = rng.random() < 0.1
            for message in messages:
                place = {"QueueUrl": self.queues["outcomes"], "ReceiptHandle": message["ReceiptHandle"]}
                if forgotten:
                    self.aws.sqs.change_message_visibility(**place, VisibilityTimeout=2)
                else:
                    self.aws.sqs.delete_message(**place)

        return consume

    def _work(self) -> None:
        """Step Functions: ends executions that have run long enough, and tells."""
        began: dict[str, float] = {}
        while not self._over.wait(0.1):
            running = self.aws.stepfunctions.list_executions(stateMachineArn=self.machine, statusFilter="RUNNING")["executions"]
            self.seen_running = max(self.seen_running, len(running))
            for execution in running:
                name, arn = execution["name"], execution["executionArn"]
                since = began.setdefault(name, time.monotonic())
                if time.monotonic() - since >= workflow.seconds(name) and not self.held.is_set():
                    self._end(name, arn)

    def _end(self, name: str, arn: str) -> None:
        ending = workflow.ending(name, json.loads(self.aws.stepfunctions.describe_execution(executionArn=arn)["input"]))
        if ending.status == "ABORTED":
            self.aws.stepfunctions.stop_execution(executionArn=arn)
        else:
            self.server.ask("end", arn=arn, **dataclasses.asdict(ending))
        rng = random.Random(f"status events {name}")
        detail = {"executionArn": arn, "stateMachineArn": self.machine, "name": name}
        ended = {**detail, **dataclasses.asdict(ending)}
        if rng.random() < 0.5:
            # As one that is large.
            del ended["output"]
        told = [{**detail, "status": "RUNNING"}] if rng.random() < 0.2 else []
        lost, doubled = rng.random() < 0.1, rng.random() < 0.2
        told += [] if lost else [ended] * (2 if doubled else 1)
        for each in told:
            self._tell(each, rng.choice([0, 0, 0, 1]))

    def _tell(self, detail: dict, delay: int) -> None:
        """EventBridge's event, in the outcomes queue."""
        event = {"version": "0", "source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}
        self.aws.sqs.send_message(QueueUrl=self.queues["outcomes"], MessageBody=json.dumps(event), DelaySeconds=delay)

    def send(self, bodies: list[str]) -> None:
        """To the events queue, as S3 does."""
        for body in bodies:
            self.aws.sqs.send_message(QueueUrl=self.queues["events"], MessageBody=body)

    def messages(self, queue: str) -> list[dict]:
        """All of them, hidden ones included."""
        return self.server.ask("queue", name=self.queues[queue].rsplit("/", 1)[1])

    def items(self) -> list[dict]:
        """The whole ledger."""
        pages = self.aws.dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def rows(self) -> list[dict]:
        return [item for item in self.items() if "state" in item]

    def slots(self) -> list[str]:
        return [item["sk"]["S"] for item in self.items() if item["pk"]["S"].split("/")[0] == "slots"]

    def ended(self) -> list[dict]:
        """Every execution, as DescribeExecution tells of it."""
        states = self.aws.stepfunctions
        every = executions.summaries(states, self.machine)
        return [states.describe_execution(executionArn=execution["executionArn"]) for execution in every]

    def left(self) -> list[str]:
        """The work left, in the order in which an event goes through."""
        left = [f"{len(messages)} messages in {queue}" for queue in ("events", "outcomes") if (messages := self.messages(queue))]
        left += [f"the slot of {slot}" for slot in self.slots()]
        running = self.aws.stepfunctions.list_executions(stateMachineArn=self.machine, statusFilter="RUNNING")["executions"]
        return left + [f"{execution['name']} runs" for execution in running]

    def until(self, over: Callable[[], bool], what: Callable[[], object]) -> None:
        """Until it is so twice in turn: a message on its way between two places is in neither."""
        deadline, before = time.monotonic() + PATIENCE_SECONDS, False
        while not ((now := over()) and before):
            assert time.monotonic() < deadline, f"after {PATIENCE_SECONDS} s: {what()}; {self.problems}"
            before = now
            time.sleep(0.5)

    def until_quiet(self) -> None:
        self.until(lambda: not self.left(), self.left)
