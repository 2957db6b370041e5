"""The project's targets, and whether they were met."""

import dataclasses

from bench import cases, growth, peers, per_event, sizes, start_up, timings
from bench.cases import Runs
from bench.programs import Programs
from bench.tables import Table, number

HANDLERS = start_up.HANDLERS
MEGABYTE = 1e6
PACED = sizes.setting(sizes.USUAL_MB, sizes.UNDER_QUOTA)
PACED_SLOWLY = sizes.setting(sizes.USUAL_MB, sizes.SLOW_UNDER_QUOTA)


@dataclasses.dataclass
class Verdict:
    target: str
    # None: it was not measured in this run.
    figure: float | None
    limit: float
    unit: str = ""
    # The figure has to reach the limit, rather than to stay within it.
    at_least: bool = False
    digits: int = 2

    @property
    def met(self) -> bool | None:
        if self.figure is None:
            return None
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def row(self) -> list[str]:
        word = {True: "met", False: "NOT MET", None: "not measured"}[self.met]
        unit = f" {self.unit}" if self.unit else ""
        bound = "≥" if self.at_least else "≤"
        return [self.target, number(self.figure, self.digits), f"{bound} {self.limit:,g}{unit}", word]


def judge(runs: Runs, programs: Programs) -> list[Verdict]:
    return [
        *_correct(runs),
        *_against_others(runs),
        *_quota(runs),
        *_start_up(runs, programs),
        *_memory(runs),
        *_calls(runs),
        *_ticks(runs),
        *_virtual(runs),
    ]


def _correct(runs: Runs) -> list[Verdict]:
    """Speed is nothing without it. The peers have their own table."""
    own = [case for case in runs.of if case.program in HANDLERS and case.part != start_up.PART] + timings.drains(runs)
    return [
        Verdict(f"events {what}, all runs of the handlers", max((runs.most(case, of) for case in own), default=None), 0, digits=0)
        for what, of in (("lost", cases.lost), ("started twice", cases.started_twice))
    ]


def _against_others(runs: Runs) -> list[Verdict]:
    made = []
    for setting in peers.settings():
        dispatch, floor, python, cumulus = (
            runs.find(peers.PART, name, setting) for name in ("dispatch", "floor", "python", "cumulus")
        )
        against = [
            (floor, dispatch, "dispatch over floor", 1.5, False),
            (dispatch, python, "Python over dispatch", 10.0, True),
            (dispatch, cumulus, "Cumulus over dispatch", 10.0, True),
        ]
        for base, case, what, limit, at_least in against:
            ratio = runs.ratio(case, base, cases.cpu_us)
            made.append(Verdict(f"CPU per event, {what} ({setting})", ratio, limit, "×", at_least=at_least))
    return made


def _quota(runs: Runs) -> list[Verdict]:
    paced, slowly = (runs.find(sizes.PART, "dispatch", setting) for setting in (PACED, PACED_SLOWLY))
    whole = runs.find(sizes.PART, "dispatch", sizes.setting(sizes.WHOLE_CPU_MB, sizes.FREE))
    return [
        Verdict("quota of 300 starts/s filled, 256 MB", _percent(runs.median(paced, sizes.fill)), 97, "%", at_least=True),
        Verdict("the same at 30 ms", _percent(runs.median(slowly, sizes.fill)), 97, "%", at_least=True),
        Verdict("StartExecution throttled, 256 MB", _percent(runs.median(paced, sizes.throttled)), 0.1, "%", digits=3),
        Verdict(
            "starts per second and vCPU (10 ms, TLS)", runs.median(whole, cases.per_cpu_second), 3_000, at_least=True, digits=0
        ),
        Verdict("drain of a burst over the ideal, 256 MB", runs.median(paced, sizes.over_ideal), 1.05, "×", digits=3),
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _start_up(runs: Runs, programs: Programs) -> list[Verdict]:
    made = []
    for name in HANDLERS:
        case = runs.find(start_up.PART, name, start_up.SETTING)
        made.append(Verdict(f"start-up of {name}, p50 of CPU time", runs.median(case, cases.start_up_cpu_ms), 10, "ms", digits=1))
        made.append(Verdict(f"start-up of {name}, p50 of wall time", runs.median(case, cases.start_up_wall_ms), 10, "ms", digits=1))
        made.append(Verdict(f"peak memory of {name} at first poll", runs.median(case, cases.first_peak_mb), 10, "MB", digits=1))
        size = programs.sizes.get(name)
        made.append(Verdict(f"zip of {name}", size["zip"] / MEGABYTE if size else None, 4, "MB"))
    return made


def _memory(runs: Runs) -> list[Verdict]:
    """The most of all runs under load."""
    made = []
    for name in per_event.HANDLERS:
        parts = (per_event.PART, sizes.PART, peers.PART)
        measured = [runs.most(case, cases.peak_mb) for case in runs.of if case.program == name and case.part in parts]
        made.append(Verdict(f"peak memory of {name} under load", max(measured, default=None), 30, "MB", digits=1))
    return made


def _calls(runs: Runs) -> list[Verdict]:
    """Of an event that comes straight from S3 and succeeds: dispatch and settle."""
    setting = per_event.setting(per_event.LATENCIES_MS[0], tls=False)
    dispatch, settle = (runs.find(per_event.PART, name, setting) for name in ("dispatch", "settle"))

    def both(figure: cases.Figure) -> float | None:
        parts = runs.median(dispatch, figure), runs.median(settle, figure)
        return None if None in parts else sum(parts)

    beyond = cases.calls_beyond_start
    return [
        Verdict("write units per event, dispatch and settle", both(cases.write_units), 4, digits=3),
        Verdict("API calls per event beyond StartExecution, dispatch", runs.median(dispatch, beyond), 1.5),
        Verdict("API calls per event beyond StartExecution, dispatch and settle", both(beyond), 1.5),
    ]


def _ticks(runs: Runs) -> list[Verdict]:
    idle = runs.find(growth.PART, "dispatch", growth.setting(0))
    per_slot = growth.read_units_per_slot(runs)
    per_25 = None if per_slot is None else per_slot * 25
    return [
        Verdict("read units of a tick per 25 running executions", per_25, 1),
        Verdict("API calls of a tick on an empty queue", runs.median(idle, growth.tick_calls), 5),
    ]


def _virtual(runs: Runs) -> list[Verdict]:
    """In virtual time: of the pace and the protocol, without the time to compute."""
    made = []
    for events in timings.DRAINS:
        case = runs.find(timings.PART, "pipeline", timings.drain_setting(events))
        figure = runs.median(case, timings.over_ideal)
        made.append(Verdict(f"drain of {events:,} over the ideal, virtual time", figure, 1.05, "×", digits=3))
    for handler in timings.HANDLERS:
        longest = timings.longest_recovery(runs, handler)
        made.append(Verdict(f"recovery after a crash of {handler}: two ticks, and a second to work", longest, 121, "s", digits=1))
    return made


def table(verdicts: list[Verdict]) -> Table:
    return Table("Targets", ["target", "measured", "limit", "verdict"], [verdict.row() for verdict in verdicts])
