"""Distributed maps over lists and inventories."""

import gzip
import json

from emulator.aws import Aws
from emulator.resources import ACCOUNT, until


def distributed_map(aws: Aws, name: str, reader: dict, statements: list[dict]) -> dict:
    """The end of an execution whose children answer their input."""
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
