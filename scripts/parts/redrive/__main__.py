"""scripts/redrive: see pipeline.redrive.options for what it does."""

import argparse
import sys

from program import entry

from redrive import aws_api, contents, moves, one_by_one, queues, ways
from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError
from redrive.options import parse
from redrive.progress import in_words, sample
from redrive.queues import Queue
from redrive.replay import Replay
from redrive.selection import Looked
from redrive.ways import Way


def redrive(options: argparse.Namespace) -> int:
    api = aws_api.connect(options.endpoint_url, options.region, options.profile)
    looked = Looked(options.selection)
    if options.stage == "replay":
        place = ways.ledger_by_terraform(options.terraform_dir) if options.terraform_dir else ways.ledger_by_name(api, options.name)
        states = options.state or ["DEAD"]
        replay = Replay(api, place, options.selection, looked, states, options.lane, options.velocity, options.dry_run)
        return judged(replay.go(), looked)
    if options.name:
        found = ways.by_name(api, options.name, options.stage, options.lane)
    elif options.terraform_dir:
        found = ways.by_terraform(options.terraform_dir, options.stage, options.lane)
    else:
        found = [Way(options.source, options.destination)]
    return judged(max([go(api, way, options, looked) for way in found]), looked)


def judged(status: int, looked: Looked) -> int:
    """An object that was named and is nowhere is a failure, if all was gone through."""
    if status != 0 or not looked.at_all or not looked.missing:
        return status
    nothing = "; ".join(looked.missing)
    raise RedriveError(f"nothing was found of {nothing}. The bucket comes first: s3://bucket/key")


def go(api: Api, way: Way, options: argparse.Namespace, looked: Looked) -> int:
    source = queues.find(api, way.source)
    destination = queues.find(api, way.queue) if way.queue else None
    # SQS moves the messages of queues that are another queue's dead-letter queue.
    movable = destination is not None and options.stage != "rules"
    if movable:
        moves.refuse_a_second(api, source)
    hidden = f" ({in_words(source.in_flight)} more in flight: someone is reading them)" if source.in_flight else ""
    if not source.waiting:
        print(f"nothing to move: {source.name} is empty{hidden}")
        return 0
    pace = f", at most {options.velocity} a second" if options.velocity else ""
    to = destination.name if destination else way.function
    if options.narrows:
        what = "looking at" if options.dry_run else "moving what matches of"
        print(f"{what} {in_words(source.waiting)} in {source.name}, for {to}{pace}{hidden}", flush=True)
    else:
        would = "would move" if options.dry_run else "moving"
        print(f"{would} {in_words(source.waiting)} from {source.name} to {to}{pace}{hidden}", flush=True)
        if options.dry_run:
            show_some(api, source)
            return 0
        if movable:
            return moves.move(api, source, destination, options.velocity, options.detach)
    deliver = (
        one_by_one.into_queue(api, destination, keep_attributes=options.stage != "rules")
        if destination
        else one_by_one.into_function(api, way.function)
    )
    return one_by_one.Pass(api, source, deliver, options.selection, looked, options.velocity, options.dry_run).go()


def show_some(api: Api, source: Queue) -> None:
    received = one_by_one.receive(api, source)
    one_by_one.give_back(api, source, [message["ReceiptHandle"] for message in received])
    shown = [contents.of(message) for message in received]
    sample([str(one) for one in shown], source.waiting)
    one_by_one.warn_of_attempts(sum(one.without_attempt for one in shown))


def main(arguments: list) -> int:
    try:
        return redrive(parse(arguments))
    except RedriveError as error:
        print(f"scripts/redrive: {error}", file=sys.stderr)
    except ApiError as error:
        code = f"{error.code}: " if error.code else ""
        remedy = " (--help says which permissions a redrive needs)" if "AccessDenied" in error.code else ""
        print(f"scripts/redrive: {code}{error}{remedy}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped; what has not been moved is where it was", file=sys.stderr)
        return entry.STOPPED
    return 1


if __name__ == "__main__":
    entry.run("scripts/redrive", main)
