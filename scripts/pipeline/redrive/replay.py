"""Stage replay: a message for attempt k + 1 of finished rows, so that they come by the same bounded path as all others.

Whoever asks, and however often: who reads attempt k asks for k + 1, and dispatch claims an attempt once.
"""

import collections
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.aws_api import Api, ApiError
from pipeline.redrive import asking, ledger
from pipeline.redrive.errors import RedriveError
from pipeline.redrive.ledger import Rows
from pipeline.redrive.progress import SAMPLE, Progress, in_words, sample
from pipeline.redrive.selection import Selection, shown
from pipeline.redrive.stop import Stop
from pipeline.redrive.ways import Ledger

# Rows read again at once: with their objects' heads no more than the 100 keys of a BatchGetItem.
CHUNK = 50
BATCH = 10


@dataclass
class _Tally:
    by_state: collections.Counter = field(default_factory=collections.Counter)
    asked: int = 0
    # Finished when they were found, and not any more.
    moved_on: int = 0
    # Of objects of which a newer version was taken, in a pipeline with order latest.
    older: int = 0
    unreadable: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    shown: list = field(default_factory=list)


def replay(
    api: Api, place: Ledger, selection: Selection, states: list, lane: str | None, velocity: int | None, dry_run: bool
) -> int:
    """`selection.until` is set: what ends later may be what this very run, or one before it, asked for."""
    if place.order == "latest" and set(states) == {"SUPERSEDED"}:
        raise RedriveError(
            "with order latest no older version starts after a newer one: a SUPERSEDED one would be superseded again. Replay the"
            " object's newest version: --object, with --state SUCCEEDED or DEAD"
        )
    if lane is not None and lane not in place.lanes:
        raise RedriveError(f"the pipeline has no lane {lane}: its lanes are {', '.join(place.lanes)}")
    rows, tally = Rows(api, place.table), _Tally()
    if not selection.objects:
        print(f"reading all of {place.table}: some {rows.scan_units()} read units", flush=True)
    with Stop() as stop:
        try:
            _go_through(api, place, rows, rows.selected(selection, states, lane), velocity, dry_run, tally, stop)
        except ApiError:
            if not dry_run:
                print(f"an error ended this after {in_words(tally.asked, 'attempt')}: go on with --until {shown(selection.until)}")
            raise
    return _report(place, selection, rows, dry_run, tally, stop.asked)


def _go_through(
    api: Api,
    place: Ledger,
    rows: Rows,
    pages: Iterable,
    velocity: int | None,
    dry_run: bool,
    tally: _Tally,
    stop: Stop,
) -> None:
    progress = Progress("asked for")
    waiting: list = []
    for page in pages:
        waiting += page
        while len(waiting) >= CHUNK and not stop.asked:
            chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
            _chunk(api, place, rows, chunk, velocity, dry_run, tally, stop)
            progress.show(tally.asked, tally.asked + len(waiting))
        if stop.asked:
            break
    if waiting and not stop.asked:
        _chunk(api, place, rows, waiting, velocity, dry_run, tally, stop)
    progress.end()


def _chunk(
    api: Api,
    place: Ledger,
    rows: Rows,
    chunk: list,
    velocity: int | None,
    dry_run: bool,
    tally: _Tally,
    stop: Stop,
) -> None:
    """Reads some rows again, and sends for those that are still as they were found."""
    keys = [(row["pk"]["S"], row["sk"]["S"]) for row in chunk]
    heads = [(pk, "head") for pk, _ in keys] if place.order == "latest" else []
    now = rows.now(keys + heads)
    entries: dict = {}
    for found, key in zip(chunk, keys, strict=True):
        row = now.get(key)
        if row is None or row.get("state") != found["state"] or ledger.attempt(row) != ledger.attempt(found):
            tally.moved_on += 1
            continue
        head = now.get((key[0], "head"), {})
        if place.order == "latest" and head.get("newest", {}).get("S", "") > key[1]:
            tally.older += 1
            continue
        attempt = ledger.attempt(row) + 1
        url = place.lanes.get(row.get("lane", {}).get("S"), next(iter(place.lanes.values())))
        try:
            # Two runs have the same cause, for which a FIFO queue takes one message.
            cause = f"replay of attempt {attempt - 1}"
            entry = asking.message(place.arn, row, attempt, cause, url.endswith(".fifo"))
        except asking.UnreadableError as error:
            tally.unreadable.append(str(error))
            continue
        if len(tally.shown) < SAMPLE:
            tally.shown.append(_line(row, attempt))
        entries.setdefault(url, []).append((row["state"]["S"], entry))
    if dry_run:
        for of_lane in entries.values():
            tally.by_state.update(state for state, _ in of_lane)
            tally.asked += len(of_lane)
        return
    for url, of_lane in entries.items():
        _send(api, url, of_lane, velocity, tally, stop)


def _line(row: dict, attempt: int) -> str:
    said = f" {ledger.error(row)}" if ledger.error(row) else ""
    at = shown(ledger.finished_at(row))
    return f"{row['pk']['S']} {row['sk']['S']}: {row['state']['S']} at {at}{said}, attempt {attempt}"


def _send(api: Api, url: str, entries: list, velocity: int | None, tally: _Tally, stop: Stop) -> None:
    most = min(BATCH, velocity) if velocity else BATCH
    while entries and not stop.asked:
        batch, entries = _next_batch(entries, most)
        began = time.monotonic()
        numbered = [{"Id": str(number), **entry} for number, (_, entry) in enumerate(batch)]
        answer = api.sqs("SendMessageBatch", QueueUrl=url, Entries=numbered)
        for sent in answer.get("Successful", []):
            tally.by_state[batch[int(sent["Id"])][0]] += 1
            tally.asked += 1
        tally.failures += [f"{failed['Code']}: {failed.get('Message', '')}" for failed in answer.get("Failed", [])]
        if velocity:
            time.sleep(max(0, len(batch) / velocity - (time.monotonic() - began)))


def _next_batch(entries: list, most: int) -> tuple:
    """Of a FIFO queue one of a group: an entry that is refused alone would be overtaken by the next."""
    batch, rest, groups = [], [], set()
    for state, entry in entries:
        group = entry.get("MessageGroupId")
        if len(batch) < most and (group is None or group not in groups):
            batch.append((state, entry))
            groups.add(group)
        else:
            rest.append((state, entry))
    return batch, rest


def _report(place: Ledger, selection: Selection, rows: Rows, dry_run: bool, tally: _Tally, stopped: bool) -> int:
    states = ", ".join(f"{count} {state}" for state, count in sorted(tally.by_state.items()))
    of_states = f" ({states})" if states else ""
    attempts = in_words(tally.asked, "attempt")
    if dry_run and not stopped:
        print(f"would ask for {attempts}{of_states}; {rows.read_units:g} read units")
        sample(tally.shown, tally.asked)
    elif not stopped:
        print(f"asked for {attempts}{of_states}; {rows.read_units:g} read units")
    if tally.moved_on:
        print(f"{in_words(tally.moved_on, 'row')} left alone: not finished any more")
    if tally.older:
        print(f"{in_words(tally.older, 'row')} left alone: with order latest no older version starts after a newer one")
    if tally.by_state["DEAD"] and not dry_run:
        print("what the dead-letter queue still holds of them is stale now: a redrive of it does nothing")
    until = shown(selection.until)
    if stopped:
        print(f"stopped after {attempts}{of_states}. To go on without them, run this again with --until {until}")
        return 130
    if tally.asked and not dry_run:
        print(f"the same again would ask for what ended since; with --until {until} it leaves that out")
    if tally.unreadable:
        raise RedriveError(f"{in_words(len(tally.unreadable), 'row')} cannot be replayed; the first: {tally.unreadable[0]}")
    if tally.failures:
        raise RedriveError(
            f"{in_words(len(tally.failures), 'attempt')} could not be asked for; the first: {tally.failures[0]}."
            f" Run this again with --until {until}"
        )
    return 0
