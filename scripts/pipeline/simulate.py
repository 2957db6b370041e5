"""scripts/simulate: many worlds, and what they covered."""

import argparse
import os
import time

from pipeline import entry, numbers, seeds


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/simulate",
        description="Runs the real handlers through worlds that follow a seed, in which everything goes wrong that can, and checks "
        "that nothing is lost, nothing runs twice and never too much runs at once. Tells how often each fault struck and each "
        "decision was taken.",
        epilog="Exit status: 0, all is well; 1, a promise was broken, or something never happened in 1,000 seeds or more; "
        "2, the arguments are wrong.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=numbers.SEEDS, default=2_000, metavar="N", help="how many worlds (default: 2000)")
    which.add_argument("--seed", type=numbers.SEED, metavar="S", help="only this one, with its history if it fails")
    parser.add_argument("--from", type=numbers.SEED, default=0, metavar="M", dest="first", help="the first seed (default: 0)")
    parser.add_argument(
        "--jobs", type=numbers.JOBS, default=os.cpu_count() or 1, metavar="J", help="processes (default: one a core)"
    )
    return parser.parse_args(arguments)


# Below, what is rare may well be missing.
ENOUGH_SEEDS = 5_000


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    count, first = (1, options.seed) if options.seed is not None else (options.seeds, options.first)
    program = seeds.build()
    began = time.monotonic()
    outcome = seeds.run(program, count, first, options.jobs)
    seconds = time.monotonic() - began

    print(outcome.told, end="")
    width = max(map(len, outcome.coverage))
    for name, times in sorted(outcome.coverage.items()):
        print(f"{name:<{width}} {times:>9}{'' if times else '  never'}")
    print()
    for seed, problems in sorted(outcome.failed.items()):
        print(f"seed {seed} failed: {problems[0]}")
    noun = "seed" if outcome.ran == 1 else "seeds"
    missing = len(outcome.missing)
    print(f"{outcome.ran} {noun} in {seconds:.0f} s, {len(outcome.failed)} failed, {missing} things never happened")
    too_little = outcome.ran >= ENOUGH_SEEDS and outcome.missing
    return 1 if outcome.failed or too_little else 0


if __name__ == "__main__":
    entry.run("scripts/simulate", main, seeds.SeedsError)
