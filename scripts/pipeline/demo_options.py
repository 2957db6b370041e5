"""The options of scripts/demo; apart, so that a wrong one is told before anything is installed."""

import argparse
import sys


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Runs the whole pipeline on this machine, on an AWS emulator: builds the handlers, applies the example"
        " device-status with Terraform, uploads device reports in a burst, shows how they are worked off at the set limit,"
        " redrives what was dead-lettered once its cause is repaired, judges the run, and destroys everything.",
        epilog="Exit status: 0 if nothing was lost, nothing was done twice and the limit held; else 1.",
    )
    parser.add_argument("--objects", type=int, default=300, metavar="N", help="reports to upload (default: 300; at least 10)")
    parser.add_argument("--max-concurrency", type=int, default=20, metavar="N", help="executions running at once (default: 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="other reports (default: 1)")
    parser.add_argument("--json", action="store_true", help="the last line is the result as one JSON object")
    parser.add_argument("--keep", action="store_true", help="leave everything up, and say how to look around")
    parser.add_argument("--stop", nargs="?", const="", metavar="RUN", help="destroy a run that was left up, then exit")
    options = parser.parse_args(arguments)
    if options.objects < 10:
        parser.error("--objects is at least 10")
    if options.max_concurrency < 1:
        parser.error("--max-concurrency is at least 1")
    return options


if __name__ == "__main__":
    parse(sys.argv[1:])
