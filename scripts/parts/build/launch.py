"""scripts/spillway: compiles the operator's program unless that is done, and becomes it."""

import os
import sys

from program import entry

from build import handlers, operators


def main(arguments: list[str]) -> int:
    profile = handlers.quickest_profile()
    if not operators.is_compiled(profile):
        print("compiling the operator's program: some minutes, once …", file=sys.stderr)
    program = operators.program(profile)
    sys.stdout.flush()
    os.execv(program, [operators.NAME, *arguments])


if __name__ == "__main__":
    entry.run("scripts/spillway", main, handlers.BuildError)
