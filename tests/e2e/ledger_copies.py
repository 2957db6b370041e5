"""Ledgers of another time: the emulator restores no table, so its items are copied."""

from emulator.aws import Aws

# As many as a call takes.
AT_ONCE = 25


def items(aws: Aws, table: str) -> list[dict]:
    pages = aws.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def create_like(aws: Aws, table: str, name: str) -> str:
    """An empty table with the same key; its ARN."""
    like = aws.dynamodb.describe_table(TableName=table)["Table"]
    attributes = {"KeySchema": like["KeySchema"], "AttributeDefinitions": like["AttributeDefinitions"]}
    made = aws.dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **attributes)
    return made["TableDescription"]["TableArn"]


def replace(aws: Aws, table: str, after: list[dict]) -> None:
    """The table has these items and no others."""
    gone = [{"DeleteRequest": {"Key": {"pk": item["pk"], "sk": item["sk"]}}} for item in items(aws, table)]
    _write(aws, table, gone)
    _write(aws, table, [{"PutRequest": {"Item": item}} for item in after])


def _write(aws: Aws, table: str, requests: list[dict]) -> None:
    for start in range(0, len(requests), AT_ONCE):
        answer = aws.dynamodb.batch_write_item(RequestItems={table: requests[start : start + AT_ONCE]})
        assert not answer["UnprocessedItems"]
