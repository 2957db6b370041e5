"""The options of scripts/bench."""

import argparse
from pathlib import Path

from program import numbers

from bench import parts


def parse(arguments: list[str]) -> argparse.Namespace:
    listed = "\n".join(f"  {part.name:<14} {part.what}" for part in parts.PARTS)
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures the handlers as they ship, against an AWS on this machine: CPU time, memory, API calls and capacity\n"
        "units; and beside them a floor, the usual Python handler and NASA's Cumulus. Prints tables, and the targets with what\n"
        "became of them; writes every single result as JSON, and pictures.",
        epilog=f"parts:\n{listed}\n\nFigures are medians; ratios are of runs right after each other. Exit status: 0, everything "
        "was measured, whether\ntargets are met or not; 1, something could not be; 2, the arguments are wrong.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="one round, fewer events: rough figures, sooner")
    names = [part.name for part in parts.PARTS]
    parser.add_argument("--only", choices=names, action="append", metavar="PART", help="only this part; can be given again")
    parser.add_argument("--runs", type=numbers.Whole(1, 1_000), metavar="N", help="rounds (default: 3; with --quick: 1)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: target/bench/<time>)")
    options = parser.parse_args(arguments)
    options.runs = options.runs or (1 if options.quick else 3)
    options.only = list(dict.fromkeys(options.only or names))
    return options
