"""Asynchronous invocations of functions: permissions, failures, bursts."""

import json
import time

from emulator.aws import Aws
from emulator.resources import ACCOUNT, function, queue, receive, until


def notify_function(aws: Aws, bucket: str, arn: str) -> None:
    configuration = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}
    )


def test_a_function_is_invoked_by_s3_only_with_permission_and_its_failures_are_kept_only_with_permission(
    aws: Aws, bucket: str
) -> None:
    url, destination = queue(aws, f"{bucket}-failures")
    aws.logs.create_log_group(logGroupName=f"/aws/lambda/{bucket}")
    arn = function(aws, bucket, "def run(event, context):\n    raise ValueError('no')\n")
    aws.lambda_.put_function_event_invoke_config(
        FunctionName=bucket, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": destination}}
    )
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": destination}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    allow = {
        "FunctionName": bucket,
        "StatementId": "s3",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
        "SourceArn": f"arn:aws:s3:::{bucket}",
        "SourceAccount": ACCOUNT,
    }
    notify_function(aws, bucket, arn)
    aws.s3.put_object(Bucket=bucket, Key="not invoked", Body=b"x")
    time.sleep(1)
    aws.lambda_.add_permission(**allow)
    aws.s3.put_object(Bucket=bucket, Key="not kept", Body=b"x")
    log = f"/aws/lambda/{bucket}"
    until(lambda: any("REPORT" in event["message"] for event in aws.logs.filter_log_events(logGroupName=log)["events"]), 30)
    time.sleep(1)
    aws.iam.put_role_policy(RoleName=bucket, PolicyName="own", PolicyDocument=policy)
    aws.s3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    (message,) = until(lambda: receive(aws, url))
    kept = json.loads(message["Body"])
    assert kept["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "kept"
    assert kept["requestContext"]["condition"] == "RetriesExhausted"


def test_a_burst_of_asynchronous_invocations_waits_instead_of_failing(aws: Aws, bucket: str) -> None:
    url, destination = queue(aws, f"{bucket}-all")
    name = f"{bucket}-burst"
    arn = function(aws, name, "import time\ndef run(event, context):\n    time.sleep(0.5)\n    raise ValueError('no')\n")
    aws.iam.put_role_policy(
        RoleName=name,
        PolicyName="own",
        PolicyDocument=json.dumps({"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}),
    )
    aws.lambda_.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": destination}}
    )
    for number in range(8):
        aws.lambda_.invoke(FunctionName=arn, InvocationType="Event", Payload=json.dumps(number).encode())

    def count() -> int:
        attributes = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    assert until(lambda: count() == 8, 90), count()
    kept = [json.loads(message["Body"]) for message in receive(aws, url)]
    assert {message["responsePayload"]["errorMessage"] for message in kept} == {"no"}
