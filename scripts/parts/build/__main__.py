"""scripts/build: the Lambda handlers as zips that are the same bytes for the same binary."""

import argparse
import sys
from pathlib import Path

from program import entry, places
from program.paths import HANDLERS

from build import handlers, targets


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/build",
        description="Builds the Lambda handlers: <handler>-<version>-<architecture>.zip, a .sha256 (base64) beside each,"
        " and the handlers.json that the Terraform module takes.",
    )
    parser.add_argument(
        "--profile",
        choices=["release", "dev", "demo"],
        default="release",
        help="release: small and fast, for a release (default); dev: for scripts/test; demo: in a third of dev's time,"
        " for scripts/demo",
    )
    parser.add_argument(
        "--arch",
        choices=[*targets.ARCHITECTURES, "all"],
        help="default: every architecture that the tools on this machine can build; all: both, or fail",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="the directory for them, such as terraform/dist, in which the module looks (default: target/handlers/<profile>)",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    wanted = [options.arch] if options.arch in targets.ARCHITECTURES else list(targets.ARCHITECTURES)
    found = [targets.find(architecture) for architecture in wanted]
    able = [target for target in found if not target.missing]
    for target in found:
        if target.missing:
            print(f"cannot build for {target.architecture} here; missing:", file=sys.stderr)
            for what in target.missing:
                print(f"  {what}", file=sys.stderr)
    if not able or (options.arch and len(able) < len(found)):
        return 1
    directory = places.writable(options.out or HANDLERS / options.profile).resolve()
    built = handlers.build(options.profile, able, directory)
    for zip_ in built:
        print(f"{zip_.path.name}  {zip_.bytes / 1e6:.2f} MB (binary {zip_.binary_bytes / 1e6:.2f} MB)  {zip_.sha256}")
    print(directory / "handlers.json")
    return 0


if __name__ == "__main__":
    entry.run("scripts/build", main, handlers.BuildError, places.PlaceError)
