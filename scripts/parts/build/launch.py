"""scripts/spillway: compiles the operator's program unless that is done, and becomes it."""

import os
import sys

from program import entry

from build import handlers, operators


def main(arguments: list[str]) -> int:
    # What cargo says of a program that is there already is no part of an answer.
    os.environ.setdefault("CARGO_TERM_QUIET", "true")
    program = operators.program(handlers.quickest_profile())
    sys.stdout.flush()
    os.execv(program, [operators.NAME, *arguments])


if __name__ == "__main__":
    entry.run("scripts/spillway", main, handlers.BuildError)
