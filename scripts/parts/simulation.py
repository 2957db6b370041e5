"""scripts/simulate and scripts/mutate: programs of tests/simulation, built before they run."""

import os
import sys

from program import entry, processes
from program.paths import ROOT, TARGET


class BuildError(Exception):
    """The simulation does not build."""


def main(arguments: list[str]) -> int:
    name, *rest = arguments
    program = TARGET / "debug" / name
    # All members: with fewer, features differ, and every dependency is compiled again.
    command = ["cargo", "build", "--locked", "--workspace", "--bins", *(["--quiet"] if program.exists() else [])]
    if processes.run(command, cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)}).returncode != 0:
        raise BuildError("the simulation does not build: cargo says above why")
    return processes.run([str(program), *rest]).returncode


if __name__ == "__main__":
    entry.run(f"scripts/{sys.argv[1]}", main, BuildError)
