"""scripts/simulate, and the mutations that show what it notices."""

import subprocess
from pathlib import Path

import pytest
from pipeline import mutations, seeds
from pipeline.paths import ROOT, SCRIPTS


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
    assert f"usage: scripts/{script}" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--seeds", "0"], ["--seeds", "many"], ["--from", "-1"], ["--seed", "1", "--seeds", "2"], ["--jobs", "0"], ["7"]],
)
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    result = run("simulate", *arguments)
    assert result.returncode == 2
    assert "usage: scripts/simulate" in result.stderr


def test_a_seed_that_fails_is_told_with_its_history(tmp_path: Path) -> None:
    program = tmp_path / "simulate"
    program.write_text(
        "#!/usr/bin/env bash\n"
        'echo "    0.000 dispatch-0   StartExecution -> lost" >&2\n'
        """echo '{"ran": 2, "failed": [{"seed": '$1', "problems": ["I1: lost"]}], "coverage": {"a": 0, "b": 1}}'\n"""
    )
    program.chmod(0o755)
    outcome = seeds.run(program, 4, 10, 2)
    assert outcome.ran == 4
    assert outcome.failed == {10: ["I1: lost"], 11: ["I1: lost"]}
    assert outcome.missing == ["a"]
    assert outcome.coverage["b"] == 2
    assert "StartExecution -> lost" in outcome.told


def test_every_mutation_fits_the_code() -> None:
    every = mutations.read()
    assert len(every) >= 18
    for mutation in every:
        for file, text in mutation.applied(ROOT).items():
            assert text != (ROOT / file).read_text()


def test_a_mutation_that_no_longer_fits_is_named(tmp_path: Path) -> None:
    (tmp_path / "old.mutation").write_text("# Old.\n\n--- README.md\n<<<<\nno such text anywhere in it\n====\nanother\n>>>>\n")
    (mutation,) = mutations.read(tmp_path)
    with pytest.raises(mutations.MutationError, match=r"old: README.md has its text 0 times"):
        mutation.applied(ROOT)


def test_an_unknown_mutation_is_refused() -> None:
    result = run("mutate", "no-such-mutation", "--list")
    assert result.returncode == 1
    assert "no mutation is called no-such-mutation" in result.stderr
