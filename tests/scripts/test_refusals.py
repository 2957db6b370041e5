"""What Terraform says when it refuses: terraform test compares what failed, and not the words.

The runs are those of terraform/tests/rules-*.tftest.hcl, without the failures they expect.
"""

import re
import shutil
from pathlib import Path

import pytest
from pipeline.paths import ROOT
from pipeline.terraform import Terraform

RULES = {path: path.read_text() for path in sorted((ROOT / "terraform/tests").glob("rules*.tftest.hcl"))}

# The input that is named, and the remedy.
SAID = {
    "fifo_from_s3": ("a.all", 'via = "lambda"'),
    "fifo_with_a_backoff": ("backoff_seconds", "[0]"),
    "sources_that_overlap": ("a.all and a.json", "prefixes or suffixes"),
    "buckets_with_an_event_that_is_none": ("s3:ObjectCreated:Upload", "s3:ObjectCreated:*"),
    "sources_in_a_lane_that_is_none": ("a.", "lane"),
    "lanes_with_a_share_above_one": ("min_share", "0.9"),
    "lanes_that_share_too_much": ("min_share", "0.9"),
    "workflow_in_order_with_a_batch": ("events_per_execution", "order"),
    "windows_in_a_zone_that_is_none": ("windows.night.timezone", "IANA"),
    "windows_with_an_empty_pace": ("night", "pause"),
    "schedule_with_minute_60": ("cron(60", "rate("),
    "platform_with_a_key_that_aws_manages": ("alias/aws/", "policy"),
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
        "min_size or max_size, or have a % in prefix or suffix: a.all, small.all. Leave",
    ),
    "reconcile_off_with_a_list_of_nothing": (
        "Set enabled = true, or leave list out",
        'names no bucket and no inventory. Give buckets = ["a"]',
        "reconcile.list.scheduled = true",
    ),
}


def run_named(name: str) -> tuple[str, str]:
    """A file's beginning, and one of its runs."""
    for text in RULES.values():
        found = re.search(rf'^run "{name}" {{\n.*?^}}\n', text, re.MULTILINE | re.DOTALL)
        if found:
            return text[: text.index('\nrun "') + 1], found.group()
    raise AssertionError(f"there is no run {name}")


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said, by run."""
    copy: Path = tmp_path_factory.mktemp("refusals") / "terraform"
    shutil.copytree(ROOT / "terraform", copy, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tftest.hcl"))
    for name in SAID:
        head, run = run_named(name)
        unexpected = re.sub(r"\n  expect_failures = \[.*?\]\n", "\n", run, flags=re.DOTALL)
        assert unexpected != run
        (copy / "tests" / f"{name}.tftest.hcl").write_text(head + unexpected)
    terraform = Terraform(copy, {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"})
    terraform.init()
    shown = terraform.run("test", "-no-color", accepted=(1,)).stdout
    by_run = re.split(r'^  run "(\w+)"\.\.\. ', shown, flags=re.MULTILINE)[1:]
    # The message itself, without the lines it quotes; Terraform breaks its lines.
    message = re.compile(r"\n\n((?:.+\n)+)\nThis was checked")
    texts = (" ".join(" ".join(message.findall(text)).split()) for text in by_run[1::2])
    return dict(zip(by_run[::2], texts, strict=True))


@pytest.mark.parametrize("name", SAID)
def test_a_refusal_names_the_input_and_the_remedy(name: str, said: dict[str, str]) -> None:
    for words in SAID[name]:
        assert words in said[name]
