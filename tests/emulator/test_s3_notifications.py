"""Notifications of S3: those that a queue or EventBridge gets, from which accounts, and the queue of refused ones."""

import json

from emulator import Emulator
from emulator.aws import Aws
from emulator.resources import NUMBERS, OTHER, queue, receive, until


def eventbridge_rule(aws: Aws, bucket: str, target: str, dead: str) -> None:
    aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    aws.events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": target, "DeadLetterConfig": {"Arn": dead}}])


def test_an_event_of_eventbridge_has_the_objects_version(aws: Aws, bucket: str) -> None:
    (url, arn), (_, dead) = queue(aws, f"{bucket}-queue", "events.amazonaws.com"), queue(aws, f"{bucket}-dead")
    eventbridge_rule(aws, bucket, arn, dead)
    version = aws.s3.put_object(Bucket=bucket, Key="a b", Body=b"x")["VersionId"]
    (message,) = until(lambda: receive(aws, url))
    shown = json.loads(message["Body"])["detail"]["object"]
    assert (shown["key"], shown["version-id"]) == ("a b", version)


def test_s3_compares_its_filters_with_keys_as_it_writes_them(aws: Aws, bucket: str) -> None:
    urls = {}
    for name, prefix in {"written": "%7Ein/x%3D1/*+", "plain": "~in/x=1/* "}.items():
        urls[name], arn = queue(aws, f"{bucket}-{name}", "s3.amazonaws.com")
        rules = [{"Name": "prefix", "Value": prefix}]
        configuration = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        aws.s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
        aws.s3.put_object(Bucket=bucket, Key="~in/x=1/* é.json", Body=b"x")

    def keys(url: str) -> list[str]:
        # Without the test events.
        bodies = [json.loads(message["Body"]) for message in receive(aws, url)]
        return [record["s3"]["object"]["key"] for body in bodies for record in body.get("Records", [])]

    assert until(lambda: keys(urls["written"])) == ["%7Ein/x%3D1/*+%C3%A9.json"]
    assert keys(urls["plain"]) == []


def test_what_a_queue_refuses_goes_to_the_rules_dead_letter_queue(aws: Aws, bucket: str) -> None:
    (url, arn), (dead_url, dead) = queue(aws, f"{bucket}-queue"), queue(aws, f"{bucket}-dead", "events.amazonaws.com")
    eventbridge_rule(aws, bucket, arn, dead)
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"x")
    (message,) = until(lambda: receive(aws, dead_url))
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "key"
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert receive(aws, url) == []


def test_a_queue_of_another_account_takes_a_buckets_events(aws: Aws, emulator: Emulator) -> None:
    other = Aws(emulator.endpoint, OTHER)
    number = next(NUMBERS)
    name = f"foreign-{number}"
    url, arn = queue(aws, name, "s3.amazonaws.com")
    other.s3.create_bucket(Bucket=name)
    configuration = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    other.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"QueueConfigurations": [configuration]})
    until(lambda: receive(aws, url))  # the test event
    other.s3.put_object(Bucket=name, Key="key", Body=b"x")
    assert until(lambda: any("ObjectCreated" in message["Body"] for message in receive(aws, url)))
