"""Terraform's words when it refuses: terraform test compares the failure, and not the words.

The runs are those of test_input_is_refused.py, without the failures they expect.
"""

import dataclasses
import re

import input_runs
import pytest
from terraform_runs import INPUT, REFUSED, Run

pytestmark = pytest.mark.quick

# The input that is named, and the remedy.
SAID = {
    "alarms_on_ticks_that_are_rarer": ("rate(10 minutes)", "Give 1800 or more, or leave it out"),
    "fifo_from_s3": ("a.all", 'via = "lambda"'),
    "fifo_with_a_backoff": ("backoff_seconds", "[0]"),
    "sources_that_overlap": ("a.all and a.json", "prefixes or suffixes"),
    "buckets_with_more_wildcards_than_an_event_bus_has": ("31 sources", "a.s0", "b.s14", "allows 30", "Leave out prefix or suffix"),
    "buckets_with_an_event_that_is_none": ("s3:ObjectCreated:Upload", "s3:ObjectCreated:*"),
    "sources_in_a_lane_that_is_none": ("a.", "lane"),
    "lanes_with_a_share_above_one": ("min_share", "0.9"),
    "lanes_that_share_too_much": ("min_share", "0.9"),
    "lanes_with_a_bound_below_zero": ("lanes.bulk.max_concurrency = -1", "leave it out"),
    "lanes_with_half_an_execution": ("lanes.bulk.max_concurrency = 1.5", "a whole number"),
    "lanes_with_a_bound_above_the_pipelines": ("lanes.bulk.max_concurrency = 301", "at most 300, raise pace.max_concurrency"),
    "lanes_of_one_with_a_bound": ("one lane", "Give pace.max_concurrency alone"),
    "windows_with_a_lane_that_is_none": ("windows.night.lanes.bluk", "The lanes are bulk, default"),
    "windows_that_bound_the_only_lane": ("windows.night.lanes", "or add lanes"),
    "windows_with_a_lane_above_the_pipelines": ("windows.night.lanes.bulk.max_concurrency = 101", "0 to 100"),
    "workflow_in_order_with_a_batch": ("events_per_execution", "order"),
    "windows_in_a_zone_that_is_none": ("windows.night.timezone", "IANA"),
    "windows_with_an_empty_pace": ("night", "pause"),
    "pace_with_too_many_slots": ("pace.max_concurrency = 10001", "or set pace.slot_partitions = 16 for up to 100,000"),
    "pace_that_is_too_fast": ("pace.starts_per_second = 400.5", "or set pace.slot_partitions = 16 for up to 4,000"),
    "pace_with_two_slot_partitions": ("pace.slot_partitions = 2", "or 16 for more than 400"),
    "pace_with_more_slots_than_fit_into_the_memory": ("handlers.dispatch.memory_mb = 128", "Give 256 or more"),
    "pace_that_is_too_fast_for_sixteen_partitions": ("up to 4,000. A start writes",),
    "pace_that_adapts_to_no_error": ("pace.adapt.errors has 0 names", "leave adapt out"),
    "pace_that_adapts_to_every_error": ('only of *, or longer than 256 characters: "**"', "every failure"),
    "pace_that_adapts_at_any_share": ("tolerated_share = 1", "one in twenty"),
    "pace_that_adapts_above_the_pace": ("slowest_starts_per_second = 25.5", "at most pace.starts_per_second (25)"),
    "pace_that_adapts_and_counts_in_halves": ("uncounted_max = 0.5", "0 to 1000"),
    "tenants_by_segment_zero": ('tenants.by = "0"', "from 1 to 999", "never a tenant"),
    "tenants_by_nothing": ('tenants.by = ""', "Or give a pattern with one group"),
    "tenants_by_a_pattern_that_is_none": ("is no pattern", "exactly one group, around the tenant"),
    "tenants_by_a_pattern_without_a_group": ("a pattern with 0 groups", "exactly one group"),
    "tenants_by_a_pattern_with_two_groups": ("a pattern with 2 groups", "(?:…) does not count"),
    "tenants_by_a_class_of_unicode": ("a class of Unicode", "Give classes such as [a-z0-9-]"),
    "tenants_by_a_named_group": ("a named group",),
    "tenants_by_a_class_in_a_class": ("a class within a class",),
    "tenants_by_an_open_brace": ("a { that is no repetition",),
    "tenants_by_a_pattern_that_is_too_long": ("longer than 256 characters",),
    "tenants_of_which_none_starts": ("tenants.max_concurrency = 0", "pause the pipeline"),
    "tenants_with_half_an_execution": ("tenants.max_concurrency = 1.5", "a whole number"),
    "tenants_with_more_than_the_pipeline": ("tenants.max_concurrency = 101", "from 1 to 100"),
    "tenants_with_an_order": ('workflow.order = "latest"', 'Set order = "none", or leave tenants out'),
    "tenants_with_a_batch": ("events_per_execution = 10", "Set events_per_execution = 1, or leave tenants out"),
    "tenants_with_fifo": ("fifo = true", "Set fifo = false, or leave tenants out"),
    "windows_that_are_too_fast_for_one_partition": ("night", "set pace.slot_partitions = 16"),
    "schedule_with_minute_60": ("cron(60", "rate("),
    "platform_with_an_applier_that_is_a_session": (
        "nor users of IAM: arn:aws:sts::111122223333:assumed-role/deploy/ann. Give",
        ":role/",
    ),
    "platform_with_a_key_that_aws_manages": ("alias/aws/", "policy"),
    "handlers_of_a_checkout": (
        "There is no dist/handlers.json",
        "a checkout has none: take a release",
        "scripts/release",
        "scripts/build --out terraform/dist",
    ),
    "handlers_in_a_directory_without_a_build": ("There is no nowhere/handlers.json", "leave handlers.directory out"),
    "handlers_without_reconcile": ("no reconcile for arm64", "enabled = false"),
    # One run breaks several rules: each has its words.
    "reconcile_out_of_range": (
        'reconcile.schedule = "every day"',
        "reconcile.stale_after_seconds = 900",
        "from 3600",
        "reconcile.max_concurrency = 0",
        "reconcile.list.min_age_seconds = -1",
    ),
    "reconcile_of_what_cannot_be_listed": (
        "not in buckets: b. Give keys of buckets, which are a, away, small",
        "other accounts, and Step Functions lists only those of its own account and Region: away.",
        "Let their owners deliver S3 inventories",
        "min_size or max_size: a.all, small.all. A listing",
        "Leave their buckets out of reconcile.list",
    ),
    "reconcile_off_with_a_list_of_nothing": (
        "Set enabled = true, or leave list out",
        'names no bucket and no inventory. Give buckets = ["a"]',
        "reconcile.list.scheduled = true",
    ),
}


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The words, by the name of the run."""
    results = input_runs.results(tmp_path_factory.mktemp("refusals"), [_expecting_nothing(run) for run in REFUSED])
    return {run.name: "\n".join(results[str(run)].errors) for run in REFUSED}


def _expecting_nothing(run: Run) -> Run:
    return dataclasses.replace(run, text=re.sub(r"\n  expect_failures = \[.*?\]\n", "\n", run.text, flags=re.DOTALL))


@pytest.mark.parametrize("name", SAID)
def test_a_refusal_names_the_input_and_the_remedy(name: str, said: dict[str, str]) -> None:
    for words in SAID[name]:
        assert words in said[name]


def test_every_rule_refuses_something(said: dict[str, str]) -> None:
    assert len(said) == len(REFUSED)
    written = set()
    for path in INPUT.glob("*.tf"):
        lines = enumerate(path.read_text().splitlines(), start=1)
        written |= {f"{path.name}:{number}" for number, line in lines if line == "  validation {"}
    refusing = set(re.findall(r"This was checked by the validation rule at ([\w.-]+:\d+)", "\n".join(said.values())))
    assert sorted(written - refusing) == []
