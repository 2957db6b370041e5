"""The most instructions of an event for each handler: the CPU time that no busy machine changes.

Counted in the binaries of scripts/test. The released ones execute fewer, by the same code; scripts/bench counts those.
"""

import subprocess

import pytest
from bench import callgrind
from build import targets
from program.paths import ROOT, TARGET

# Thousands an event, in bursts: the counts measured on x86_64, and 10 % more.
THOUSANDS = {"dispatch": 1_250, "settle": 540, "ingest": 2_170}
# The start and the end of a run are in both, and so fall out of the difference.
FEW, MANY = 50, 150


@pytest.mark.skipif(not callgrind.found(), reason=callgrind.REMEDY)
@pytest.mark.skipif(targets.host_architecture() != "x86_64", reason="another architecture has other instructions")
@pytest.mark.parametrize("handler", THOUSANDS)
def test_an_event_keeps_to_its_instructions(handler: str) -> None:
    command = ["cargo", "build", "--locked", "--quiet", "--workspace", "--bins"]
    subprocess.run(command, check=True, cwd=ROOT)
    binaries = TARGET / "debug"

    def executed(events: int) -> int:
        scenario = {"program": [str(binaries / handler)], "work": handler, "events": events, "latency_ms": 10}
        result = callgrind.run(binaries / "load", scenario)
        assert result["lost"] == 0
        return result["instructions"]

    thousands = (executed(MANY) - executed(FEW)) / (MANY - FEW) / 1e3
    assert thousands <= THOUSANDS[handler], f"{handler} executes {thousands:,.0f} thousand instructions an event: a call more?"
    assert thousands > 0.8 * THOUSANDS[handler], (
        f"{handler} executes {thousands:,.0f} thousand: lower its budget, or it limits nothing"
    )
