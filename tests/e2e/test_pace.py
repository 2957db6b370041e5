"""How fast a saturated workflow is fed, on the real schedule."""

import itertools
import time

from pipeline import reports
from pipeline.executions import Execution
from running import Running

LIMIT = 20
# Jobs of 2 s and a limit of 20 allow 10 a second at the most; the emulator takes 0.15 s more for each.
FLOOR = 8.0
MINUTES = 2
PER_TICK = 5


def gaps(runs: list[Execution]) -> list[list[Execution]]:
    """The executions by tick: those of one tick follow each other within seconds."""
    groups: list[list[Execution]] = []
    for run in sorted(runs, key=lambda run: run.start):
        if groups and (run.start - groups[-1][-1].start).total_seconds() < 3:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def test_slots_freed_during_a_tick_are_used_in_it(quiet: Running) -> None:
    count = int(LIMIT / 2 * 60 * MINUTES)
    burst = reports.generate(count, seed=4, group="saturated-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.scheduled():
        quiet.wait_for_backlog(LIMIT, 60 * (MINUTES + 3))
    runs = quiet.executions("saturated-")
    ticks = gaps(runs)
    rates = []
    for tick in ticks:
        seconds = (tick[-1].start - tick[0].start).total_seconds()
        # The first 20 start at once; from then on it is the freed slots that count.
        if seconds >= 30:
            rates.append((len(tick) - LIMIT) / seconds)
    print(f"starts per second by tick: {[round(rate, 2) for rate in rates]}")
    assert rates
    assert min(rates) >= FLOOR
    with quiet.ticking():
        quiet.until(lambda sample: sample.quiet, 60)
    verdict = quiet.judge(burst, "saturated-")
    assert verdict.faults == []
    assert verdict.max_running == LIMIT


def test_starts_per_tick_are_exactly_so_many_while_more_wait(quiet: Running) -> None:
    burst = reports.generate(4 * PER_TICK, seed=5, group="per-tick-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    with quiet.controlled(starts_per_tick=PER_TICK), quiet.scheduled():
        quiet.wait_for_backlog(2 * PER_TICK, 150)
        time.sleep(5)  # a sixth one would come now
        ticks = gaps(quiet.executions("per-tick-"))
    assert [len(tick) for tick in ticks] == [PER_TICK, PER_TICK]
    for first, second in itertools.pairwise(ticks):
        assert 45 < (second[0].start - first[0].start).total_seconds() < 75
    assert len(quiet.waiting_messages()) == 2 * PER_TICK
    with quiet.ticking():
        quiet.until(lambda sample: sample.quiet, 60)
    assert quiet.judge(burst, "per-tick-").faults == []
