"""Taking it down: not while it is protected, and wholly once it is not."""

import re

import pytest
from sites import FORMS, Sites
from tools.terraform import TerraformError

PROTECTED = (
    "-target=module.spillway.module.guard",
    "-target=module.spillway.module.ledger",
    "-target=module.spillway.module.queue",
    "-refresh=false",
)
UNTIL = "kept-until-protect-is-false"


@pytest.mark.xdist_group("schedule")
def test_a_protected_pipeline_is_not_destroyed_until_protection_is_off(sites: Sites) -> None:
    site = sites["schedule"]
    running, terraform = site.running, site.roots["device-status"].terraform
    terraform.apply("-var=protect=true", *PROTECTED)
    before = site.made()

    # Nothing goes before the guard, and nothing that the module stands on.
    with pytest.raises(TerraformError) as refused:
        terraform.destroy("-var=protect=true", "-refresh=false")
    assert re.search(rf"deleting SNS Topic .*:{running.name}_{UNTIL}_events_default", str(refused.value))
    assert site.made() == before
    # It is the one error: its reader has nothing to choose from.
    assert len(re.findall(r"(?m)^\W*Error: ", str(refused.value))) == 1

    # Nor does anyone delete them past Terraform.
    queue = running.names.events_queue
    for call in (running.aws.sqs.delete_queue, running.aws.sqs.purge_queue):
        with pytest.raises(running.aws.sqs.exceptions.ClientError, match="AccessDenied"):
            call(QueueUrl=queue)
    with pytest.raises(running.aws.dynamodb.exceptions.ClientError, match=r"(?i)deletion.?protect"):
        running.aws.dynamodb.delete_table(TableName=running.names.ledger)
    assert site.made() == before
    terraform.apply(*PROTECTED)


@pytest.mark.parametrize("group", [pytest.param(group, marks=pytest.mark.xdist_group(group)) for group in FORMS])
def test_a_destroy_leaves_nothing(sites: Sites, group: str) -> None:
    site = sites[group]
    for root in site.roots.values():
        assert root.outputs
    assert any(site.made().values())
    site.destroy()
    assert not any(site.made().values()), site.made()
