"""The options of scripts/demo; apart, so that a wrong one is refused before anything is installed."""

import argparse
import sys

from program import numbers

# With fewer, there is not one of each kind. With as many as that, a run takes hours.
OBJECTS = numbers.Whole(10, 100_000)
# As in terraform/modules/input/variables-pace.tf.
MAX_CONCURRENCY = numbers.Whole(1, 10_000)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Runs the whole pipeline on this machine, on an AWS emulator: builds the handlers, applies the example"
        " device-status with Terraform, uploads device reports in a burst, shows how they are worked off at the set limit,"
        " redrives what was dead-lettered once its cause is fixed, judges the run, and destroys everything.",
        epilog="Exit status: 0 if nothing was lost, nothing was done twice and the limit held; else 1.",
    )
    parser.add_argument("--objects", type=OBJECTS, default=300, metavar="N", help="reports to upload (default: 300; at least 10)")
    parser.add_argument(
        "--max-concurrency", type=MAX_CONCURRENCY, default=20, metavar="N", help="executions running at once (default: 20)"
    )
    parser.add_argument("--seed", type=numbers.SEED, default=1, metavar="N", help="other reports (default: 1)")
    parser.add_argument("--json", action="store_true", help="the last line is the result as one JSON object")
    parser.add_argument("--dashboard", action="store_true", help="draw the pipeline's dashboard, too")
    parser.add_argument(
        "--unruly",
        action="store_true",
        help="the executions' target takes 4 a second and for a while none: the pace adapts (pace.adapt);"
        " one tenant uploads half of all reports: it keeps to its bound (tenants)",
    )
    parser.add_argument("--keep", action="store_true", help="leave everything up, and say how to look around")
    parser.add_argument("--stop", nargs="?", const="", metavar="RUN", help="destroy a run that was left up, then exit")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    parse(sys.argv[1:])
