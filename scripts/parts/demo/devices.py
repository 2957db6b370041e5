"""The example's two tables: the registry of devices, and the latest status of each."""

from emulator.aws import Aws


def register(aws: Aws, table: str, devices: list[str]) -> None:
    for start in range(0, len(devices), 25):
        puts = [{"PutRequest": {"Item": {"device_id": {"S": device}}}} for device in devices[start : start + 25]]
        aws.dynamodb.batch_write_item(RequestItems={table: puts})


def latest(aws: Aws, table: str) -> dict[str, tuple[str, str]]:
    """Status and time (to the second) by device."""
    items = [item for page in aws.dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
    return {item["device_id"]["S"]: (item["status"]["S"], f"{item['reported_at']['S'][:19]}Z") for item in items}
