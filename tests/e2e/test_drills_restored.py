"""The ledger restored from a point in time, in the middle of work. The emulator restores no table: its items are copied."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator

import command_lines
import judge_orders
import ledger_copies
import other_workflow
import pytest
from judge_orders import Version
from minutes import Minutes
from one_pipeline import wait
from program.paths import ROOT
from running import Running
from sites import Site

pytestmark = pytest.mark.xdist_group("kills")

PAGE = "docs/operate/restore.md"


def says(running: Running, line: str) -> None:
    """A command that stands on the page."""
    assert line in [*command_lines.in_blocks(PAGE), *command_lines.in_sentences((ROOT / PAGE).read_text())]
    ended = command_lines.run(line, running)
    assert ended.returncode == 0, ended


def put(running: Running, prefix: str, count: int) -> list[Version]:
    return [running.put(f"status/{prefix}{number}.json") for number in range(count)]


@contextlib.contextmanager
def works_on(site: Site, running: Running, table: str) -> Iterator[Running]:
    """The pipeline, once Terraform has given it that ledger, and the permission to list its bucket; the own ledger afterwards."""
    terraform = site.roots["device-status"].terraform
    override = running.stack.example / "restored_override.tf"
    arguments = {"ledger": {"table": {"arn": table}}, "reconcile": {"list": {"buckets": ["uploads"]}}}
    lines = "".join(f"  {name} = {json.dumps(value)}\n" for name, value in arguments.items())
    override.write_text(f'module "spillway" {{\n{lines}}}\n')
    try:
        terraform.apply("-refresh=false")
        yield dataclasses.replace(running, outputs=terraform.outputs()["spillway"])
    finally:
        override.unlink()
        terraform.apply("-refresh=false")


def test_a_restored_ledger_loses_nothing_and_repeats_nothing_and_is_quiet(quiet: Running, minutes: Minutes, site: Site) -> None:
    ledger, aws = quiet.outputs["ledger_table_name"], quiet.aws
    heard = []
    with contextlib.ExitStack() as stack:
        held = stack.enter_context(other_workflow.holding(quiet))
        before = put(quiet, "restored-before-", 4)
        quiet.until_waiting(4)
        heard.append(minutes.tick())
        assert len(held.keys()) == 4
        items = ledger_copies.items(aws, ledger)

        # The restored ledger will not know of these: an event that is claimed, one that is done, one that is to be retried.
        since = put(quiet, "restored-since-", 6)
        quiet.until_waiting(6)
        notifications = [message["Body"] for message in quiet.waiting_messages()]
        heard.append(minutes.tick())
        assert len(held.keys()) == 10
        held.let_go(before[0].key, since[0].key)
        held.fail(since[1].key)
        wait(lambda: quiet.slots() == 7, quiet.left)

        says(quiet, "spillway schedule off")
        restored = f"{ledger}-restored"
        table = ledger_copies.create_like(aws, ledger, restored)
        stack.callback(aws.dynamodb.delete_table, TableName=restored)
        ledger_copies.replace(aws, restored, items)
        now = stack.enter_context(works_on(site, quiet, table))
        assert now.outputs["ledger_table_name"] == restored
        assert now.slots() == 4

        # Some end before anything has looked at the ledger again, and S3 tells of some for a second time.
        held.let_go(before[1].key, since[2].key)
        held.fail(before[2].key)
        held.fail(since[3].key)
        for body in notifications[:3]:
            quiet.send(body)
        after = put(quiet, "restored-after-", 2)
        with other_workflow.defined(quiet, other_workflow.AT_ONCE):
            says(now, "spillway schedule on")
            heard.append(minutes.tick())
            held.end()
            heard += minutes.work_off(now)
            # An event that was claimed since then, and failed since then, is in nobody's hands.
            says(now, "spillway backfill s3://my-bucket/status/ --since 2026-11-29T12:00:00Z --min-age 0m")
            heard += minutes.work_off(now)
        says(now, "spillway schedule off")
        heard += [minutes.tick() for _ in range(3)]
        # So that the own one knows all of it.
        ledger_copies.replace(aws, ledger, ledger_copies.items(aws, restored))

    assert heard == [set()] * len(heard)
    uploads = [*before, *since, *after]
    runs = judge_orders.by_version(quiet.executions("restored-"))
    fail_once = {since[1], since[3], before[2]}
    ran = {upload: [run.status for run in runs[upload]] for upload in uploads}
    assert ran == {upload: ["FAILED", "SUCCEEDED"] if upload in fail_once else ["SUCCEEDED"] for upload in uploads}
    assert runs.keys() == set(uploads)
