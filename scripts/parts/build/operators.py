"""The operator's program, compiled for this machine: `python -m build.operators PROFILE` compiles it and no more."""

import dataclasses
import functools
import sys
from pathlib import Path

from program.locks import exclusive
from program.paths import TARGET, TOOLS

from build import handlers, targets

NAME = "spillway"
PACKAGE = "operator"


def is_compiled(profile: str) -> bool:
    """Whether it was, once: what has changed since then takes seconds."""
    return (TARGET / {"dev": "debug"}.get(profile, profile) / NAME).exists()


@functools.cache
def program(profile: str = "dev") -> Path:
    """Its path. What a test run has compiled already is not compiled again."""
    # dev builds what a test run builds, so that the two share every compiled dependency.
    packages = ["--workspace", "--bins"] if profile == "dev" else ["--package", PACKAGE]
    # What cargo says of a program that is there already is no part of an answer.
    target = dataclasses.replace(targets.native(), environment={"CARGO_TERM_QUIET": "true"})
    with exclusive(TOOLS / "build.lock"):
        return handlers.executables(target, profile, packages, [NAME])[NAME]


if __name__ == "__main__":
    program(sys.argv[1])
