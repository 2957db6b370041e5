"""One of the pipelines that tests/e2e/conftest.py applies, and what the tests do with it."""

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Callable, Iterator

from pipeline import executions, watch
from pipeline.aws import Aws
from pipeline.emulator import Emulator
from pipeline.executions import Execution
from pipeline.judge_orders import Version

BODY = b'{"what": "some bytes"}'


def wait(over: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    """Until it is so twice in turn: a message on its way between two places is in neither. `what` says what is wrong else."""
    deadline = time.monotonic() + seconds
    before = False
    while not ((now := over()) and before):
        assert time.monotonic() < deadline, f"after {seconds} s: {what if isinstance(what, str) else what()}"
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
    # The bucket whose topics it has subscribed to.
    topics_bucket: str | None = None
    # Whose the bucket is, if it is another account's.
    owner: Aws | None = None

    @property
    def queues(self) -> list[str]:
        return [lane["queue_url"] for lane in self.outputs["lanes"].values()]

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

    def until_waiting(self, count: int, seconds: float = 60) -> None:
        wait(lambda: self.waiting() >= count, seconds, lambda: f"{self.name} has {self.waiting()} messages of {count}")

    def tick(self) -> dict:
        """One tick, by hand; returns when it has ended, with what it counted."""
        answer = self.aws.lambda_.invoke(FunctionName=self.outputs["dispatch_function_name"], Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read()) or {}

    def work(self) -> dict[str, int]:
        """What is left to do, by where it is."""
        runs = executions.summaries(self.aws.stepfunctions, self.outputs["state_machine_arn"])
        return {
            "waiting": self.waiting(),
            "running": sum(run["status"] == "RUNNING" for run in runs),
            "outcomes": watch.depth(self.aws, self.outputs["outcomes_queue_url"]),
        }

    def quiet(self) -> bool:
        return not any(self.work().values())

    def until_quiet(self, seconds: float = 180) -> None:
        wait(self.quiet, seconds, lambda: f"{self.name} still has work: {self.work()}")

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        over = threading.Event()

        def go_on() -> None:
            while not over.is_set():
                with contextlib.suppress(Exception):
                    self.tick()
                over.wait(0.2)

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def work_off(self, seconds: float = 180) -> None:
        work_off([self], seconds)

    def runs(self, prefix: str = "") -> list[Execution]:
        """Those of objects whose keys start so."""
        every = executions.described(self.aws.stepfunctions, self.outputs["state_machine_arn"])
        return [run for run in every if any(item["key"].startswith(prefix) for item in run.objects)]

    def dead(self) -> int:
        return sum(watch.depth(self.aws, lane["dead_letter_queue_url"]) for lane in self.outputs["lanes"].values())

    def send(self, body: dict) -> None:
        self.aws.sqs.send_message(QueueUrl=self.queues[0], MessageBody=json.dumps(body))

    def rows(self, key: str) -> list[dict]:
        """The ledger's rows of an object, oldest version first."""
        found = self.aws.dynamodb.query(
            TableName=self.outputs["ledger_table_name"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{self.bucket}/{key}"}},
        )["Items"]
        return [row for row in found if "#" in row["sk"]["S"]]

    def ledger_of(self, beginning: str) -> list[dict]:
        """The ledger's rows of all objects whose <bucket>/<key> begins so."""
        pages = self.aws.dynamodb.get_paginator("scan").paginate(
            TableName=self.outputs["ledger_table_name"],
            FilterExpression="begins_with(pk, :pk)",
            ExpressionAttributeValues={":pk": {"S": beginning}},
        )
        return [row for page in pages for row in page["Items"]]

    @contextlib.contextmanager
    def controlled(self, **overrides: int) -> Iterator[None]:
        """The control item says so."""
        table, key = self.outputs["ledger_table_name"], {"pk": {"S": "control"}, "sk": {"S": "dispatch"}}
        values = {name: {"N": str(value)} for name, value in overrides.items()}
        self.aws.dynamodb.put_item(TableName=table, Item={**key, **values})
        try:
            yield
        finally:
            self.aws.dynamodb.delete_item(TableName=table, Key=key)

    @contextlib.contextmanager
    def allowed_only(self, function: str, queue: str) -> Iterator[None]:
        """The function's role may send to that queue and nothing else, for a while."""
        role = self.aws.lambda_.get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
        (name,) = self.aws.iam.list_role_policies(RoleName=role)["PolicyNames"]
        before = self.aws.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        arn = self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        only = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}]}
        self.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(only))
        try:
            yield
        finally:
            self.aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(before))


def work_off(pipelines: list[Pipeline], seconds: float = 180) -> None:
    """Ticks all of them side by side until nothing waits and nothing runs."""
    with contextlib.ExitStack() as stack:
        for pipeline in pipelines:
            stack.enter_context(pipeline.ticking())
        for pipeline in pipelines:
            pipeline.until_quiet(seconds)
