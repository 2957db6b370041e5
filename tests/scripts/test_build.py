"""scripts/build, as a person runs it."""

import contextlib
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from build import handlers, targets, zips
from build.handlers import PROTOCOL
from program import locks
from program.paths import ROOT, SCRIPTS


def build(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [str(SCRIPTS / "build"), *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_two_builds_are_the_same_and_the_manifest_says_what_is_there(tmp_path: Path) -> None:
    host = targets.host_architecture()
    one, two = tmp_path / "one", tmp_path / "with a space"
    for directory in (one, two):
        result = build("--profile", "dev", "--arch", host, "--out", str(directory))
        assert result.returncode == 0, result.stderr
    assert contents(one) == contents(two)

    manifest = json.loads((one / "handlers.json").read_text())
    assert manifest["protocol"] == PROTOCOL
    assert set(manifest["handlers"]) == {"dispatch", "ingest", "reconcile", "settle"}
    for name, builds in manifest["handlers"].items():
        built = builds[host]
        assert built["file"] == f"{name}-{manifest['version']}-{host}.zip"
        assert built["sha256"] == zips.sha256(one / built["file"]) == (one / f"{built['file']}.sha256").read_text().strip()
        assert built["bytes"] == (one / built["file"]).stat().st_size


def test_no_path_of_this_machine_is_in_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSTFLAGS", "-C debuginfo=0")
    monkeypatch.setenv("CARGO_HOME", "/somebody/.cargo")
    flags = handlers.placeless()
    assert flags["RUSTFLAGS"].startswith("-C debuginfo=0 --remap-path-prefix=/somebody/.cargo=/cargo ")
    assert f"--remap-path-prefix={ROOT}=/spillway" in flags["RUSTFLAGS"]
    assert f"-ffile-prefix-map={ROOT}=/spillway" in flags["CFLAGS"]


def test_the_demo_compiles_what_is_quickest_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "TARGET", tmp_path)
    assert handlers.quickest_profile() == "demo"
    assert f"[profile.{handlers.quickest_profile()}]" in (ROOT / "Cargo.toml").read_text()
    # scripts/test was here, and all that it compiled.
    (tmp_path / "debug").mkdir()
    (tmp_path / "debug/dispatch").touch()
    assert handlers.quickest_profile() == "dev"


def test_a_stale_zip_does_not_stay(tmp_path: Path) -> None:
    (tmp_path / "dispatch-0.0.1-x86_64.zip").write_bytes(b"old")
    assert build("--profile", "dev", "--arch", targets.host_architecture(), "--out", str(tmp_path)).returncode == 0
    assert not (tmp_path / "dispatch-0.0.1-x86_64.zip").exists()


def test_what_is_missing_for_another_architecture_is_named_with_the_remedy(tmp_path: Path) -> None:
    (other,) = targets.ARCHITECTURES.keys() - {targets.host_architecture()}
    found = targets.find(other)
    if not found.missing:
        return  # this machine can build both
    result = build("--profile", "dev", "--arch", other, "--out", str(tmp_path))
    assert result.returncode == 1
    for what in found.missing:
        assert what in result.stderr
    assert "rustup target add" in result.stderr or "apt-get install" in result.stderr


def test_an_interrupted_build_of_the_program_says_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The demo ends the build that goes on beside its steps, as Ctrl-C does."""

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(handlers, "executables", interrupted)
    monkeypatch.setattr(locks, "exclusive", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(sys, "argv", ["build.operators", "demo"])
    monkeypatch.delitem(sys.modules, "build.operators", raising=False)
    runpy.run_module("build.operators", run_name="__main__")
    assert capsys.readouterr().err == ""
