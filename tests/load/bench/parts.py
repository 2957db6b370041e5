"""The parts of scripts/bench."""

import dataclasses
from collections.abc import Callable

from bench import growth, instructions, peers, per_event, sizes, start_up, timings
from bench.cases import Case, Runs
from bench.programs import Programs
from bench.tables import Table


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    what: str
    plan: Callable[..., list[Case]]
    report: Callable[[Runs, Programs], list[Table]]


PARTS = (
    Part(start_up.PART, "process start to the first request for work; sizes of binaries and zips", start_up.plan, start_up.report),
    Part(per_event.PART, "CPU, API calls, capacity units of one event, each handler", per_event.plan, per_event.report),
    Part(instructions.PART, "instructions of one event, by valgrind", instructions.plan, instructions.report),
    Part(sizes.PART, "dispatch with the CPU share of Lambdas of 128 to 1,769 MB (needs root)", sizes.plan, sizes.report),
    Part(growth.PART, "a tick while many executions run", growth.plan, growth.report),
    Part(timings.PART, "draining a burst, from upload to start, recovery: in virtual time", timings.plan, timings.report),
    Part(peers.PART, "the same work by the floor, by Python, by Cumulus", peers.plan, peers.report),
)
