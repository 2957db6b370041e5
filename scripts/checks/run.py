"""scripts/test: every test of the project, or the named parts."""

import argparse
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from pipeline.paths import ROOT, SCRIPTS

from checks import asl, beside, compile, lint, policy, pytest, terraform, unit
from checks.part import Counts, Part, failure

COMPILE = Part("compile", "what the parts share", ("cargo", "cc"), compile.run)

PARTS = (
    Part(
        "lint", "formatting and lints: Rust, Terraform, shell, Python", ("cargo", "cc", "rustfmt", "clippy", "terraform"), lint.run
    ),
    Part("unit", "Rust: unit and property tests, simulation", ("cargo", "cc"), unit.run),
    Part("terraform", "validate every module and example, and terraform test", ("terraform",), terraform.run),
    Part("asl", "state machine definitions, by a real validator", ("node",), asl.run),
    Part("policy", "policy scan of the Terraform code", (), policy.run),
    Part("scripts", "the scripts themselves", ("cargo", "cc", "terraform"), lambda: pytest.run(ROOT / "tests/scripts")),
    Part("e2e", "end to end, on the emulator (20 minutes)", ("cargo", "cc", "terraform"), lambda: pytest.run(ROOT / "tests/e2e")),
)


def parse(arguments: list[str]) -> argparse.Namespace:
    listed = "\n".join(f"  {part.name:<10} {part.what}" for part in PARTS)
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description="Runs every test, or the named parts. What it needs is installed into target/. The end-to-end tests run\n"
        "beside the other parts: 1 | and 2 | mark their lines.",
        epilog=f"parts:\n{listed}\n\nThe last line counts tests: N passed, N failed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [part.name for part in PARTS]
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all of {', '.join(names)}")
    parser.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in names]
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}; there are {', '.join(names)}")
    return options


def run(parts: list[Part]) -> beside.Results:
    names = [part.name for part in parts]
    if "e2e" not in names or names == ["e2e"]:
        return [(part.name, *run_one(part)) for part in parts]
    # clippy last: it keeps everybody else from the compiler.
    others = sorted((name for name in names if name != "e2e"), key=lambda name: name == "lint")
    return [(COMPILE.name, *run_one(COMPILE)), *beside.run(["e2e"], others)]


def run_one(part: Part) -> tuple[Counts, float]:
    print(f"== {part.name}: {part.what}", flush=True)
    began = time.monotonic()
    try:
        counts = part.run()
    except Exception:
        traceback.print_exc()
        counts = Counts(failed=1, failures=[failure(part.name, traceback.format_exc())])
    return counts, time.monotonic() - began


def main(arguments: list[str]) -> int:
    # A shell ignores Ctrl-C for what it puts into the background, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = parse(arguments)
    by_name = {part.name: part for part in PARTS}
    parts = [by_name[name] for name in dict.fromkeys(options.parts or by_name)]
    tools = sorted({tool for part in parts for tool in part.tools})
    if tools and subprocess.run([str(SCRIPTS / "pipeline/toolchain.sh"), *tools]).returncode != 0:
        return 1
    results = run(parts)
    if options.results:
        beside.write(options.results, results)
    total = sum((counts for _, counts, _ in results), Counts())
    if not options.results:
        for text in total.failures:
            print(f"\nFAILED {text}")
        print()
        for name, counts, seconds in results:
            print(f"{name:<10} {counts.passed:>5} ok {counts.failed:>3} not {seconds:>6.0f} s")
        skipped = f", {total.skipped} skipped" if total.skipped else ""
        print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
