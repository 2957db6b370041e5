"""Taking it down: not while it is protected, and wholly once it is not."""

import re

import pytest
from pipeline.inventory import inventory
from pipeline.terraform import TerraformError
from running import Running

PROTECTED = ("-target=module.spillway.module.ledger", "-target=module.spillway.module.queue")


def test_a_protected_pipeline_is_not_destroyed_until_protection_is_off(running: Running) -> None:
    terraform = running.stack.terraform
    terraform.apply("-var=protect=true", *PROTECTED)
    with pytest.raises(TerraformError) as refused:
        terraform.destroy("-var=protect=true", *PROTECTED)
    assert re.search(r"(?i)deletion.?protect", str(refused.value))
    assert re.search(r"(?i)deleting SQS Queue .*denied", str(refused.value), re.DOTALL)
    with pytest.raises(running.aws.sqs.exceptions.ClientError, match="AccessDenied"):
        running.aws.sqs.purge_queue(QueueUrl=running.names.events_queue)
    left = inventory(running.aws)
    assert {f"table {running.names.ledger}", f"queue {running.names.events_queue}"} <= left
    terraform.apply(*PROTECTED)


def test_a_destroy_leaves_nothing(running: Running, before: set[str]) -> None:
    assert inventory(running.aws) > before
    running.stack.terraform.destroy()
    assert inventory(running.aws) - before == set()
