"""Builds the Lambda handlers, and the zips and the manifest that the Terraform module takes."""

import dataclasses
import json
import os
import subprocess
from pathlib import Path

from program import processes
from program.locks import exclusive
from program.paths import ROOT, TARGET, TOOLS

from build import targets, zips

PROTOCOL = 2


class BuildError(Exception):
    pass


@dataclasses.dataclass
class Zip:
    handler: str
    architecture: str
    path: Path
    sha256: str
    binary_bytes: int

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size


def _cargo(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    return processes.run(["cargo", *arguments], cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)


def handlers() -> dict[str, str]:
    """Name and version of every package below handlers/ that makes a binary of its own name."""
    result = _cargo(["metadata", "--no-deps", "--format-version", "1"], {})
    if result.returncode != 0:
        raise BuildError("cargo metadata failed, and cargo says above why: correct Cargo.toml")
    found = {}
    for package in json.loads(result.stdout)["packages"]:
        binaries = {target["name"] for target in package["targets"] if "bin" in target["kind"]}
        if ROOT / "handlers" in Path(package["manifest_path"]).parents and package["name"] in binaries:
            found[package["name"]] = package["version"]
    return found


def quickest_profile() -> str:
    """The profile that leaves least to compile: dev if scripts/test has compiled it."""
    return "dev" if (TARGET / "debug" / "dispatch").exists() else "demo"


def placeless() -> dict[str, str]:
    """Flags that keep this machine's paths out of a released program: it is the same from another directory or user."""
    home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    places = {home: "/cargo", str(TARGET): "/target", str(ROOT): "/spillway"}
    flags = {"RUSTFLAGS": "--remap-path-prefix", "CFLAGS": "-ffile-prefix-map"}
    return {
        name: " ".join([os.environ.get(name, ""), *(f"{flag}={place}={other}" for place, other in places.items())]).strip()
        for name, flag in flags.items()
    }


def _compile(profile: str, target: targets.Target, names: list[str]) -> dict[str, Path]:
    # dev builds the same as a test run, so that the two share every compiled dependency.
    packages = ["--workspace", "--bins"] if profile == "dev" else [part for name in names for part in ("--package", name)]
    return executables(target, profile, packages, names)


def executables(target: targets.Target, profile: str, packages: list[str], names: list[str]) -> dict[str, Path]:
    """Compiles packages, and finds the binaries of those names."""
    # A release is built with the versions of Cargo.lock, or not at all.
    locked = ["--locked"] if profile == "release" else []
    command = [*target.command, *locked, "--profile", profile, *packages, "--message-format", "json-render-diagnostics"]
    result = _cargo(command, {**target.environment, **(placeless() if profile == "release" else {})})
    if result.returncode != 0:
        raise BuildError(f"cargo {' '.join(command)} failed: correct the fault that it names above")
    binaries = {}
    for line in result.stdout.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("executable") and message["target"]["name"] in names:
            binaries[message["target"]["name"]] = Path(message["executable"])
    return binaries


def check_glibc(binary: Path) -> None:
    needed = zips.newest_glibc(binary)
    if needed > targets.GLIBC:
        raise BuildError(
            f"{binary.name} was linked against glibc {needed[0]}.{needed[1]}, and Lambda has {targets.GLIBC[0]}."
            f"{targets.GLIBC[1]}: build on a system with at most that one, such as Debian 12 or Amazon Linux 2023"
        )


def binaries(profile: str) -> dict[str, Path]:
    """Every handler's binary for this machine, compiled, by name."""
    with exclusive(TOOLS / "build.lock"):
        return _compile(profile, targets.find(targets.host_architecture()), list(handlers()))


def build(profile: str, chosen: list[targets.Target], directory: Path) -> list[Zip]:
    """Compiles every handler for every chosen target; afterwards `directory` holds their zips, no older ones, and handlers.json."""
    versions = handlers()
    version = max(versions.values())
    with exclusive(TOOLS / "build.lock"):
        directory.mkdir(parents=True, exist_ok=True)
        built = []
        for target in chosen:
            for name, binary in sorted(_compile(profile, target, list(versions)).items()):
                if profile == "release":
                    check_glibc(binary)
                path = directory / f"{name}-{versions[name]}-{target.architecture}.zip"
                zips.pack(binary, path, level=9 if profile == "release" else 1)
                digest = zips.sha256(path)
                path.with_name(f"{path.name}.sha256").write_text(f"{digest}\n")
                built.append(Zip(name, target.architecture, path, digest, binary.stat().st_size))
        manifest: dict = {"version": version, "protocol": PROTOCOL, "handlers": {}}
        for zip_ in built:
            entry = {"file": zip_.path.name, "sha256": zip_.sha256, "bytes": zip_.bytes}
            manifest["handlers"].setdefault(zip_.handler, {})[zip_.architecture] = entry
        (directory / "handlers.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
        current = {zip_.path.name for zip_ in built}
        # A file of another name is somebody else's.
        for stale in (found for name in versions for found in directory.glob(f"{name}-*.zip*")):
            if stale.name.removesuffix(".sha256") not in current:
                stale.unlink()
    return built
