"""Whole numbers as options: a number out of range is refused with the range."""

import argparse
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Whole:
    """For `type=` of an option; both bounds are allowed."""

    least: int
    most: int

    def __call__(self, text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,20}", text) or not self.least <= int(text) <= self.most:
            raise argparse.ArgumentTypeError(f"{text!r}: give a whole number from {self.least:,} to {self.most:,}")
        return int(text)


# Processes, or other work that runs side by side.
JOBS = Whole(1, 1_000)
# Seeds of one run, and the range of a seed: the simulation counts in 64 bits.
SEEDS = Whole(1, 1_000_000_000)
SEED = Whole(0, 2**63)
