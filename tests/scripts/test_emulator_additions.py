"""What is added to the emulator (docs/emulator.md) behaves as AWS does."""

import asyncio
import datetime
import gzip
import io
import itertools
import json
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import botocore.exceptions
import hypercorn.asyncio
import pytest
from pipeline.aws import Aws
from pipeline.emulator import Emulator
from pipeline.inside_emulator import connections

NUMBERS = itertools.count(1)
ACCOUNT = "000000000000"
OTHER = "222222222222"


def until(found: Callable[[], object], seconds: float = 10) -> object:
    deadline = time.monotonic() + seconds
    while not (what := found()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return what


def queue(aws: Aws, name: str, allows: str | None = None, **attributes: str) -> tuple[str, str]:
    """URL and ARN; `allows` is the service that may send."""
    url = aws.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    if allows:
        statement = {"Effect": "Allow", "Principal": {"Service": allows}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def receive(aws: Aws, url: str) -> list[dict]:
    return aws.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=0
    ).get("Messages", [])


@pytest.fixture
def bucket(aws: Aws) -> str:
    name = f"additions-{next(NUMBERS)}"
    aws.s3.create_bucket(Bucket=name)
    aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


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


def test_a_shorter_minute_makes_every_rate_shorter(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path, schedule_seconds=2)
    emulator.start()
    try:
        aws = Aws(emulator.endpoint)
        urls = []
        for rate in ("1 minute", "2 minutes"):
            name = f"every-{rate.replace(' ', '-')}"
            url, arn = queue(aws, name, "events.amazonaws.com")
            aws.events.put_rule(Name=name, ScheduleExpression=f"rate({rate})")
            aws.events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
            urls.append(url)
        # Three firings of the second take six minutes of the usual length.
        assert until(lambda: all(len(emulator.messages(url)) >= 3 for url in urls), 120)
        for url, least in zip(urls, (2, 4), strict=True):
            fired = sorted(json.loads(message["Body"])["time"] for message in emulator.messages(url))
            times = [datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) for time in fired]
            # A busy machine makes them later, and none earlier.
            assert all((after - before).total_seconds() >= least for before, after in itertools.pairwise(times)), fired
    finally:
        emulator.stop()


def function(aws: Aws, name: str, code: str, **settings: object) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", code)
    trust = {"Version": "2012-10-17", "Statement": []}
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    made = aws.lambda_.create_function(
        FunctionName=name, Runtime="python3.12", Role=role, Handler="main.run", Code={"ZipFile": packed.getvalue()}, **settings
    )
    return made["FunctionArn"]


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


def test_an_alias_runs_its_own_versions_by_weight_and_shows_its_executions(aws: Aws) -> None:
    number = next(NUMBERS)

    def definition(result: str) -> str:
        return json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": result, "End": True}}})

    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=f"aliased-{number}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    made = aws.stepfunctions.create_state_machine(
        name=f"aliased-{number}", definition=definition("old"), roleArn=role, publish=True
    )
    machine, old = made["stateMachineArn"], made["stateMachineVersionArn"]
    new = aws.stepfunctions.update_state_machine(stateMachineArn=machine, definition=definition("new"), publish=True)
    routes = [
        {"stateMachineVersionArn": old, "weight": 50},
        {"stateMachineVersionArn": new["stateMachineVersionArn"], "weight": 50},
    ]
    alias = aws.stepfunctions.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    started = [aws.stepfunctions.start_execution(stateMachineArn=alias)["executionArn"] for _ in range(20)]
    aws.stepfunctions.start_execution(stateMachineArn=machine)

    def ended() -> list[dict]:
        runs = [aws.stepfunctions.describe_execution(executionArn=arn) for arn in started]
        return runs if all(run["status"] == "SUCCEEDED" for run in runs) else []

    runs = until(ended)
    assert {(run["stateMachineVersionArn"] == old, run["output"]) for run in runs} == {(True, '"old"'), (False, '"new"')}
    assert {run["stateMachineAliasArn"] for run in runs} == {alias}
    listed = aws.stepfunctions.list_executions(stateMachineArn=alias)["executions"]
    assert {run["executionArn"] for run in listed} == set(started)


def test_an_expression_may_take_its_time(aws: Aws) -> None:
    # Longer and longer: one that a fast machine evaluates within a second shows nothing.
    assert any(_seconds_to_count(aws, count) > 1 for count in (60_000, 240_000, 960_000))


def _seconds_to_count(aws: Aws, count: int) -> float:
    """Of an execution that evaluates an expression, and succeeds."""
    slow = f"{{% $count($map([1..{count}], function($n) {{ $n * 2 }})) %}}"
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Count",
        "States": {"Count": {"Type": "Pass", "Output": slow, "End": True}},
    }
    name = f"slow-{next(NUMBERS)}"
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')["Role"]["Arn"]
    made = aws.stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    began = time.monotonic()
    run = aws.stepfunctions.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

    def ended() -> dict | None:
        shown = aws.stepfunctions.describe_execution(executionArn=run)
        return None if shown["status"] == "RUNNING" else shown

    shown = until(ended, seconds=60)
    assert (shown["status"], shown.get("output")) == ("SUCCEEDED", str(count)), shown
    return time.monotonic() - began


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


def test_a_bus_takes_another_accounts_events_only_by_its_policy_and_the_rules_role(aws: Aws, emulator: Emulator) -> None:
    other = Aws(emulator.endpoint, OTHER)
    name = f"bus-{next(NUMBERS)}"
    url, arn = queue(aws, name, "events.amazonaws.com")
    bus = aws.events.create_event_bus(Name=name)["EventBusArn"]
    pattern = json.dumps({"source": ["test"], "account": [OTHER]})
    aws.events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    aws.events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = other.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    other.events.put_rule(Name=name, EventPattern=json.dumps({"source": ["test"]}))
    other.events.put_targets(Rule=name, Targets=[{"Id": "bus", "Arn": bus, "RoleArn": role}])

    def send(detail: str) -> None:
        entry = {"Source": "test", "DetailType": "test", "Detail": json.dumps({"which": detail})}
        other.events.put_events(Entries=[entry])

    send("neither")
    allow = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    other.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps({"Statement": [allow]}))
    send("no policy")
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}]}
    aws.events.put_permission(EventBusName=name, Policy=json.dumps(policy))
    assert json.loads(aws.events.describe_event_bus(Name=name)["Policy"]) == policy
    send("both")
    (message,) = until(lambda: receive(aws, url))
    assert json.loads(message["Body"])["detail"] == {"which": "both"}


def distributed_map(aws: Aws, name: str, reader: dict, statements: list[dict]) -> dict:
    """How an execution ends whose children answer what they are given."""
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{name}"
    own = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [own, *statements]})
    aws.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    child = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
    state = {
        "Type": "Map",
        "ItemReader": reader,
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"run.$": "$.run"}},
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **child},
        "End": True,
    }
    definition = json.dumps({"StartAt": "Map", "States": {"Map": state}})
    machine = aws.stepfunctions.create_state_machine(name=name, definition=definition, roleArn=role["Role"]["Arn"])
    started = aws.stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"run": "r"}')

    def ended() -> dict | None:
        found = aws.stepfunctions.describe_execution(executionArn=started["executionArn"])
        return found if found["status"] != "RUNNING" else None

    return until(ended)


def allow(action: str, resource: str, **conditions: object) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{resource}", **conditions}


def test_a_distributed_map_lists_what_its_role_may_in_batches(aws: Aws, bucket: str) -> None:
    for number in range(3):
        aws.s3.put_object(Bucket=bucket, Key=f"in/{number}", Body=b"x")
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": bucket, "Prefix": "in/"}}
    below = {"Condition": {"StringLike": {"s3:prefix": ["in/*"]}}}
    ended = distributed_map(aws, bucket, reader, [allow("s3:ListBucket", bucket, **below)])
    batches = json.loads(ended["output"])
    assert [[item["Key"] for item in batch["Items"]] for batch in batches] == [["in/0", "in/1"], ["in/2"]]
    assert [batch["BatchInput"] for batch in batches] == [{"run": "r"}] * 2
    reader["Parameters"]["Prefix"] = "out/"
    ended = distributed_map(aws, f"{bucket}-out", reader, [allow("s3:ListBucket", bucket, **below)])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_a_distributed_map_reads_an_inventory(aws: Aws, bucket: str) -> None:
    lines = "".join(f'"{bucket}","in/{number}","2026-11-22T12:00:00.000Z"\n' for number in range(3))
    aws.s3.put_object(Bucket=bucket, Key="data/1.csv.gz", Body=gzip.compress(lines.encode()))
    manifest = {"fileFormat": "CSV", "fileSchema": "Bucket, Key, LastModifiedDate", "files": [{"key": "data/1.csv.gz"}]}
    aws.s3.put_object(Bucket=bucket, Key="manifest.json", Body=json.dumps(manifest).encode())
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "MANIFEST"},
        "Parameters": {"Bucket": bucket, "Key": "manifest.json"},
    }
    ended = distributed_map(aws, bucket, reader, [allow("s3:GetObject", f"{bucket}/*")])
    first, second = json.loads(ended["output"])
    line = {"Bucket": bucket, "Key": "in/0", "LastModifiedDate": "2026-11-22T12:00:00.000Z"}
    assert (first["Items"][0], len(first["Items"]), len(second["Items"])) == (line, 2, 1)
    ended = distributed_map(aws, f"{bucket}-half", reader, [allow("s3:GetObject", f"{bucket}/manifest.json")])
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_a_state_machine_may_be_deleted_twice(aws: Aws) -> None:
    name = f"deleted-{next(NUMBERS)}"
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    machine = aws.stepfunctions.create_state_machine(name=name, definition=definition, roleArn=role)["stateMachineArn"]
    for _ in range(2):
        aws.stepfunctions.delete_state_machine(stateMachineArn=machine)
    with pytest.raises(aws.stepfunctions.exceptions.StateMachineDoesNotExist):
        aws.stepfunctions.describe_state_machine(stateMachineArn=machine)


def test_each_statement_of_a_batch_asks_for_its_own_permission(aws: Aws, emulator: Emulator) -> None:
    name = f"statements-{next(NUMBERS)}"
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
    types = [{"AttributeName": "pk", "AttributeType": "S"}]
    table = aws.dynamodb.create_table(TableName=name, KeySchema=keys, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    aws.iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": "dynamodb:PartiQLInsert", "Resource": table["TableDescription"]["TableArn"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    aws.iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=policy)
    key = aws.iam.create_access_key(UserName=name)["AccessKey"]
    inserter = Aws(emulator.endpoint, key["AccessKeyId"], key["SecretAccessKey"])

    def insert(*values: str) -> list[str | None]:
        statement = f"INSERT INTO \"{name}\" VALUE {{'pk': ?}}"
        statements = [{"Statement": statement, "Parameters": [{"S": value}]} for value in values]
        responses = inserter.dynamodb.batch_execute_statement(Statements=statements)["Responses"]
        return [response.get("Error", {}).get("Code") for response in responses]

    assert insert("one", "two") == [None, None]
    assert insert("two", "three") == ["DuplicateItem", None]
    delete = {"Statement": f'DELETE FROM "{name}" WHERE pk = ?', "Parameters": [{"S": "one"}]}
    with pytest.raises(botocore.exceptions.ClientError, match="dynamodb:PartiQLDelete"):
        inserter.dynamodb.batch_execute_statement(Statements=[delete])
    assert aws.dynamodb.batch_execute_statement(Statements=[delete])["Responses"] == [{"TableName": name}]
    assert aws.dynamodb.scan(TableName=name)["Count"] == 2


def test_what_terraform_repeats_is_answered_as_the_first_time(emulator: Emulator) -> None:
    def create(group: str, invocation: str, attempt: int, agent: str) -> tuple[int, bytes]:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "Logs_20140328.CreateLogGroup",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request",
            "User-Agent": agent,
            "amz-sdk-invocation-id": invocation,
            "amz-sdk-request": f"attempt={attempt}; max=25",
        }
        body = json.dumps({"logGroupName": group}).encode()
        request = urllib.request.Request(emulator.endpoint, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    terraform, handler = "HashiCorp/1.0 Terraform/1.11.4", "aws-sdk-rust/1.3"
    first = create("repeated", "one", 1, terraform)
    assert first[0] == 200
    assert create("repeated", "one", 2, terraform) == first
    refused = create("repeated", "two", 1, terraform)
    assert refused[0] == 400
    assert b"ResourceAlreadyExistsException" in refused[1]
    assert create("once", "three", 1, handler)[0] == 200
    assert create("once", "three", 2, handler)[0] == 400


def test_connections_stay_open_longer_than_the_provider_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    served = []

    async def serve(_app: object, config: hypercorn.Config) -> None:
        served.append((config.bind, config.keep_alive_timeout))

    monkeypatch.setattr(hypercorn.asyncio, "serve", serve)
    connections.add(7)
    config = hypercorn.Config()
    config.keep_alive_timeout = 75
    asyncio.run(hypercorn.asyncio.serve(None, config))
    ((bound, seconds),) = served
    assert bound == ["fd://7"]
    assert seconds > 90
