"""scripts/redrive: brings the messages of a dead-letter queue back to where they came from."""

import argparse
import sys
from pathlib import Path

from pipeline import aws_api, redrive_moves, redrive_one_by_one, redrive_queues
from pipeline.aws_api import Api, ApiError
from pipeline.redrive_progress import in_words
from pipeline.redrive_queues import STAGES, RedriveError, Way


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/redrive",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Brings the messages of a pipeline's dead-letter queue back to where they came from. Repair the cause first.\n"
        "Each object event then gets one more attempt; what is done already is not done again.\n\n"
        "stages:\n"
        "  events    from the dead-letter queue of each lane, or of --lane, into its queue\n"
        "  outcomes  from the outcomes queue's dead-letter queue into the outcomes queue\n"
        "  ingest    what ingest failed on is handed to it again\n"
        "  rules     what EventBridge or SNS could not deliver, into the queue that it was for",
        epilog="examples:\n"
        "  scripts/redrive device-status --dry-run        by the pipeline's name\n"
        "  scripts/redrive --terraform-dir infrastructure --stage ingest --velocity 20\n"
        "  scripts/redrive --from device-status-dlq --to device-status\n\n"
        "Credentials and region are found as the AWS CLI finds them (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, SSO …).\n"
        "Calls go through boto3 if python3 has it, else through the AWS CLI. They need sqs:StartMessageMoveTask,\n"
        "ListMessageMoveTasks, CancelMessageMoveTask, ReceiveMessage, DeleteMessage, GetQueueAttributes and GetQueueUrl\n"
        "on the dead-letter queue, and sqs:SendMessage, GetQueueAttributes and GetQueueUrl on the queue; stages ingest and\n"
        "rules also sqs:ChangeMessageVisibility, and ingest lambda:InvokeFunction on the function.",
    )
    parser.add_argument("name", nargs="?", metavar="PIPELINE", help="the pipeline's name: its queues are found by it")
    parser.add_argument("--stage", choices=STAGES, default="events", help="which of the pipeline's queues (default: events)")
    parser.add_argument("--lane", metavar="NAME", help="stages events and rules: this lane alone")
    parser.add_argument("--terraform-dir", type=Path, metavar="DIR", help="read the queues from the outputs of this root module")
    parser.add_argument("--from", dest="source", metavar="QUEUE", help="the dead-letter queue: name, URL or ARN")
    parser.add_argument("--to", dest="destination", metavar="QUEUE", help="where to: name, URL or ARN")
    parser.add_argument("--velocity", type=int, metavar="N", help="at most N messages a second (1 to 500; default: SQS decides)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be moved, and move nothing")
    parser.add_argument("--detach", action="store_true", help="start the move and do not wait for its end (not ingest, rules)")
    parser.add_argument("--endpoint-url", metavar="URL", help="another address than AWS's own (default: AWS_ENDPOINT_URL)")
    parser.add_argument("--region", help="default: AWS_REGION, or the profile's")
    parser.add_argument("--profile", help="default: AWS_PROFILE")
    options = parser.parse_args(arguments)
    ways = [options.name, options.terraform_dir, options.source or options.destination]
    if sum(way is not None for way in ways) != 1 or bool(options.source) != bool(options.destination):
        parser.error("name the queues in one way: PIPELINE, --terraform-dir, or --from with --to")
    if options.velocity is not None and not 1 <= options.velocity <= 500:
        parser.error("--velocity is 1 to 500 messages a second")
    if options.lane and (options.source or options.stage not in ("events", "rules")):
        parser.error("--lane goes with the stages events and rules of a pipeline")
    if options.detach and options.stage in ("ingest", "rules"):
        parser.error("--detach: the messages of this stage are moved by this script, which has to stay")
    return options


def redrive(options: argparse.Namespace) -> int:
    api = aws_api.connect(options.endpoint_url, options.region, options.profile)
    if options.name:
        ways = redrive_queues.by_name(api, options.name, options.stage, options.lane)
    elif options.terraform_dir:
        ways = redrive_queues.by_terraform(options.terraform_dir, options.stage, options.lane)
    else:
        ways = [Way(options.source, options.destination)]
    return max([go(api, way, options) for way in ways])


def go(api: Api, way: Way, options: argparse.Namespace) -> int:
    source = redrive_queues.find(api, way.source)
    destination = redrive_queues.find(api, way.queue) if way.queue else None
    by_sqs = destination is not None and options.stage != "rules"
    if by_sqs:
        redrive_moves.refuse_a_second(api, source)
    hidden = f" ({in_words(source.in_flight)} more in flight: someone is reading them)" if source.in_flight else ""
    if not source.waiting:
        print(f"nothing to move: {source.name} is empty{hidden}")
        return 0
    pace = f", at most {options.velocity} a second" if options.velocity else ""
    would = "would move" if options.dry_run else "moving"
    to = destination.name if destination else way.function
    print(f"{would} {in_words(source.waiting)} from {source.name} to {to}{pace}{hidden}", flush=True)
    if options.dry_run:
        return 0
    if by_sqs:
        return redrive_moves.move(api, source, destination, options.velocity, options.detach)
    if destination:
        return redrive_one_by_one.into_queue(api, source, destination, options.velocity)
    return redrive_one_by_one.into_function(api, source, way.function, options.velocity)


def main(arguments: list) -> int:
    try:
        return redrive(parse(arguments))
    except RedriveError as error:
        print(f"scripts/redrive: {error}", file=sys.stderr)
    except ApiError as error:
        code = f"{error.code}: " if error.code else ""
        print(f"scripts/redrive: {code}{error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped before anything was moved", file=sys.stderr)
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
