"""scripts/simulate, and the mutations that show the faults it notices."""

import subprocess

import pytest
from program.paths import SCRIPTS


def run(script: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(SCRIPTS / script), *arguments], capture_output=True, text=True)


def test_a_few_seeds_run_and_tell_what_they_covered() -> None:
    result = run("simulate", "--seeds", "6", "--from", "40", "--jobs", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "6 seeds in " in result.stdout.splitlines()[-1]
    counted = {line.rsplit(maxsplit=1)[0].strip(): line for line in result.stdout.splitlines() if line.startswith("decision: ")}
    assert int(counted["decision: fact: Started"].split()[-1]) > 6


def test_one_seed_runs() -> None:
    result = run("simulate", "--seed", "3")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 seed in " in result.stdout.splitlines()[-1]


@pytest.mark.parametrize("script", ["simulate", "mutate"])
def test_help_says_what_it_does(script: str) -> None:
    result = run(script, "--help")
    assert result.returncode == 0
    assert f"Usage: scripts/{script}" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--seeds", "0"], ["--seeds", "many"], ["--from", "-1"], ["--seed", "1", "--seeds", "2"], ["--jobs", "0"], ["7"]],
)
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    result = run("simulate", *arguments)
    assert result.returncode == 2
    assert any(argument in result.stderr for argument in arguments)


def test_an_unknown_mutation_is_refused() -> None:
    result = run("mutate", "no-such-mutation", "--list")
    assert result.returncode == 1
    assert "no mutation is called no-such-mutation" in result.stderr
