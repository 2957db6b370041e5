"""The command line of scripts/redrive."""

import argparse
import datetime
from dataclasses import replace
from pathlib import Path

from program import numbers

from redrive import selection
from redrive.ledger import FINISHED
from redrive.selection import Selection

STAGES = ("events", "outcomes", "ingest", "rules", "replay")
OF_OBJECTS = ("events", "ingest", "rules", "replay")

DESCRIPTION = """\
Brings back what failed, and replays what is finished. Repair the cause first. Each object event then gets one more
attempt, by the same bounded path as all others; what is done already is not done again.

stages:
  events    from the dead-letter queue of each lane, or of --lane, into its queue
  outcomes  from the outcomes queue's dead-letter queue into the outcomes queue
  ingest    what ingest failed on is handed to it again
  rules     what EventBridge or SNS could not deliver, into the queue that it was for
  replay    finished object events (--state) are asked for once more: attempt k + 1 of each, in its lane's queue

There is no stage for ticks: the schedule has no dead-letter queue, since the next tick makes up for one that is missing.
Nor is there one for runs of reconcile that could not be started: they hold nothing; start one by hand.
"""

EPILOG = """\
examples:
  scripts/redrive device-status --dry-run        by the pipeline's name
  scripts/redrive device-status --error UnknownDevice --since 2h
  scripts/redrive device-status --stage replay --object "s3://uploads/status/device 7.json" --state SUCCEEDED
  scripts/redrive device-status --stage replay --prefix uploads/status/ --since 2026-11-22T20:00:00Z --velocity 50
  scripts/redrive --terraform-dir infrastructure --stage ingest --velocity 20
  scripts/redrive --from device-status_events-dlq_default --to device-status_events_default

Exit status: 0, done; 1, something failed, or an object or prefix that was named is not there; 2, the arguments are wrong;
130, it was stopped.

With a selection, messages are received, looked at, and sent and deleted if they match; what does not match stays, and
is visible again at the end. Without one, SQS itself moves those of events and outcomes.

A replay of --object reads that object's rows. Any other reads the whole ledger, whatever it selects: half a read unit for
each 4 KB, so that a million rows of 500 bytes are some 61,000 units; and one unit for each row that is replayed. --dry-run
says how many it took. Run twice it asks for the same attempts; once those have ended, for the next ones. It says with
which --until it leaves those out.

Credentials and region are found as the AWS CLI finds them (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, SSO …).
Calls go through boto3 if python3 has it, else through the AWS CLI. They need sqs:StartMessageMoveTask,
ListMessageMoveTasks, CancelMessageMoveTask, ReceiveMessage, DeleteMessage, ChangeMessageVisibility, GetQueueAttributes and
GetQueueUrl on the dead-letter queue, and sqs:SendMessage, GetQueueAttributes and GetQueueUrl on the queue; stage ingest
also lambda:InvokeFunction on the function. Stage replay needs dynamodb:Query, Scan, BatchGetItem and DescribeTable on the
ledger and sqs:SendMessage on the lanes' queues. By the pipeline's name, stages events, rules and replay also need
lambda:GetFunctionConfiguration on dispatch, which knows the lanes; without it events and rules need --lane.
Where a key of one's own encrypts them, kms:Decrypt and GenerateDataKey on it.
"""


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/redrive",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("name", nargs="?", metavar="PIPELINE", help="the pipeline's name: its queues are found by it")
    parser.add_argument("--stage", choices=STAGES, default="events", help="what to bring back (default: events)")
    parser.add_argument("--lane", metavar="NAME", help="stages events, rules and replay: this lane alone")
    parser.add_argument("--terraform-dir", type=Path, metavar="DIR", help="read the queues from the outputs of this root module")
    parser.add_argument("--from", dest="source", metavar="QUEUE", help="the dead-letter queue: name, URL or ARN")
    parser.add_argument("--to", dest="destination", metavar="QUEUE", help="where to: name, URL or ARN")
    chosen = parser.add_argument_group("selection (all that is given must hold)")
    chosen.add_argument("--object", action="append", default=[], metavar="BUCKET/KEY", help="all versions of it; may be repeated")
    chosen.add_argument("--prefix", metavar="BUCKET/PREFIX", help="objects whose keys begin so")
    chosen.add_argument("--since", metavar="TIME", help="what failed, or ended, from then on: 2026-11-22T20:00:00Z, or 2h ago")
    chosen.add_argument("--until", metavar="TIME", help="and before then")
    chosen.add_argument("--error", metavar="TEXT", help="this is a part of the reason in the queue, or of the row's error or cause")
    chosen.add_argument(
        "--state", action="append", choices=FINISHED, help="stage replay: rows of it (default: DEAD); may be repeated"
    )
    chosen.add_argument("--all", action="store_true", help="stage replay: every row of those states")
    parser.add_argument(
        "--velocity", type=numbers.Whole(1, 500), metavar="N", help="at most N messages a second (1 to 500; default: SQS decides)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be moved, and move nothing")
    parser.add_argument("--detach", action="store_true", help="let SQS move on and do not wait for its end (events, outcomes)")
    parser.add_argument("--endpoint-url", metavar="URL", help="another address than AWS's own (default: AWS_ENDPOINT_URL)")
    parser.add_argument("--region", help="default: AWS_REGION, or the profile's")
    parser.add_argument("--profile", help="default: AWS_PROFILE")
    options = parser.parse_args(arguments)
    try:
        options.selection = _selection(options)
    except ValueError as error:
        parser.error(str(error))
    if complaint := _complaint(options):
        parser.error(complaint)
    return options


def _selection(options: argparse.Namespace) -> Selection:
    now = datetime.datetime.now(datetime.timezone.utc)
    chosen = Selection(
        objects=tuple(dict.fromkeys(map(selection.named_object, options.object))),
        prefix=selection.named_prefix(options.prefix) if options.prefix else None,
        since=selection.moment(options.since, now) if options.since else None,
        until=selection.moment(options.until, now) if options.until else None,
        error=options.error or None,
    )
    options.narrows = chosen.narrows
    if options.stage == "replay" and chosen.until is None:
        # What this run asks for must not be asked for again when it has ended.
        return replace(chosen, until=round(now.timestamp() * 1000))
    return chosen


def _complaint(options: argparse.Namespace) -> str | None:
    ways = [options.name, options.terraform_dir, options.source or options.destination]
    chosen = options.selection
    if sum(way is not None for way in ways) != 1 or bool(options.source) != bool(options.destination):
        return "name the queues in one way: PIPELINE, --terraform-dir, or --from with --to"
    if options.lane and (options.source or options.stage not in ("events", "rules", "replay")):
        return "--lane goes with the stages events, rules and replay of a pipeline"
    if options.source and options.stage != "events":
        return f"--from and --to say which queues: stage {options.stage} goes with PIPELINE or --terraform-dir"
    if options.stage not in OF_OBJECTS and (chosen.objects or chosen.prefix):
        return "an outcome names an execution and no object: choose by --since, --until or --error"
    if options.stage == "replay":
        if not options.narrows and not options.all:
            return "say what to replay: --object, --prefix, --since, --until or --error; or --all for every row of those states"
    elif options.state or options.all:
        return "--state and --all go with --stage replay; the other stages move everything that is not narrowed down"
    if chosen.since is not None and chosen.until is not None and chosen.since >= chosen.until:
        return "nothing is both --since and before --until: the first must be the earlier one"
    if options.detach and (options.stage not in ("events", "outcomes") or options.narrows or options.dry_run):
        return "--detach: only what SQS itself moves goes on alone, which is all of events or outcomes"
    return None
