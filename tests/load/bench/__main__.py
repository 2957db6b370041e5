"""scripts/bench."""

import dataclasses
import json
import time
from pathlib import Path

from build import handlers
from program import entry, places
from program.paths import TARGET
from tools import venvs

from bench import callgrind, charts, instructions, machine, measure, peers, programs, start_up, timings, verdicts
from bench.cases import Runs
from bench.options import parse
from bench.parts import PARTS


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    chosen = [part for part in PARTS if part.name in options.only]
    with_peers = bool({peers.PART, start_up.PART} & set(options.only))
    directory = places.writable(options.out or TARGET / "bench" / time.strftime("%Y%m%dT%H%M%S")).resolve()
    built = programs.build(with_peers, timings.PART in options.only)
    described = machine.describe()

    runs = Runs()
    for part in chosen:
        cases = part.plan(built, quick=options.quick, rounds=options.runs)
        measure.rounds(built.load, cases, options.runs, runs)
        _write(directory / "results.json", options, described, built, runs)

    tables = [table for part in chosen for table in part.report(runs, built)]
    judged = verdicts.judge(runs, built)
    text = "\n\n".join(table.text() for table in [*tables, verdicts.table(judged)])
    text += "".join(f"\n\nnot measured: {what}" for what in _left_out(options.only, built, runs))
    (directory / "tables.txt").write_text(text + "\n")
    _write(directory / "results.json", options, described, built, runs, judged)
    pictures = charts.draw(runs, directory)
    print(f"\n{text}\n")
    for path in [directory / "results.json", directory / "tables.txt", *pictures]:
        print(path)
    return 1 if built.left_out or runs.failed else 0


def _left_out(only: list[str], built: programs.Programs, runs: Runs) -> list[str]:
    told = [*built.left_out, *(f"{case.part}, {case.program}, {case.setting}: {reason}" for case, reason in runs.failed.items())]
    if instructions.PART in only and not callgrind.found():
        told.append(callgrind.REMEDY)
    return told


def _write(path: Path, options, described: dict, built: programs.Programs, runs: Runs, judged: list | None = None) -> None:
    """Everything that is known by now, so that a run that is ended early was not for nothing."""
    results = [
        {"part": case.part, "program": case.program, "setting": case.setting, "round": number, "scenario": case.scenario, **more}
        for case, by_round in runs.of.items()
        for number, results in by_round.items()
        for more in ({"result": result} for result in results)
    ]
    whole = {
        "machine": described,
        "options": {"quick": options.quick, "runs": options.runs, "parts": options.only},
        "sizes": built.sizes,
        "left_out": _left_out(options.only, built, runs),
        "targets": [{**dataclasses.asdict(verdict), "met": verdict.met} for verdict in judged or []],
        "results": results,
    }
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    entry.run("scripts/bench", main, handlers.BuildError, places.PlaceError, programs.BuildError, venvs.VenvError)
