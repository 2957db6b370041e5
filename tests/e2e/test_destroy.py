"""Taking it down: not while it is protected, and wholly once it is not."""

import re

import pytest
from pipeline.aws import EMULATORS_OWN
from pipeline.terraform import TerraformError
from sites import FORMS, Sites

PROTECTED = ("-target=module.spillway.module.ledger", "-target=module.spillway.module.queue", "-refresh=false")


@pytest.mark.xdist_group("schedule")
def test_a_protected_pipeline_is_not_destroyed_until_protection_is_off(sites: Sites) -> None:
    site = sites["schedule"]
    running, terraform = site.running, site.roots["device-status"].terraform
    terraform.apply("-var=protect=true", *PROTECTED)
    with pytest.raises(TerraformError) as refused:
        terraform.destroy("-var=protect=true", *PROTECTED)
    assert re.search(r"(?i)deletion.?protect", str(refused.value))
    assert re.search(r"(?i)deleting SQS Queue .*denied", str(refused.value), re.DOTALL)
    with pytest.raises(running.aws.sqs.exceptions.ClientError, match="AccessDenied"):
        running.aws.sqs.purge_queue(QueueUrl=running.names.events_queue)
    assert {f"table {running.names.ledger}", f"queue {running.names.events_queue}"} <= site.made()[EMULATORS_OWN]
    terraform.apply(*PROTECTED)


@pytest.mark.parametrize("group", [pytest.param(group, marks=pytest.mark.xdist_group(group)) for group in FORMS])
def test_a_destroy_leaves_nothing(sites: Sites, group: str) -> None:
    site = sites[group]
    for root in site.roots.values():
        assert root.outputs
    assert any(site.made().values())
    site.destroy()
    assert not any(site.made().values()), site.made()
