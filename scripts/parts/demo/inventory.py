"""Everything that is there in the emulator, so that a destroy can be checked."""

from collections.abc import Iterator

from emulator.aws import Aws


def _all(aws: Aws) -> Iterator[str]:
    def pages(client, operation: str, field: str, name: str) -> Iterator[str]:
        for page in client.get_paginator(operation).paginate():
            for item in page.get(field, []):
                yield item[name] if name else item

    yield from (f"bucket {bucket['Name']}" for bucket in aws.s3.list_buckets()["Buckets"])
    yield from (f"queue {url}" for url in pages(aws.sqs, "list_queues", "QueueUrls", ""))
    yield from (f"table {name}" for name in pages(aws.dynamodb, "list_tables", "TableNames", ""))
    yield from (f"function {arn}" for arn in pages(aws.lambda_, "list_functions", "Functions", "FunctionArn"))
    yield from (
        f"event source mapping {id_}" for id_ in pages(aws.lambda_, "list_event_source_mappings", "EventSourceMappings", "UUID")
    )
    yield from (
        f"state machine {arn}" for arn in pages(aws.stepfunctions, "list_state_machines", "stateMachines", "stateMachineArn")
    )
    yield from (f"rule {arn}" for arn in pages(aws.events, "list_rules", "Rules", "Arn"))
    yield from (f"event bus {bus['Arn']}" for bus in aws.events.list_event_buses()["EventBuses"])
    yield from (f"topic {arn}" for arn in pages(aws.sns, "list_topics", "Topics", "TopicArn"))
    yield from (f"subscription {arn}" for arn in pages(aws.sns, "list_subscriptions", "Subscriptions", "SubscriptionArn"))
    yield from (f"alarm {name}" for name in pages(aws.cloudwatch, "describe_alarms", "MetricAlarms", "AlarmName"))
    yield from (f"catalogue database {name}" for name in pages(aws.glue, "get_databases", "DatabaseList", "Name"))
    yield from (f"crawler {name}" for name in pages(aws.glue, "get_crawlers", "Crawlers", "Name"))
    yield from (f"job {name}" for name in pages(aws.glue, "get_jobs", "Jobs", "Name"))
    # A key that is scheduled for deletion is as gone as a key can be.
    keys = [aws.kms.describe_key(KeyId=arn)["KeyMetadata"] for arn in pages(aws.kms, "list_keys", "Keys", "KeyArn")]
    yield from (f"key {key['Arn']}" for key in keys if key["KeyState"] != "PendingDeletion")
    yield from (f"log group {name}" for name in pages(aws.logs, "describe_log_groups", "logGroups", "logGroupName"))
    yield from (f"role {arn}" for arn in pages(aws.iam, "list_roles", "Roles", "Arn"))


def inventory(aws: Aws) -> set[str]:
    return set(_all(aws))
