"""Events that EventBridge cannot deliver."""

import json

import judge_orders
import pytest
from demo import watch
from one_pipeline import Pipeline, wait
from operating import spillway

pytestmark = pytest.mark.xdist_group("cells")


def test_what_the_queue_refuses_of_a_rule_is_kept_and_worked_on_after_a_redrive(pipelines: dict[str, Pipeline]) -> None:
    pipeline = pipelines["none"]
    (queue,) = pipeline.queues
    attributes = pipeline.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]
    policy = json.loads(attributes["Policy"])
    without = [statement for statement in policy["Statement"] if "events.amazonaws.com" not in json.dumps(statement["Principal"])]
    assert len(without) < len(policy["Statement"])
    refusing = json.dumps({**policy, "Statement": without})
    (rule,) = pipeline.outputs["redrive"]["rules"].values()
    pipeline.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": refusing})
    try:
        uploads = [pipeline.put(f"eventbridge/refused/{number}.json") for number in range(3)]
        wait(lambda: watch.depth(pipeline.aws, rule["source_url"]) == 3, "the events are not kept")
    finally:
        pipeline.aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": attributes["Policy"]})
    done = spillway(pipeline.emulator, "-p", pipeline.name, "redrive", "--stage", "rules")
    assert done.returncode == 0, done
    pipeline.work_off()
    assert judge_orders.exactly_once(uploads, pipeline.runs("eventbridge/refused/")) == []
