"""Terraform's resources, as it made them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sites import Sites

# docs/evidence/emulator.md: attributes that the emulator does not keep.
ALARM = {"actions_enabled", "alarm_description", "dimensions", "period", "statistic", "treat_missing_data"}
CRAWLER_ALARMS = {
    f'module.crawler.aws_cloudwatch_metric_alarm.this["{name}"]': ALARM
    for name in ("dead-letters", "failed-crawls", "oldest-event")
}
CRAWLER = {"module.crawler.aws_glue_crawler.this": {"lineage_configuration"}, **CRAWLER_ALARMS}
GAPS = {"glue-crawler": CRAWLER, "pipelines": CRAWLER}


# The other sites have no root module of their own.
GROUPS = ("device-status", "cells", "pipelines", "deploy", "examples")


@pytest.mark.parametrize("group", [pytest.param(group, marks=pytest.mark.xdist_group(group)) for group in GROUPS])
def test_a_plan_after_the_apply_changes_nothing_but_the_emulators_gaps(sites: Sites, group: str) -> None:
    own = sites[group].roots
    with ThreadPoolExecutor() as pool:
        plans = {name: pool.submit(root.terraform.plan) for name, root in own.items()}
    assert {name: plan.result() for name, plan in plans.items()} == {name: GAPS.get(name, {}) for name in own}


@pytest.mark.xdist_group("device-status")
def test_the_functions_run_the_code_that_was_built(sites: Sites) -> None:
    module = sites["device-status"].running.outputs
    assert module["running_sha256"] == module["released_sha256"]
