"""The options of scripts/test."""

import argparse
import dataclasses
import os

from program import numbers

from suite.parts import BY_NAME, PARTS, Part


@dataclasses.dataclass(frozen=True)
class Options:
    parts: tuple[Part, ...]
    quick: bool
    # Processes for the tests that compute.
    jobs: int
    # Emulators for the tests that mostly wait.
    emulators: int
    # Goes on to the one tool that runs the one part.
    passed_on: tuple[str, ...]


def parse(arguments: list[str]) -> Options:
    listed = "\n".join(f"  {part.name:<15} {part.what}" for part in PARTS)
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        usage="scripts/test [--quick] [--jobs N] [--emulators N] [PART ...] [-- ARGUMENT ...]",
        description="Runs every test, or the named parts. Their tools are installed into target/. The end-to-end tests run\n"
        "beside the others; the name of a part stands before each line.",
        epilog=f"parts:\n{listed}\n\nexamples:\n  scripts/test --quick                 before each commit\n"
        "  scripts/test rust -- -p spillway     goes on to cargo nextest run\n"
        "  scripts/test e2e -- -k burst         goes on to pytest\n\nThe last line counts tests: N passed, N failed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all")
    parser.add_argument("--quick", action="store_true", help="lints, unit and property tests, 100 seeds, Terraform's rules")
    parser.add_argument("--jobs", type=numbers.JOBS, default=os.cpu_count() or 1, metavar="N", help="default: one a core")
    parser.add_argument(
        "--emulators", type=numbers.JOBS, default=6, metavar="N", help="end-to-end groups side by side (default: 6)"
    )
    own, passed_on = _divided(arguments)
    options = parser.parse_args(own)
    unknown = [name for name in options.parts if name not in BY_NAME]
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    parts = tuple(BY_NAME[name] for name in dict.fromkeys(options.parts or BY_NAME))
    if passed_on and len(parts) != 1:
        parser.error("arguments after -- go to one part: name it, as in: scripts/test e2e -- -k burst")
    if options.quick:
        slow = [part.name for part in parts if not part.quick]
        if options.parts and slow:
            parser.error(f"--quick has nothing of {', '.join(slow)}: leave the one or the other out")
        parts = tuple(part for part in parts if part.quick)
    return Options(parts, options.quick, options.jobs, options.emulators, passed_on)


def _divided(arguments: list[str]) -> tuple[list[str], tuple[str, ...]]:
    if "--" not in arguments:
        return arguments, ()
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])
