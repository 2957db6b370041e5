"""Taking it down: not while it is protected, and wholly once it is not."""

import pytest
from pipeline.inventory import inventory
from pipeline.terraform import TerraformError
from running import Running

LEDGER = "module.spillway.module.ledger"


def test_a_protected_ledger_is_not_destroyed_until_protection_is_off(running: Running) -> None:
    protected = ("-var=protect=true", f"-target={LEDGER}")
    running.stack.terraform.apply(*protected)
    with pytest.raises(TerraformError, match=r"(?i)deletion.?protect"):
        running.stack.terraform.destroy(*protected)
    assert running.names.ledger in running.aws.dynamodb.list_tables()["TableNames"]
    running.stack.terraform.apply(f"-target={LEDGER}")


def test_a_destroy_leaves_nothing(running: Running, before: set[str]) -> None:
    assert inventory(running.aws) > before
    running.stack.terraform.destroy()
    assert inventory(running.aws) - before == set()
