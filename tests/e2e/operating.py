"""The operator's program, as a person runs it."""

import json
import os
import subprocess

from build import operators
from emulator import Emulator


def spillway(emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess:
    command = [str(operators.program()), *arguments]
    environment = {**os.environ, **emulator.environment}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def answer(emulator: Emulator, *arguments: str) -> dict:
    """Its answer to a program, when it succeeds."""
    ended = spillway(emulator, *arguments, "--json")
    assert ended.returncode == 0, f"{arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return json.loads(ended.stdout)
