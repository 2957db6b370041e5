"""scripts/release: the files of a release, and the repository that Terraform's registry wants."""

import argparse
import datetime
import hashlib
import re
import shutil
import sys
import tempfile
from pathlib import Path

from build import handlers, operators, targets
from program import entry, places
from program.paths import TARGET
from tools import venvs

from release import archives, changelog, functions, notes, registry_tree, sbom, tool, tree, workspace
from release.addresses import MODULE, Addresses
from release.error import ReleaseError

# Each module block keeps a copy of the archive below .terraform.
MOST_BYTES = 16_000_000
SUMS, NOTES = "SHA256SUMS", "RELEASE_NOTES.md"
_EPILOG = f"""\
examples:
  scripts/release 0.1.0 --repository me/spillway
      builds for this machine's architecture, and writes everything to target/release-0.1.0
  scripts/build --arch arm64 --out parts/arm64
      on an arm64 machine; then, with the directories of both machines:
  scripts/release 0.1.0 --repository me/spillway --handlers parts/arm64 --handlers parts/x86_64
  scripts/release 0.1.0 --repository me/spillway --push https://github.com/me/{MODULE}.git
      commits and tags the module there too

The same twice: the same files, byte for byte, from one commit on one toolchain.
"""


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/release",
        description="Makes the files of a release: the module with its functions as an archive, the operator's tool,"
        "\nSHA256SUMS, an SBOM for each architecture, the release notes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("version", metavar="VERSION", help="as in Cargo.toml and CHANGELOG.md, without a v")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="on GitHub (default: of Cargo.toml)")
    parser.add_argument(
        "--handlers",
        metavar="DIR",
        type=Path,
        action="append",
        help="functions that scripts/build made, here or on another machine; repeatable. An archive of the tool beside them"
        " comes along (default: build both now)",
    )
    parser.add_argument(
        "--tools",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="archives of the tool from a machine for which there are no functions, such as a Mac; repeatable",
    )
    parser.add_argument(
        "--profile",
        choices=["release", "dev"],
        default="release",
        help="the profile of the build (default: release); dev: for tests, of any size",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="the directory for it all (default: target/release-VERSION)")
    parser.add_argument("--push", metavar="URL", help=f"the git repository {MODULE}: gets the module as a commit with a tag")
    parser.add_argument(
        "--tool", action="store_true", help="only build the operator's tool into --out, for --handlers or --tools elsewhere"
    )
    parser.add_argument("--allow-dirty", action="store_true", help="although git status names files")
    return parser.parse_args(arguments)


def _repository(given: str | None) -> str:
    repository = given or workspace.repository()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise ReleaseError(f"{repository} is no OWNER/NAME: give --repository one such as example/spillway")
    if repository.startswith("OWNER/"):
        raise ReleaseError("Cargo.toml has no owner in its repository yet: give --repository OWNER/NAME")
    return repository


def _parts(options: argparse.Namespace, directory: Path) -> list[Path]:
    """Directories of functions, and of the tool's archives."""
    if options.handlers:
        return options.handlers
    target = targets.find(targets.host_architecture())
    handlers.build(options.profile, [target], directory)
    tool.build(options.profile, options.version, directory)
    return [directory]


def _assets(options: argparse.Namespace, repository: str, out: Path) -> dict[Addresses, dict[str, bytes]]:
    """Writes all of it; returns the module's files by the addresses that stand in them, one for each architecture."""
    version = options.version
    # A file of another name is somebody else's.
    for old in (*out.glob("spillway-*"), *(out / name for name in (SUMS, NOTES))):
        old.unlink(missing_ok=True)
    day, news = changelog.read(version)
    modules = {}
    with tempfile.TemporaryDirectory(prefix="spillway-release-") as directory:
        merged = Path(directory, "functions")
        parts = _parts(options, Path(directory, "built"))
        manifest = functions.merge(parts, version, merged)
        for architecture in functions.architectures(manifest):
            addresses = Addresses(repository, version, architecture)
            own = functions.only(merged, manifest, architecture, Path(directory, architecture))
            modules[addresses] = tree.files(addresses, own)
        names = [tool.archive_name(version, triple) for triple in tool.MACHINES]
        for archive in (part / name for part in [*parts, *options.tools] for name in names):
            if archive.is_file():
                shutil.copyfile(archive, out / archive.name)
    programs = sorted([*manifest["handlers"], operators.PACKAGE])
    for addresses, files in modules.items():
        archive = out / addresses.archive
        archives.write_zip({f"{tree.MODULE}/{path}": content for path, content in files.items()}, archive)
        # The tests' build is large.
        if options.profile == "release" and (size := archive.stat().st_size) > MOST_BYTES:
            raise ReleaseError(
                f"{archive.name} has {size:,} bytes, and {MOST_BYTES:,} is the most: leave out a dependency, or raise MOST_BYTES"
            )
        text = sbom.text(version, day, targets.ARCHITECTURES[addresses.architecture], programs)
        (out / f"spillway-{version}-{addresses.architecture}.cdx.json").write_text(text)
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("spillway-*"))}
    (out / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    (out / NOTES).write_text(notes.text(list(modules), sums, news))
    return modules


def _push(modules: dict[Addresses, dict[str, bytes]], day: datetime.date, repository: str) -> None:
    if functions.USUAL not in {addresses.architecture for addresses in modules}:
        raise ReleaseError(
            f"--push has no functions for {functions.USUAL}, and the tag without an architecture is theirs: build them too"
        )
    for addresses, files in modules.items():
        branch = "main" if addresses.architecture == functions.USUAL else addresses.architecture
        commit = registry_tree.push(files, addresses.tag, branch, day, repository)
        print(f"{addresses.tag} in {repository}: {commit}")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    workspace.check_version(options.version)
    out = places.writable(options.out or TARGET / f"release-{options.version}").resolve()
    if options.tool:
        print(tool.build(options.profile, options.version, out), file=sys.stderr)
        return 0
    repository = _repository(options.repository)
    if not options.allow_dirty and (changed := workspace.uncommitted()):
        raise ReleaseError(f"git status names {', '.join(changed[:3])}: commit first, or say --allow-dirty")
    modules = _assets(options, repository, out)
    for path in (*sorted(out.glob("spillway-*")), out / SUMS, out / NOTES):
        print(f"{path.stat().st_size:>10,}  {path}")
    if options.push:
        _push(modules, changelog.read(options.version)[0], options.push)
    return 0


if __name__ == "__main__":
    entry.run("scripts/release", main, ReleaseError, handlers.BuildError, places.PlaceError, venvs.VenvError)
