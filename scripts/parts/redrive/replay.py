"""Stage replay: a message for attempt k + 1 of finished rows, so that they come by the same bounded path as all others.

Whoever asks, and however often: who reads attempt k asks for k + 1, and dispatch claims an attempt once.
"""

import collections
import time

from redrive import asking, ledger
from redrive.aws_api import Api, ApiError
from redrive.errors import RedriveError
from redrive.ledger import Rows
from redrive.progress import SAMPLE, Progress, in_words, sample
from redrive.selection import Looked, Selection, shown
from redrive.stop import Stop
from redrive.ways import Ledger

# Rows read again at once: with their objects' heads no more than the 100 keys of a BatchGetItem.
CHUNK = 50
BATCH = 10


class Replay:
    """`selection.until` is set: what ends later may be what this very run, or one before it, asked for."""

    def __init__(
        self,
        api: Api,
        place: Ledger,
        selection: Selection,
        looked: Looked,
        states: list,
        lane: str | None,
        velocity: int | None,
        dry_run: bool,
    ) -> None:
        self._api, self._place, self._velocity, self._dry_run = api, place, velocity, dry_run
        self._selection, self._states, self._lane = selection, states, lane
        self._rows = Rows(api, place.table, looked)
        self._by_state: collections.Counter = collections.Counter()
        # Finished when they were found, and not any more.
        self._moved_on = 0
        # Of objects of which a newer version was taken, in a pipeline with order latest.
        self._older = 0
        self._unreadable: list = []
        self._failures: list = []
        self._shown: list = []

    def go(self) -> int:
        self._check()
        if not self._selection.objects:
            print(f"reading all of {self._place.table}: some {self._rows.scan_units()} read units", flush=True)
        with Stop() as stop:
            try:
                self._go_through(stop)
            except ApiError:
                if not self._dry_run:
                    print(f"an error ended this after {self._done()}: go on with --until {shown(self._selection.until)}")
                raise
        return self._report(stop.asked)

    def _check(self) -> None:
        if self._place.order == "latest" and set(self._states) == {"SUPERSEDED"}:
            raise RedriveError(
                "with order latest no older version starts after a newer one: a SUPERSEDED one would be superseded again. Replay"
                " the object's newest version: --object, with --state SUCCEEDED or DEAD"
            )
        if self._lane is not None and self._lane not in self._place.lanes:
            raise RedriveError(f"the pipeline has no lane {self._lane}: its lanes are {', '.join(self._place.lanes)}")

    def _go_through(self, stop: Stop) -> None:
        progress = Progress("asked for")
        waiting: list = []
        for page in self._rows.selected(self._selection, self._states, self._lane):
            waiting += page
            while len(waiting) >= CHUNK and not stop.asked:
                chunk, waiting = waiting[:CHUNK], waiting[CHUNK:]
                self._chunk(chunk, stop)
                progress.show(self._asked, self._asked + len(waiting))
            if stop.asked:
                break
        if waiting and not stop.asked:
            self._chunk(waiting, stop)
        progress.end()

    @property
    def _asked(self) -> int:
        return self._by_state.total()

    def _chunk(self, chunk: list, stop: Stop) -> None:
        """Reads some rows again, and sends for those that are still as they were found."""
        latest = self._place.order == "latest"
        keys = [(row["pk"]["S"], row["sk"]["S"]) for row in chunk]
        now = self._rows.now(keys + [(pk, "head") for pk, _ in keys if latest])
        entries: dict = {}
        for found, key in zip(chunk, keys, strict=True):
            row, head = now.get(key), now.get((key[0], "head"), {})
            if row is None or row.get("state") != found["state"] or ledger.attempt(row) != ledger.attempt(found):
                self._moved_on += 1
            elif latest and _is_newer(head.get("newest", {}).get("S", ""), row):
                self._older += 1
            else:
                self._add(row, entries)
        for url, of_lane in entries.items():
            if self._dry_run:
                self._by_state.update(state for state, _ in of_lane)
            else:
                self._send(url, of_lane, stop)

    def _add(self, row: dict, entries: dict) -> None:
        attempt = ledger.attempt(row) + 1
        # A lane that is gone, or not named: the first, as settle does it.
        url = self._place.lanes.get(row.get("lane", {}).get("S"), next(iter(self._place.lanes.values())))
        # Two runs have the same cause, for which a FIFO queue takes one message.
        cause = f"replay of attempt {attempt - 1}"
        try:
            entry = asking.message(self._place.arn, row, attempt, cause, url.endswith(".fifo"))
        except asking.UnreadableError as error:
            self._unreadable.append(str(error))
            return
        if len(self._shown) < SAMPLE:
            said = f" {ledger.error(row)}" if ledger.error(row) else ""
            at = shown(ledger.finished_at(row))
            self._shown.append(f"{row['pk']['S']} {row['sk']['S']}: {row['state']['S']} at {at}{said}, attempt {attempt}")
        entries.setdefault(url, []).append((row["state"]["S"], entry))

    def _send(self, url: str, entries: list, stop: Stop) -> None:
        most = min(BATCH, self._velocity) if self._velocity else BATCH
        while entries and not stop.asked:
            batch, entries = _next_batch(entries, most)
            began = time.monotonic()
            numbered = [{"Id": str(number), **entry} for number, (_, entry) in enumerate(batch)]
            answer = self._api.sqs("SendMessageBatch", QueueUrl=url, Entries=numbered)
            self._by_state.update(batch[int(sent["Id"])][0] for sent in answer.get("Successful", []))
            self._failures += [f"{failed['Code']}: {failed.get('Message', '')}" for failed in answer.get("Failed", [])]
            if self._velocity:
                time.sleep(max(0, len(batch) / self._velocity - (time.monotonic() - began)))

    def _done(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self._by_state.items()))
        return in_words(self._asked, "attempt") + (f" ({states})" if states else "")

    def _report(self, stopped: bool) -> int:
        until = shown(self._selection.until)
        if stopped:
            print(f"stopped after {self._done()}. To go on without them, run this again with --until {until}")
            return 130
        would = "would ask" if self._dry_run else "asked"
        print(f"{would} for {self._done()}; {self._rows.read_units:g} read units")
        if self._moved_on:
            print(f"{in_words(self._moved_on, 'row')} left alone: not finished any more")
        if self._older:
            print(f"{in_words(self._older, 'row')} left alone: with order latest no older version starts after a newer one")
        if self._dry_run:
            sample(self._shown, self._asked)
        elif self._asked:
            if self._by_state["DEAD"]:
                print("what the dead-letter queue still holds of them is stale now: a redrive of it does nothing")
            print(f"the same again would ask for what ended since; with --until {until} it leaves that out")
        if self._unreadable:
            count = in_words(len(self._unreadable), "row")
            raise RedriveError(f"{count} cannot be replayed; the first: {self._unreadable[0]}")
        if self._failures:
            count = in_words(len(self._failures), "attempt")
            raise RedriveError(
                f"{count} could not be asked for; the first: {self._failures[0]}. Run this again with --until {until}"
            )
        return 0


def _is_newer(newest: str, row: dict) -> bool:
    """Whether the newest version that a head names is newer than a row's that has started."""
    # Of a version a head names the place, which ends in its row's sort key: handlers/spillway/src/record/version.rs.
    sk = row["sk"]["S"]
    if not newest or newest.partition("#")[2] == sk:
        return False
    # Where a version stands that reconcile found, only the head knows; but it is not the newest.
    return "sequencer" not in row or newest > f"{row['sequencer']['S']}#{sk}"


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
