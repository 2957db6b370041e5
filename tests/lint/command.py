"""Runs a linter; the test fails with its words."""

import subprocess

import pytest
from program import processes
from program.paths import ROOT


def passes(*command: str) -> None:
    result = processes.run(list(command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        pytest.fail(f"{' '.join(command[:3])} …: exit status {result.returncode}\n{result.stdout}", pytrace=False)
