"""Subscriptions of topics: filter policies and dead letters."""

import json

from emulator.aws import Aws
from emulator.resources import NUMBERS, queue, receive, until


def test_a_filter_policy_looks_into_the_records_of_a_notification(aws: Aws) -> None:
    number = next(NUMBERS)
    topic = aws.sns.create_topic(Name=f"filtered-{number}")["TopicArn"]
    url, arn = queue(aws, f"filtered-{number}", "sns.amazonaws.com")
    policy = json.dumps({"Records": {"s3": {"object": {"key": [{"prefix": "status/"}]}}}})
    attributes = {"RawMessageDelivery": "true", "FilterPolicyScope": "MessageBody", "FilterPolicy": policy}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    for key in ("other/a", "status/b"):
        aws.sns.publish(TopicArn=topic, Message=json.dumps({"Records": [{"s3": {"object": {"key": key}}}]}))
    aws.sns.publish(TopicArn=topic, Message=json.dumps({"Event": "s3:TestEvent"}))
    (message,) = until(lambda: receive(aws, url))
    assert "status/b" in message["Body"]


def test_what_a_queue_refuses_goes_to_the_subscriptions_dead_letter_queue(aws: Aws) -> None:
    number = next(NUMBERS)
    topic = aws.sns.create_topic(Name=f"refused-{number}")["TopicArn"]
    (url, arn), (dead_url, dead) = queue(aws, f"refused-{number}"), queue(aws, f"refused-dead-{number}", "sns.amazonaws.com")
    attributes = {"RawMessageDelivery": "true", "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    aws.sns.publish(TopicArn=topic, Message="kept")
    (message,) = until(lambda: receive(aws, dead_url))
    assert message["Body"] == "kept"
    assert receive(aws, url) == []
