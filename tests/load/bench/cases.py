"""The measurements: cases, their runs, and the figures of a run."""

import dataclasses
import statistics
from collections.abc import Callable
from pathlib import Path

Result = dict
Figure = Callable[[Result], float]


@dataclasses.dataclass(frozen=True)
class Case:
    """One program in one setting."""

    part: str
    program: str
    setting: str
    scenario: dict = dataclasses.field(compare=False)
    # Runs in each round.
    times: int = 1
    # Instead of `load` alone.
    measured_by: Callable[[Path, dict], Result] | None = None
    # The same in every round.
    once: bool = False


@dataclasses.dataclass
class Runs:
    """Every result of a case, by its round: only results of one round are compared."""

    of: dict[Case, dict[int, list[Result]]] = dataclasses.field(default_factory=dict)
    # Why a case has no result, or fewer.
    failed: dict[Case, str] = dataclasses.field(default_factory=dict)

    def add(self, case: Case, number: int, result: Result) -> None:
        self.of.setdefault(case, {}).setdefault(number, []).append(result)

    def find(self, part: str, program: str, setting: str) -> Case | None:
        wanted = (part, program, setting)
        return next((case for case in self.of if (case.part, case.program, case.setting) == wanted), None)

    def results(self, case: Case | None) -> list[Result]:
        return [result for results in self.of.get(case, {}).values() for result in results]

    def median(self, case: Case | None, figure: Figure) -> float | None:
        """Over all of its runs. None: it was not measured."""
        results = self.results(case)
        return statistics.median(map(figure, results)) if results else None

    def most(self, case: Case | None, figure: Figure) -> float | None:
        return max(map(figure, self.results(case)), default=None)

    def ratio(self, case: Case | None, to: Case | None, figure: Figure) -> float | None:
        """The median of the rounds' own ratios: a slow round is slow for both."""
        rounds = self.of.get(case, {}).keys() & self.of.get(to, {}).keys()
        if not rounds:
            return None
        return statistics.median(
            statistics.median(map(figure, self.of[case][number])) / statistics.median(map(figure, self.of[to][number]))
            for number in rounds
        )


def cpu_seconds(result: Result) -> float:
    return result["cpu_s"]["user"] + result["cpu_s"]["system"]


def cpu_us(result: Result) -> float:
    """CPU microseconds per event."""
    return cpu_seconds(result) * 1e6 / result["events"]


def per_cpu_second(result: Result) -> float:
    """Events per second of CPU time: the rate of one vCPU if nothing else held it up."""
    return result["events"] / cpu_seconds(result)


def per_second(result: Result) -> float:
    """Starts per second, until the last of them."""
    return result["starts"] / result["last_start_s"] if result["starts"] else 0.0


def calls(result: Result) -> float:
    """API calls per event, of every kind."""
    return sum(result["calls"].values()) / result["events"]


def calls_beyond_start(result: Result) -> float:
    return calls(result) - calls_of("StartExecution")(result)


def calls_of(operation: str) -> Figure:
    return lambda result: result["calls"].get(operation, 0) / result["events"]


def write_units(result: Result) -> float:
    return result["write_units"] / result["events"]


def read_units(result: Result) -> float:
    return result["read_units"] / result["events"]


def peak_mb(result: Result) -> float:
    return result["peak_rss_bytes"]["at_end"] / 1e6


def first_peak_mb(result: Result) -> float:
    return result["peak_rss_bytes"]["at_first_poll"] / 1e6


def start_up_cpu_ms(result: Result) -> float:
    return result["start_up"]["cpu_ms"]


def start_up_wall_ms(result: Result) -> float:
    return result["start_up"]["wall_ms"]


def first_invocation_cpu_ms(result: Result) -> float:
    return result["first_invocation"]["cpu_ms"]


def lost(result: Result) -> float:
    return result["lost"]


def started_twice(result: Result) -> float:
    return result["started_twice"]


def server_busy(result: Result) -> float:
    """Of one CPU: near 1, the server held things up."""
    return result["server"]["busy"]
