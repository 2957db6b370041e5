"""Taking it down: not while it is protected, and wholly once it is not."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from pipeline.aws import EMULATORS_OWN, Aws
from pipeline.emulator import Emulator
from pipeline.inventory import inventory
from pipeline.terraform import TerraformError
from roots import Root
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


def test_a_destroy_leaves_nothing(
    applied: dict[str, Root], running: Running, emulator: Emulator, before: dict[str, set[str]]
) -> None:
    assert inventory(running.aws) > before[EMULATORS_OWN]
    with ThreadPoolExecutor() as pool:
        list(pool.map(Root.destroy, applied.values()))
    left = {account: inventory(Aws(emulator.endpoint, account)) - there for account, there in before.items()}
    assert not any(left.values()), left
