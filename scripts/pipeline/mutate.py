"""scripts/mutate: does the simulation notice when the handlers are broken?"""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

from pipeline import entry, mutations, numbers, processes, seeds
from pipeline.mutations import Mutation
from pipeline.paths import ROOT, TARGET

WORK = TARGET / "mutations"
# Seeds that are run at once, before one looks whether any failed.
ROUND = 40


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/mutate",
        description="Breaks the handlers on purpose (tests/mutations), one way after the other, in a copy below target/, and runs "
        "the simulation's seeds until one fails.",
        epilog="Exit status: 0, every mutation was caught; 1, one was not, or does not build; 2, the arguments are wrong.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutations (default: all)")
    parser.add_argument("--list", action="store_true", help="tell what there is, and that it fits the code, and stop")
    parser.add_argument(
        "--seeds", type=numbers.SEEDS, default=2_000, metavar="N", help="seeds before it counts as not caught (default: 2000)"
    )
    parser.add_argument(
        "--jobs", type=numbers.JOBS, default=os.cpu_count() or 1, metavar="J", help="processes (default: one a core)"
    )
    return parser.parse_args(arguments)


def chosen(names: list[str]) -> list[Mutation]:
    every = mutations.read()
    unknown = sorted(set(names) - {mutation.name for mutation in every})
    if unknown:
        raise mutations.MutationError(f"no mutation is called {', '.join(unknown)}: see --list")
    return [mutation for mutation in every if not names or mutation.name in names]


def copy(directory: Path) -> None:
    """The tracked files as they are. What is the same stays untouched, so that little is built again."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    wanted = {name for name in listed.stdout.split("\0") if name.startswith(("Cargo.", ".cargo/", "handlers/", "tests/"))}
    for name in wanted:
        source, target = ROOT / name, directory / name
        if not source.exists() or (target.exists() and source.read_bytes() == target.read_bytes()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for path in directory.rglob("*"):
        if path.is_file() and str(path.relative_to(directory)) not in wanted:
            path.unlink()


def needed(program: Path, most: int, jobs: int) -> tuple[int, str] | None:
    """How many seeds it took to notice, and what was noticed; none: no seed did."""
    for first in range(0, most, ROUND):
        outcome = seeds.run(program, min(ROUND, most - first), first, jobs, stop=True)
        if outcome.failed:
            seed = min(outcome.failed)
            return seed + 1, outcome.failed[seed][0]
    return None


def by_test(mutation: Mutation, tree: Path) -> bool:
    """Whether the test that it names fails; that it builds is seen before."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "build")}
    command = ["cargo", "test", "--quiet", "--locked", *mutation.test]
    options = {"cwd": tree, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    built = processes.run([*command, "--no-run"], **options)
    if built.returncode != 0:
        raise seeds.SeedsError(f"it does not build:\n{built.stdout}")
    return processes.run(command, **options).returncode != 0


def check(mutation: Mutation, tree: Path, options: argparse.Namespace) -> bool:
    copy(tree)
    for file, text in mutation.applied(ROOT).items():
        (tree / file).write_text(text)
    try:
        if mutation.test:
            caught = by_test(mutation, tree)
            print(
                f"| {mutation.name} | {'a test' if caught else 'not caught'} | `cargo test {' '.join(mutation.test)}` |", flush=True
            )
            return caught
        caught = needed(seeds.build(tree, WORK / "build"), options.seeds, options.jobs)
    except seeds.SeedsError as error:
        print(f"| {mutation.name} | FAILED: {str(error).strip()[-400:]} | |", flush=True)
        return False
    took, problem = (str(caught[0]), caught[1]) if caught else (f"not caught by {options.seeds}", "")
    print(f"| {mutation.name} | {took} | {problem.splitlines()[0][:100] if problem else ''} |", flush=True)
    return caught is not None


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    tree = WORK / "tree"
    every = chosen(options.names)
    for mutation in every:
        mutation.applied(ROOT)
    if options.list:
        for mutation in every:
            print(f"{mutation.name:<36} {mutation.says}")
        return 0
    print("| mutation | seeds needed | noticed first |\n| --- | --- | --- |", flush=True)
    results = [check(mutation, tree, options) for mutation in every]
    print(f"\n{sum(results)} of {len(results)} were caught")
    return 0 if all(results) else 1


if __name__ == "__main__":
    entry.run("scripts/mutate", main, mutations.MutationError, seeds.SeedsError)
