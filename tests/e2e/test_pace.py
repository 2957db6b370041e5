"""How fast a saturated workflow is fed, on the real schedule."""

import itertools
import statistics
import time

from pipeline import reports
from pipeline.executions import Execution
from running import Running

LIMIT = 20
# The share of what the limit and the executions' own times allow, 20 slots over some 2.15 s each. A tick that used no
# freed slot would start 20 a minute: a share of 0.04. How much above half it comes is the machine's doing (0.75 to 0.86
# were seen); what the protocol itself reaches is asserted in virtual time, in tests/simulation/tests/pace.rs.
FLOOR = 0.5
MINUTES = 1
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
    shares = []
    for tick in ticks:
        seconds = (tick[-1].start - tick[0].start).total_seconds()
        # The first 20 start at once; from then on it is the freed slots that count.
        if seconds >= 30:
            ended = [(run.stop - run.start).total_seconds() for run in tick if run.stop]
            possible = LIMIT / statistics.mean(ended)
            rate = (len(tick) - LIMIT) / seconds
            print(f"{rate:.2f} starts per second of {possible:.2f} possible")
            shares.append(rate / possible)
    assert shares
    assert min(shares) >= FLOOR
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
