"""The measured programs: the handlers as they ship, the floor and the peers; and `load`, which measures."""

import dataclasses
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

from build import handlers, targets
from program import processes
from program.paths import HANDLERS, ROOT, TARGET
from tools import node_packages, venvs

PEERS = ROOT / "tests/load/peers"
# More than are ever started: the limit is checked, and lets everything through.
LIMIT = 100_000

# Cumulus's queues hold messages of its own kind, which name the workflow and carry the limit.
# https://nasa.github.io/cumulus/docs/workflows/cumulus-task-message-flow
CUMULUS_MESSAGE = json.dumps(
    {
        "cumulus_meta": {
            "execution_name": "execution-{n}",
            "queueExecutionLimits": {"{queue_url}": LIMIT},
            "state_machine": "{machine_arn}",
            "system_bucket": "{bucket}",
        },
        "meta": {"workflow_name": "ingest"},
        "payload": {"bucket": "{bucket}", "key": "{key}"},
    }
)


class BuildError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Program:
    """A program, and the facts that `load` needs to run it."""

    name: str
    command: tuple[str, ...]
    work: str
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    message_template: str | None = None

    def scenario(self, **settings) -> dict:
        scenario = {"program": list(self.command), "work": self.work, "environment": self.environment, **settings}
        if self.message_template and scenario["work"] == "messages":
            scenario["message_template"] = self.message_template
        return scenario


@dataclasses.dataclass
class Programs:
    load: Path
    # By name; a program that could not be had is missing here and told in `left_out`.
    of: dict[str, Program]
    # Bytes of each handler's binary and zip.
    sizes: dict[str, dict[str, int]]
    left_out: list[str]
    # The simulation's own program.
    timings: Path | None = None


def build(peers: bool, timings: bool) -> Programs:
    """Builds and installs everything. Without `peers`, only this project's own programs; without `timings`, not that one."""
    names = {"dispatch": "dispatch", "settle": "settle", "ingest": "ingest", "reconcile": "start_up"}
    architecture = targets.host_architecture()
    built = handlers.build("release", [targets.find(architecture)], HANDLERS / "release")
    unpacked = TARGET / "bench/programs"
    of, sizes, left_out = {}, {}, []
    for zip_ in built:
        binary = _unpack(zip_, unpacked)
        of[zip_.handler] = Program(zip_.handler, (str(binary),), names[zip_.handler])
        sizes[zip_.handler] = {"binary": zip_.binary_bytes, "zip": zip_.bytes}
    own = _own("load", "load", "floor")
    of["floor"] = Program("floor", (str(own["floor"]),), "messages")
    if peers:
        for make in (_python, _cumulus):
            try:
                program = make()
                of[program.name] = program
            except (venvs.VenvError, RuntimeError, OSError) as error:
                left_out.append(f"the {make.__name__.strip('_')} peer: {error}")
    simulation = _own("simulation", "timings")["timings"] if timings else None
    return Programs(own["load"], of, sizes, left_out, simulation)


def _unpack(zip_: handlers.Zip, directory: Path) -> Path:
    """The released program, rather than one that the next build will overwrite."""
    home = directory / zip_.sha256.replace("/", "_")
    with zipfile.ZipFile(zip_.path) as file:
        file.extract("bootstrap", home)
    binary = home / "bootstrap"
    binary.chmod(0o755)
    return binary


def _own(package: str, *binaries: str) -> dict[str, Path]:
    """Programs that do not ship, compiled as the handlers are."""
    chosen = [word for name in binaries for word in ("--bin", name)]
    command = ["cargo", "build", "--release", "--locked", "--package", package, *chosen]
    # With the handlers' own flags, and so with their compiled dependencies.
    environment = {**os.environ, **handlers.placeless()}
    result = processes.run(
        [*command, "--message-format", "json-render-diagnostics"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment
    )
    if result.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed")
    messages = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    found = {message["target"]["name"]: Path(message["executable"]) for message in messages if message.get("executable")}
    missing = set(binaries) - found.keys()
    if missing:
        raise BuildError(f"the crate of tests/{package} has no binary {' and no '.join(sorted(missing))}")
    return found


def _python() -> Program:
    python = venvs.ensure("peer")
    environment = {
        "PYTHONPATH": str(PEERS / "python"),
        "PYTHONPYCACHEPREFIX": str(TARGET / "pycache"),
        "QUEUE_URL": "{queue_url}",
        "TABLE": "{table}",
        "STATE_MACHINE_ARN": "{machine_arn}",
        "MAX_CONCURRENCY": str(LIMIT),
    }
    return Program("python", (str(python), "-m", "awslambdaric", "handler.handler"), "messages", environment)


def _cumulus() -> Program:
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        raise RuntimeError("it needs Node.js 20 or newer with npm. Debian, Ubuntu: apt-get install nodejs npm")
    home = node_packages.ensure("peer-cumulus", PEERS / "cumulus", ("harness.js",))
    environment = {
        "QUEUE_URL": "{queue_url}",
        "SemaphoresTable": "{semaphores}",
        # Of its Terraform module: tf-modules/ingest/cloudwatch-events.tf.
        "MESSAGE_LIMIT": "500",
        "TIME_LIMIT_SECONDS": "60",
    }
    return Program("cumulus", (node, str(home / "harness.js")), "messages", environment, CUMULUS_MESSAGE)
