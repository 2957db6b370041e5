"""Licences, sources and bans of everything that is built in, by cargo-deny: deny.toml says what may be."""

import shutil
from pathlib import Path

from pipeline import processes
from pipeline.locks import exclusive
from pipeline.paths import ROOT, TOOLS

from checks.part import Counts, check

VERSION = "0.20.2"


def run() -> Counts:
    # A build fetches only what it compiles; the graph is read with every platform's crates and every feature's.
    if processes.run(["cargo", "fetch", "--locked", "--quiet"], cwd=ROOT).returncode != 0:
        raise RuntimeError("the crates in Cargo.lock could not be fetched: is the crate registry reachable?")
    # Advisories are left to a run with the network: their database is not part of a clone.
    return check("cargo deny", [str(_install()), "--offline", "--log-level", "error", "check", "licenses", "sources", "bans"])


def _install() -> Path:
    home = TOOLS / f"cargo-deny-{VERSION}"
    complete = home / "complete"
    with exclusive(TOOLS / "cargo-deny.lock"):
        if not complete.exists():
            print("  installing cargo-deny into target/ (once, a minute or two) …", flush=True)
            shutil.rmtree(home, ignore_errors=True)
            # Not optimised: it is built more slowly than it runs. Without features: no network is asked.
            options = ["--locked", "--no-default-features", "--debug", "--config", "profile.dev.debug=false", "--quiet"]
            where = ["--root", str(home), "--target-dir", str(home / "build")]
            command = ["cargo", "install", "cargo-deny", "--version", VERSION, *options, *where]
            if processes.run(command, cwd=ROOT).returncode != 0:
                raise RuntimeError("cargo-deny could not be built: is the crate registry reachable?")
            shutil.rmtree(home / "build")
            complete.touch()
    return home / "bin/cargo-deny"
