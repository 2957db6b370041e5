"""A pipeline that is up, and the tests' acts on it."""

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator

from demo import executions, watch
from demo.executions import Execution
from emulator import Emulator
from emulator.aws import Aws
from judge_orders import Version

BODY = b'{"what": "some bytes"}'
# Far longer than any wait takes: this bound tells that the awaited state will never come.
PATIENCE_SECONDS = 300


def wait(over: Callable[[], bool], what: str | Callable[[], str]) -> None:
    """Until it is so twice in turn: a message on its way between two places is in neither. `what` names the fault otherwise."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    before = False
    while not ((now := over()) and before):
        assert time.monotonic() < deadline, f"after {PATIENCE_SECONDS} s: {what if isinstance(what, str) else what()}"
        before = now
        time.sleep(0.3)


@dataclasses.dataclass(frozen=True)
class Pipeline:
    name: str
    emulator: Emulator
    aws: Aws
    # The module's outputs.
    outputs: dict
    bucket: str
    # The bucket that it subscribes to the topics of.
    topics_bucket: str | None = None
    # The bucket's owner, if it is another account.
    owner: Aws | None = None
    # Executions that are over, by ARN.
    _ended: dict[str, Execution] = dataclasses.field(default_factory=dict, init=False)

    @property
    def queues(self) -> list[str]:
        return [lane["queue_url"] for lane in self.outputs["lanes"].values()]

    @property
    def state_machine(self) -> str:
        return self.outputs["state_machine_arn"]

    @property
    def waits(self) -> bool:
        """Whether its ticks wait for events."""
        return self.outputs["effective_pace"]["default"]["idle"] == "wait"

    @property
    def uploader(self) -> Aws:
        return self.owner or self.aws

    def put(self, key: str, body: bytes = BODY) -> Version:
        way = key.split("/")[0]
        bucket = self.topics_bucket if way in ("raw", "wrapped") else self.bucket
        return Version(key, self.uploader.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])

    def waiting(self) -> int:
        """Messages in the events queues, whether waiting, delayed or in dispatch's hands."""
        return sum(watch.depth(self.aws, queue) for queue in self.queues)

    def until_waiting(self, count: int) -> None:
        wait(lambda: self.waiting() >= count, lambda: f"{self.name} has {self.waiting()} messages of {count}")

    def invoke(self) -> tuple[bool, str]:
        """One tick, by hand; after its end returns whether it went well, and its output."""
        answer = self.aws.lambda_.invoke(FunctionName=self.outputs["dispatch_function_name"], Payload=b"{}")
        return "FunctionError" not in answer, answer["Payload"].read().decode()

    def tick(self) -> dict:
        """One tick that goes well. Returns its counts."""
        good, said = self.invoke()
        assert good, said
        return json.loads(said)

    def slots(self) -> int:
        """Those that are taken: of executions that run, and of those with an unsettled outcome."""
        partitions = ["slots", *(f"s/{number:x}" for number in range(16))]
        answers = [
            self.aws.dynamodb.query(
                TableName=self.outputs["ledger_table_name"],
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": partition}},
                Select="COUNT",
            )
            for partition in partitions
        ]
        return sum(answer["Count"] for answer in answers)

    def outcomes(self) -> int:
        return watch.depth(self.aws, self.outputs["outcomes_queue_url"])

    def executing(self) -> int:
        """Executions, 1000 at most."""
        states = self.aws.stepfunctions
        return len(states.list_executions(stateMachineArn=self.state_machine, statusFilter="RUNNING")["executions"])

    def quiet(self) -> bool:
        """Nothing is left to do. Asked in the order in which an event goes through: so that none slips through."""
        return self.waiting() == 0 and self.slots() == 0 and self.outcomes() == 0 and self.executing() == 0

    def left(self) -> str:
        outcomes, executing = self.outcomes(), self.executing()
        return f"{self.name} has {self.waiting()} messages, {self.slots()} slots taken, {outcomes} outcomes, {executing} executions"

    def until_quiet(self) -> None:
        wait(self.quiet, self.left)

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Ticks one after another, for a test that is not about the schedule."""
        over = threading.Event()

        def go_on() -> None:
            while not over.is_set():
                with contextlib.suppress(Exception):  # killed, refused: so is life
                    self.invoke()
                over.wait(0.5)

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def work_off(self) -> None:
        work_off([self])

    @contextlib.contextmanager
    def unsettled(self) -> Iterator[None]:
        """Nothing is settled for a while: a holder of a slot, or of its object's turn, keeps it until afterwards."""
        settle = self.outputs["settle_function_name"]
        (mapping,) = self.aws.lambda_.list_event_source_mappings(FunctionName=settle)["EventSourceMappings"]
        self.aws.lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
        finally:
            self.aws.lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def fill(self, limit: int) -> int:
        """Ticks while no slot is freed until so many have started, however slow the machine is; how many it then were."""
        deadline, started = time.monotonic() + PATIENCE_SECONDS, 0
        with self.unsettled():
            # A tick goes on to its end while more wait.
            while started < limit:
                assert time.monotonic() < deadline, f"only {started} of {limit} have started: {self.left()}"
                started += self.tick()["Started"]
        return started

    def runs(self, prefix: str = "") -> list[Execution]:
        """Those of objects with keys that start so."""
        every = executions.described(self.aws.stepfunctions, self.state_machine, self._ended)
        return [run for run in every if any(item["key"].startswith(prefix) for item in run.objects)]

    def count(self) -> int:
        """How many executions there were so far."""
        return len(executions.summaries(self.aws.stepfunctions, self.state_machine))

    def dead(self) -> int:
        return sum(watch.depth(self.aws, lane["dead_letter_queue_url"]) for lane in self.outputs["lanes"].values())

    def send(self, body: str | dict) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.aws.sqs.send_message(QueueUrl=self.queues[0], MessageBody=text)

    def rows(self, key: str) -> list[dict]:
        """The ledger's rows of an object, oldest version first."""
        found = self.aws.dynamodb.query(
            TableName=self.outputs["ledger_table_name"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{self.bucket}/{key}"}},
        )["Items"]
        return [row for row in found if "#" in row["sk"]["S"]]

    def ledger_of(self, beginning: str) -> list[dict]:
        """The ledger's rows of all objects with a <bucket>/<key> that begins so."""
        pages = self.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.outputs["ledger_table_name"],
            FilterExpression="begins_with(pk, :pk)",
            ExpressionAttributeValues={":pk": {"S": beginning}},
        )
        return [row for page in pages for row in page["Items"]]

    @contextlib.contextmanager
    def controlled(self, **overrides: int | bool) -> Iterator[None]:
        """The control item says so, beside its other attributes."""
        item = {"TableName": self.outputs["ledger_table_name"], "Key": {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}}
        values = {
            f":{name}": {"BOOL": value} if isinstance(value, bool) else {"N": str(value)} for name, value in overrides.items()
        }
        says = ", ".join(f"{name} = :{name}" for name in overrides)
        self.aws.dynamodb.update_item(**item, UpdateExpression=f"SET {says}", ExpressionAttributeValues=values)
        try:
            yield
        finally:
            self.aws.dynamodb.update_item(**item, UpdateExpression=f"REMOVE {', '.join(overrides)}")

    @contextlib.contextmanager
    def allowed(self, function: str, change: Callable[[list[dict]], list[dict]]) -> Iterator[None]:
        """The function's role has the permissions of its policy's statements after that change, for a while; without any, none."""
        role = self.aws.lambda_.get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
        (name,) = self.aws.iam.list_role_policies(RoleName=role)["PolicyNames"]
        before = self.aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        if statements := change(before["Statement"]):
            after = json.dumps({**before, "Statement": statements})
            self.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=after)
        else:
            self.aws.iam.delete_role_policy(RoleName=role, PolicyName=name)
        try:
            yield
        finally:
            self.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(before))

    def arn(self, queue: str) -> str:
        return self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def work_off(pipelines: list[Pipeline]) -> None:
    """Ticks all of them side by side until nothing waits and nothing runs."""
    with contextlib.ExitStack() as stack:
        for pipeline in pipelines:
            if not pipeline.quiet():
                stack.enter_context(pipeline.ticking())
        for pipeline in pipelines:
            pipeline.until_quiet()
