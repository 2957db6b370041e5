"""Formatting and lints of every language, and what may be built in."""

from pipeline import venvs
from pipeline.paths import ROOT

from checks import cargo_deny, sources
from checks.part import Counts, check


def run() -> Counts:
    tools = venvs.ensure("checks").parent
    counts = check("cargo fmt", ["cargo", "fmt", "--all", "--check"])
    counts += check("clippy", ["cargo", "clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])
    counts += cargo_deny.run()
    counts += check("terraform fmt", ["terraform", "fmt", "-check", "-diff", "-recursive", "terraform", "tests"])
    scripts = [str(path.relative_to(ROOT)) for path in sources.shell_scripts()]
    counts += check(f"shellcheck, {len(scripts)} files", [str(tools / "shellcheck"), "--external-sources", *scripts])
    python = [str(path.relative_to(ROOT)) for path in sources.python_files()]
    config = ["--config", "scripts/requirements/ruff.toml"]
    counts += check(f"ruff check, {len(python)} files", [str(tools / "ruff"), "check", *config, *python])
    counts += check("ruff format", [str(tools / "ruff"), "format", "--check", "--diff", *config, *python])
    return counts
