"""The example many-accounts: the same root for three accounts, each with a state and pipelines of its own."""

import judge_orders
import pytest
import roots
from one_pipeline import Pipeline, work_off
from sites import Site

pytestmark = pytest.mark.xdist_group("examples")

UPLOADS = 6


@pytest.fixture(scope="module")
def accounts(site: Site) -> dict[str, dict[str, Pipeline]]:
    return {account: site.of_account(account) for account in roots.MANY_ACCOUNTS}


def test_each_account_works_on_its_own_uploads_and_on_no_others(accounts: dict[str, dict[str, Pipeline]]) -> None:
    pipelines = {(account, name): one for account, own in accounts.items() for name, one in own.items()}
    assert sorted(pipelines) == [
        ("analytics", "images"),
        ("analytics", "reports"),
        ("billing", "invoices"),
        ("research", "samples"),
    ]
    uploads = {place: [one.put(f"{place[1]}-{number}") for number in range(UPLOADS)] for place, one in pipelines.items()}
    for one in pipelines.values():
        one.until_waiting(UPLOADS)
    work_off(list(pipelines.values()))
    for place, one in pipelines.items():
        runs = one.runs()
        assert judge_orders.exactly_once(uploads[place], runs) == []
        assert {run.status for run in runs} == {"SUCCEEDED"}
        assert one.state_machine.split(":")[4] == roots.MANY_ACCOUNTS[place[0]]


def test_a_pipeline_starts_at_its_share_of_its_accounts_quota(accounts: dict[str, dict[str, Pipeline]]) -> None:
    paces = {
        name: (one.outputs["effective_pace"]["default"]["starts_per_second"], one.outputs["effective_pace"]["default"]["burst"])
        for own in accounts.values()
        for name, one in own.items()
    }
    # research has the larger quota of its own.
    assert paces == {"reports": (75, 400), "images": (30, 160), "invoices": (15, 80), "samples": (240, 1000)}
    variables = {
        name: one.aws.lambda_.get_function_configuration(FunctionName=one.outputs["dispatch_function_name"])["Environment"][
            "Variables"
        ]
        for own in accounts.values()
        for name, one in own.items()
    }
    assert {
        name: (float(own["SPILLWAY_STARTS_PER_SECOND"]), int(own["SPILLWAY_BURST"])) for name, own in variables.items()
    } == paces


def test_an_account_has_its_own_settings_where_it_says_so_and_else_the_shared_ones(
    accounts: dict[str, dict[str, Pipeline]],
) -> None:
    kept = {}
    for own in accounts.values():
        for name, one in own.items():
            (group,) = one.aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}_dispatch")["logGroups"]
            kept[name] = group["retentionInDays"]
    assert kept == {"reports": 90, "images": 90, "invoices": 90, "samples": 365}
    limits = {
        name: one.outputs["effective_pace"]["default"]["max_concurrency"] for own in accounts.values() for name, one in own.items()
    }
    assert limits == {"reports": 200, "images": 50, "invoices": 50, "samples": 50}
