"""The jobs: cargo-nextest once and pytest at most three times, for tests that compute and tests that mostly wait."""

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from program.paths import TARGET
from tools import venvs

from suite.options import Options
from suite.parts import E2E, RUST, Part


@dataclasses.dataclass(frozen=True)
class Job:
    name: str
    parts: tuple[Part, ...]
    command: list[str]
    environment: dict[str, str]
    # The JUnit report that it leaves.
    report: Path
    part_of: Callable[[str], str]


def lanes(options: Options, directory: Path) -> list[list[Job]]:
    """Each lane's jobs run one after the other, beside the other lane's."""
    python = venvs.ensure("checks")
    others = [part for part in options.parts if part not in (RUST, E2E)]
    checks = tuple(part for part in others if not part.waits)
    tools = tuple(part for part in others if part.waits)
    # A file's tests share the things that they make once.
    together = ["-n", str(options.jobs), "--dist", "loadfile"]
    computing = [
        *([_nextest(options, python, directory)] if RUST in options.parts else []),
        *([_pytest(options, python, directory, "checks", checks, together)] if checks else []),
    ]
    # A group's tests share an emulator, and so one process.
    apart = ["-n", str(options.emulators), "--dist", "loadgroup", "-v"]
    waiting = [
        *([_pytest(options, python, directory, E2E.name, (E2E,), apart)] if E2E in options.parts else []),
        *([_pytest(options, python, directory, "tools", tools, together)] if tools else []),
    ]
    return [lane for lane in (waiting, computing) if lane]


def _nextest(options: Options, python: Path, directory: Path) -> Job:
    profile = "quick" if options.quick else "default"
    report = directory / "rust.xml"
    # The report's place is this run's own: another can go on in this tree.
    config = directory / "nextest.toml"
    config.write_text(f'[profile.{profile}.junit]\npath = "{report}"\n')
    command = [str(python.with_name("cargo-nextest")), "nextest", "run", "--workspace", "--locked", "--no-fail-fast"]
    chosen = ["--profile", profile, "--tool-config-file", f"suite:{config}"]
    return Job(RUST.name, (RUST,), [*command, *chosen, *options.passed_on], dict(os.environ), report, lambda _: RUST.name)


def _pytest(options: Options, python: Path, directory: Path, name: str, parts: tuple[Part, ...], spread: list[str]) -> Job:
    report = directory / f"{name}.xml"
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(TARGET / "pycache")}
    places = [f"--junitxml={report}", f"--basetemp={directory / f'{name}-files'}"]
    chosen = [*(["-m", "quick"] if options.quick else []), *options.passed_on]
    command = [str(python), "-m", "pytest", "--tb=short", "--durations=10", *spread, *places, *chosen]
    names = {part.name for part in parts}
    return Job(
        name,
        parts,
        [*command, *(f"tests/{part.name}" for part in parts)],
        environment,
        report,
        lambda class_name: next(_among(names, class_name), parts[0].name),
    )


def _among(names: set[str], class_name: str) -> Iterator[str]:
    """tests.lint.test_rust is of the part lint."""
    return (word for word in class_name.split(".") if word in names)
