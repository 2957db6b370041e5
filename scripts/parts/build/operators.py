"""The operator's program, compiled for this machine: `python -m build.operators PROFILE` compiles it and no more."""

import contextlib
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
    """Whether it was, once: a later change takes seconds."""
    return (TARGET / {"dev": "debug"}.get(profile, profile) / NAME).exists()


@functools.cache
def program(profile: str = "dev") -> Path:
    """Its path. Parts that a test run has compiled are not compiled again."""
    # dev builds the same as a test run, so that the two share every compiled dependency.
    packages = ["--workspace", "--bins"] if profile == "dev" else ["--package", PACKAGE]
    # Cargo's words about a program that exists are no part of an answer.
    target = dataclasses.replace(targets.native(), environment={"CARGO_TERM_QUIET": "true"})
    with exclusive(TOOLS / "build.lock"):
        return handlers.executables(target, profile, packages, [NAME])[NAME]


if __name__ == "__main__":
    # A demo that is ended ends its build: no fault, and nothing to print.
    with contextlib.suppress(KeyboardInterrupt):
        program(sys.argv[1])
