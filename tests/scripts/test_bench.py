"""The tables that scripts/bench makes of its measurements."""

import json
import stat
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from bench import (
    callgrind,
    cases,
    charts,
    growth,
    instructions,
    measure,
    options,
    parts,
    peers,
    per_event,
    sizes,
    timings,
    verdicts,
)
from bench.cases import Case, Runs
from bench.programs import Program, Programs
from bench.tables import Table, number

NAMES = ("dispatch", "settle", "ingest", "reconcile", "floor", "python", "cumulus")
# The scenarios that `load` understands: tests/load/README.md.
KEYS = {
    "program", "environment", "work", "events", "per_execution", "slots_taken", "latency_ms", "tls", "start_quota", "error_rate",
    "cpu_share", "seed", "timeout_s", "message_template",
}  # fmt: skip


def result(cpu_us: float = 100, events: int = 1_000, **more) -> dict:
    return {
        "events": events,
        "invocations": 1,
        "starts": events,
        "throttled": 0,
        "started_twice": 0,
        "lost": 0,
        "last_start_s": 1.0,
        "cpu_s": {"user": cpu_us * events / 2e6, "system": cpu_us * events / 2e6},
        "start_up": {"wall_ms": 9.0, "cpu_ms": 8.0},
        "first_invocation": {"wall_ms": 3.0, "cpu_ms": 2.0},
        "peak_rss_bytes": {"at_first_poll": 9_000_000, "at_end": 20_000_000},
        "calls": {"StartExecution": events, "PutItem": 2 * events},
        "read_units": 0.0,
        "write_units": 2.0 * events,
        "server": {"cpu_s": 0.1, "busy": 0.1},
        **more,
    }


# The output of the simulation's `timings`, of all its kinds.
TIMED = {
    "events": 10_000, "starts_per_second": 300.0, "max_concurrency": 10_000, "event_delay_s": 0.3,
    "took_s": 30.0, "ideal_s": 29.0, "over_ideal": 1.034,
    "most_running": 7_000, "ticks": 1, "calls": {"StartExecution": 10_000}, "read_units": 40_000.0, "write_units": 40_000.0,
    "lost": 0, "started_twice": 0, "every_s": 300, "p50_s": 30.0, "p90_s": 55.0, "p99_s": 58.0, "max_s": 59.0,
    "recoveries": [
        {"handler": "dispatch", "operation": "Query", "after": False, "took_s": 60.0},
        {"handler": "dispatch", "operation": "Query", "after": True, "took_s": 120.5},
        {"handler": "settle", "operation": "BatchGetItem", "after": False, "took_s": 180.0},
    ],
}  # fmt: skip


def runs_of(part: str, setting: str, **results: list[dict]) -> Runs:
    """Runs of programs, with a result in each round."""
    runs = Runs()
    for program, of_rounds in results.items():
        for place, one in enumerate(of_rounds):
            runs.add(Case(part, program, setting, {}), place, one)
    return runs


def programs(*names: str) -> Programs:
    of = {name: Program(name, (f"/{name}",), "messages" if name in NAMES[4:] else name) for name in names or NAMES}
    of["cumulus"] = Program("cumulus", ("/node",), "messages", {}, '{"n": "{n}"}')
    return Programs(Path("/load"), of, {"dispatch": {"binary": 9_000_000, "zip": 4_500_000}}, [])


def verdict(judged: list[verdicts.Verdict], target: str) -> verdicts.Verdict:
    (found,) = [one for one in judged if one.target.startswith(target)]
    return found


def test_a_median_is_over_all_runs_and_a_ratio_is_of_one_round() -> None:
    # The second round was slow for both.
    runs = runs_of("p", "s", a=[result(100), result(900), result(110)], b=[result(50), result(300), result(55)])
    a, b = (runs.find("p", name, "s") for name in "ab")
    assert runs.median(a, cases.cpu_us) == pytest.approx(110)
    assert runs.ratio(a, b, cases.cpu_us) == pytest.approx(2)
    assert runs.most(a, cases.cpu_us) == pytest.approx(900)


def test_a_ratio_needs_a_round_that_both_were_in() -> None:
    runs = Runs()
    one, other = Case("p", "a", "s", {}), Case("p", "b", "s", {})
    runs.add(one, 0, result())
    runs.add(other, 1, result())
    assert runs.ratio(one, other, cases.cpu_us) is None
    assert runs.ratio(one, None, cases.cpu_us) is None
    assert runs.median(None, cases.cpu_us) is None


@pytest.mark.parametrize(
    ("figure", "at_least", "met"),
    [(1.5, False, True), (1.51, False, False), (1.5, True, True), (1.49, True, False), (None, False, None), (None, True, None)],
)
def test_a_target_is_met_at_its_limit_and_not_beyond(figure: float | None, at_least: bool, met: bool | None) -> None:
    judged = verdicts.Verdict("t", figure, 1.5, "×", at_least=at_least)
    assert judged.met is met
    assert judged.row()[3] == {True: "met", False: "NOT MET", None: "not measured"}[met]


def test_peers_are_judged_the_right_way_round() -> None:
    setting = peers.settings()[1]
    given = {"floor": 100, "dispatch": 140, "python": 1_500, "cumulus": 1_300}
    runs = runs_of(peers.PART, setting, **{name: [result(cpu)] for name, cpu in given.items()})
    judged = [one for one in verdicts.judge(runs, programs()) if one.target.startswith("CPU") and setting in one.target]
    found = {one.target.split(", ")[1].partition(" (")[0]: (round(one.figure, 2), one.met) for one in judged}
    assert found == {
        "dispatch over floor": (1.4, True),
        "Python over dispatch": (10.71, True),
        "Cumulus over dispatch": (9.29, False),
    }


def test_one_lost_event_is_too_many() -> None:
    runs = runs_of(peers.PART, "s", dispatch=[result(), result(lost=1), result()], python=[result(started_twice=7)])
    judged = verdicts.judge(runs, programs())
    assert (verdict(judged, "events lost").figure, verdict(judged, "events lost").met) == (1, False)
    assert verdict(judged, "events started twice").met is True


def test_nothing_started_is_no_rate() -> None:
    assert cases.per_second(result(starts=0, last_start_s=0.0)) == 0


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    judged = verdicts.judge(Runs(), Programs(Path("/load"), {}, {}, []))
    assert judged
    assert {one.met for one in judged} == {None}
    assert {one.row()[1] for one in judged} == {"–"}


def test_an_event_costs_what_dispatch_and_settle_cost_together() -> None:
    setting = per_event.setting(10, tls=False)
    dispatch = result(write_units=2_200, calls={"StartExecution": 1_000, "PutItem": 1_000, "ReceiveMessage": 100})
    settle = result(write_units=2_000, calls={"GetItem": 500})
    runs = runs_of(per_event.PART, setting, dispatch=[dispatch], settle=[settle])
    judged = verdicts.judge(runs, programs())
    written = verdict(judged, "write units per event")
    assert (written.figure, written.met) == (pytest.approx(4.2), False)
    alone, both = (one for one in judged if one.target.startswith("API calls per event beyond"))
    assert (alone.figure, alone.met) == (pytest.approx(1.1), True)
    assert (both.figure, both.met) == (pytest.approx(1.6), False)


def test_the_quota_is_filled_by_the_burst_and_the_rate() -> None:
    # In 20 s the quota lets 1,300 + 20 * 300 start; all but the burst take 20 s at the least.
    paced = result(events=7_300, last_start_s=20.0, throttled=14, calls={"StartExecution": 7_014})
    assert sizes.fill({**paced, "starts": 7_000}) == pytest.approx(7_000 / 7_300)
    assert sizes.over_ideal(paced) == pytest.approx(1)
    assert sizes.over_ideal({**paced, "last_start_s": 22.0}) == pytest.approx(1.1)
    runs = runs_of(sizes.PART, verdicts.PACED, dispatch=[paced])
    judged = verdicts.judge(runs, programs())
    assert verdict(judged, "quota of 300").met is True
    throttled = verdict(judged, "StartExecution throttled")
    assert (throttled.figure, throttled.met) == (pytest.approx(0.1996, abs=1e-3), False)
    assert verdict(judged, "drain of a burst").met is True


def test_growth_is_between_no_slots_and_the_most() -> None:
    runs = Runs()
    for slots, units in ((0, 4.0), (1_000, 34.0)):
        case = Case(growth.PART, "dispatch", growth.setting(slots), {})
        runs.add(case, 0, result(events=0, read_units=2 * units, invocations=2, calls={"Query": 12}))
    assert growth.read_units_per_slot(runs) == pytest.approx(0.03)
    judged = verdicts.judge(runs, programs())
    assert verdict(judged, "read units of a tick").figure == pytest.approx(0.75)
    assert verdict(judged, "API calls of a tick").met is False
    assert growth.read_units_per_slot(Runs()) is None


def test_instructions_are_those_that_more_events_add() -> None:
    runs = Runs()
    for events in (instructions.FEW, instructions.MANY):
        case = Case(instructions.PART, "dispatch", f"{events} events", {})
        runs.add(case, 0, {"instructions": 3_000_000 + 5_000 * events})
    assert instructions.per_event(runs, "dispatch") == pytest.approx(5_000)
    assert instructions.per_event(runs, "floor") is None


def test_the_total_of_callgrind_is_read(tmp_path: Path) -> None:
    out = tmp_path / "callgrind.out"
    out.write_text("events: Ir\nfn=(1)\n1 20\nsummary: 40\ntotals: 4711\n")
    assert callgrind.total(out) == 4711
    out.write_text("events: Ir\n")
    with pytest.raises(measure.LoadError, match="no total"):
        callgrind.total(out)
    with pytest.raises(measure.LoadError, match="no total"):
        callgrind.total(tmp_path / "missing")


def stand_in(directory: Path) -> Path:
    """A `load` that notes its input, and acts by the program's name."""
    program = directory / "load"
    program.write_text(
        f"""#!/usr/bin/env bash
given=$(cat)
echo "$given" >>{directory}/given
case $given in
  *dies*) echo "the program: it ended" >&2; exit 1 ;;
  *here*) echo "cpu_share needs a cgroup" >&2; exit 2 ;;
esac
echo '{{"events": 1}}'
"""
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_rounds_alternate_and_a_failure_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    made = [Case("p", name, "s", {"program": [name]}, times=2) for name in ("good", "dies", "here")]
    runs = Runs()
    measure.rounds(stand_in(tmp_path), made, 2, runs)
    given = [json.loads(line)["program"][0] for line in (tmp_path / "given").read_text().splitlines()]
    assert given == ["good", "good", "dies", "here", "good", "good"]
    assert runs.of == {made[0]: {0: [{"events": 1}] * 2, 1: [{"events": 1}] * 2}}
    assert runs.failed == {made[1]: "the program: it ended", made[2]: "cpu_share needs a cgroup"}
    assert "not measured: cpu_share needs a cgroup" in capsys.readouterr().err


def test_what_is_the_same_in_every_round_is_measured_once(tmp_path: Path) -> None:
    made = [Case("p", "good", "s", {"program": ["good"]}, once=True)]
    runs = Runs()
    measure.rounds(stand_in(tmp_path), made, 3, runs)
    assert runs.of == {made[0]: {0: [{"events": 1}]}}


def timed(directory: Path, script: str) -> Runs:
    """All timings, by a program that does this."""
    program = directory / "timings"
    program.write_text(f"#!/usr/bin/env bash\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    planned = timings.plan(Programs(Path("/load"), {}, {}, [], program), quick=False, rounds=3)
    runs = Runs()
    measure.rounds(Path("/load"), planned, 3, runs)
    return runs


def test_timings_are_judged_by_what_their_program_prints(tmp_path: Path) -> None:
    lost = {**TIMED, "lost": 1, "over_ideal": 1.2}
    runs = timed(tmp_path, f"if [ \"$2\" = 1000000 ]; then echo '{json.dumps(lost)}'; else echo '{json.dumps(TIMED)}'; fi")
    assert not runs.failed
    judged = verdicts.judge(runs, programs())
    assert verdict(judged, "drain of 10,000").met is True
    assert verdict(judged, "drain of 1,000,000").met is False
    assert (verdict(judged, "events lost").figure, verdict(judged, "events lost").met) == (1, False)
    dispatch, settle = verdict(judged, "recovery after a crash of dispatch"), verdict(judged, "recovery after a crash of settle")
    assert (dispatch.figure, dispatch.met) == (120.5, True)
    assert (settle.figure, settle.met) == (180.0, False)
    assert timings.recoveries(runs) == [("dispatch, Query", 120.5), ("settle, BatchGetItem", 180.0)]


def test_timings_that_fail_say_why(tmp_path: Path) -> None:
    runs = timed(tmp_path, "echo 'not quiet after 40 ticks' >&2; exit 101")
    assert set(runs.failed.values()) == {"not quiet after 40 ticks"}
    assert not runs.of


@pytest.mark.parametrize("part", parts.PARTS, ids=lambda part: part.name)
@pytest.mark.parametrize("quick", [False, True])
def test_plans_say_what_load_understands(part: parts.Part, quick: bool) -> None:
    planned = part.plan(programs(), quick=quick, rounds=3)
    assert len({(case.part, case.program, case.setting) for case in planned}) == len(planned)
    for case in planned:
        assert case.part == part.name
        assert case.scenario.keys() <= ({"arguments"} if part.name == timings.PART else KEYS)
        events = case.scenario.get("events", 0) + case.scenario.get("slots_taken", 0)
        assert events <= 10_000, "more than a pipeline's slots"
        assert ("message_template" in case.scenario) == (case.program == "cumulus" and case.scenario["work"] == "messages")


@pytest.mark.parametrize("part", parts.PARTS, ids=lambda part: part.name)
def test_every_part_has_a_table_of_what_it_planned(part: parts.Part) -> None:
    runs = Runs()
    for case in part.plan(programs(), quick=False, rounds=1):
        runs.add(case, 0, {**result(events=7_000), "instructions": 1_000_000, **(TIMED if part.name == timings.PART else {})})
    for table in part.report(runs, programs()):
        assert table.rows
        assert all(len(row) == len(table.head) for row in table.rows)


def test_a_table_is_aligned() -> None:
    text = Table("Title", ["name", "n"], [["a", number(1234.5, 0)], ["long name", number(None)]]).text()
    assert text == "Title\nname           n\n---------  -----\na          1,234\nlong name      –"


def test_a_picture_is_well_formed_and_to_scale() -> None:
    drawn = ElementTree.fromstring(charts.bars("a < b", [("one & two", 50.0), ("three", 100.0)]))
    one, three = (float(bar.get("width")) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect"))
    assert three == pytest.approx(charts.WIDTH - charts.LEFT - charts.RIGHT)
    assert three == pytest.approx(2 * one)
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["a < b", "one & two", "50", "three", "100"]


def test_pictures_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    runs = runs_of(peers.PART, per_event.setting(10, tls=True), floor=[result(90)], python=[result(2_000)])
    assert [path.name for path in charts.draw(runs, tmp_path)] == ["peers.svg"]
    assert "2,000" in (tmp_path / "peers.svg").read_text()


def test_options(capsys: pytest.CaptureFixture) -> None:
    assert options.parse([]).runs == 3
    assert options.parse(["--quick"]).runs == 1
    assert options.parse(["--quick", "--runs", "5"]).runs == 5
    assert options.parse(["--only", "peers", "--only", "growth", "--only", "peers"]).only == ["peers", "growth"]
    for wrong in (["--only", "speed"], ["--runs", "0"]):
        with pytest.raises(SystemExit) as ended:
            options.parse(wrong)
        assert ended.value.code == 2
    assert "invalid choice: 'speed'" in capsys.readouterr().err
