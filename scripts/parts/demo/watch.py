"""How a run is getting on, as queues and Step Functions tell. For show: the judge looks at every execution afterwards."""

import collections
import dataclasses
import time
from collections.abc import Callable, Iterator

from emulator.aws import Aws

from demo import noisy
from demo.executions import summaries
from demo.stack import Names

INTERVAL_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Sample:
    at: float
    # Messages in the events queue, whether waiting, delayed or in dispatch's hands, and events that wait for their tenant.
    waiting: int
    running: int
    succeeded: int
    # Uploads that had more than one attempt, as the judge counts them.
    retried: int
    dead: int
    # Outcomes that are not settled yet.
    outcomes: int
    # The state of the target, as dispatch sees it; empty if the pace does not adapt.
    circuit: str = ""

    @property
    def quiet(self) -> bool:
        return self.waiting == 0 and self.running == 0 and self.outcomes == 0

    @property
    def waits_for_a_tick(self) -> bool:
        return self.waiting > 0 and self.running == 0 and self.outcomes == 0


def depth(aws: Aws, queue: str) -> int:
    names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
    attributes = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def deferred(aws: Aws, ledger: str) -> int:
    """Events that wait for the noisy tenant's bound, by their items in the ledger."""
    answer = aws.dynamodb.query(
        TableName=ledger,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"t//{noisy.TENANT}"}},
        Select="COUNT",
    )
    return answer["Count"]


def circuit(aws: Aws, ledger: str) -> str:
    """As the lease has it: written at each change, and when a tick ends."""
    lease = aws.dynamodb.get_item(TableName=ledger, Key={"pk": {"S": "lease"}, "sk": {"S": "dispatch"}}).get("Item", {})
    found = lease.get("circuit", {}).get("M", {})
    rate = f" {float(found['rate']['N']):.1f} a second" if "rate" in found else ""
    return f"{found['state']['S']}{rate}" if found else ""


def sample(aws: Aws, names: Names, *, adapts: bool = False) -> Sample:
    executions = summaries(aws.stepfunctions, names.state_machine)
    statuses = collections.Counter(execution["status"] for execution in executions)
    return Sample(
        at=time.time(),
        waiting=depth(aws, names.events_queue) + (deferred(aws, names.ledger) if adapts else 0),
        running=statuses["RUNNING"],
        succeeded=statuses["SUCCEEDED"],
        retried=sum(execution["name"].endswith("-2") for execution in executions),
        dead=depth(aws, names.dead_letter_queue),
        outcomes=depth(aws, names.outcomes_queue),
        circuit=circuit(aws, names.ledger) if adapts else "",
    )


def until(aws: Aws, names: Names, over: Callable[[Sample], bool], seconds: float, *, adapts: bool = False) -> Iterator[Sample]:
    """Samples, until one is `over` twice in turn (a message on its way between two places is in neither) or time is up."""
    deadline = time.monotonic() + seconds
    before = False
    while time.monotonic() < deadline:
        began = time.monotonic()
        now = sample(aws, names, adapts=adapts)
        yield now
        if before and over(now):
            return
        before = over(now)
        # With thousands of executions a sample takes a while: never spend more than a third of the time on it.
        time.sleep(max(INTERVAL_SECONDS, 2 * (time.monotonic() - began)))
