"""How fast a saturated workflow is fed, on the real schedule: by the counts that each tick logs."""

import statistics
import time

import pytest
from demo import reports
from one_pipeline import wait
from running import Running

pytestmark = pytest.mark.xdist_group("schedule")

LIMIT = 20
# The share of the starts that the limit and the executions' times allow, 20 slots over some 2.15 s each, in the best tick.
# A tick that used no freed slot would have a share of 0. How near to 1 it comes is the machine's doing (0.6 to 0.9 were seen).
# The protocol's own share is asserted in virtual time, in tests/simulation/tests/pace.rs.
FLOOR = 0.5
SATURATED = 240
PER_TICK = 5


def test_slots_freed_during_a_tick_are_used_in_it(quiet: Running) -> None:
    burst = reports.generate(SATURATED, seed=4, group="saturated-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    began = time.time()
    with quiet.scheduled():
        quiet.until_quiet()
    seconds = statistics.mean((run.stop - run.start).total_seconds() for run in quiet.executions("saturated-"))
    ticks = quiet.ticks_of("saturated-", began)
    left, shares = SATURATED, []
    for tick in ticks:
        left -= tick["Started"]
        if left <= 0:
            break
        # More than the limit of running executions: some took a slot that was freed in this very tick.
        assert tick["Started"] > LIMIT, ticks
        shares.append((tick["Started"] - LIMIT) / (tick["DurationMilliseconds"] / 1_000 * LIMIT / seconds))
    print(f"shares of what is possible: {[round(share, 2) for share in shares]}, {len(ticks)} ticks")
    assert max(shares) >= FLOOR
    verdict = quiet.judge(burst, "saturated-")
    assert verdict.faults == []
    assert verdict.max_running == LIMIT


def test_starts_per_tick_are_exactly_so_many_while_more_wait(quiet: Running) -> None:
    burst = reports.generate(4 * PER_TICK, seed=5, group="per-tick-", fails_first=0, unknown_device=0, again=0)
    quiet.begin(burst)
    began = time.time()

    def started() -> list[int]:
        return [tick["Started"] for tick in quiet.ticks(began)]

    with quiet.controlled(starts_per_tick=PER_TICK), quiet.scheduled():
        wait(lambda: len(started()) >= 2, lambda: f"ticks started {started()}")
    ticks = [tick["Started"] for tick in quiet.ticks_of("per-tick-", began)]
    assert ticks == ([PER_TICK] * 4 + [0] * len(ticks))[: len(ticks)]
    quiet.work_off()
    assert quiet.judge(burst, "per-tick-").faults == []
