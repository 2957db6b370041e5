"""The AWS provider as one process for many runs of Terraform, each of which would start it several times."""

import contextlib
import os
import re
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from program import processes
from tools.terraform_plugins import PROVIDER

START_SECONDS = 120
# It ends with the process at the other end of its input, however that ends.
_WRAPPER = '"$0" -debug & exec >&-; read -r _; kill $!; wait; rm -rf "$PLUGIN_UNIX_SOCKET_DIR"'


class ProviderError(Exception):
    pass


def binary(initialised: Path) -> Path:
    """The path to which `terraform init` without a running provider has put it, in that root."""
    # OpenTofu has a registry of its own.
    return next(
        (initialised / ".terraform/providers").glob(f"*/{PROVIDER.relative_to(PROVIDER.parts[0])}/*/*/terraform-provider-aws*")
    )


@contextlib.contextmanager
def running(program: Path, log: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yields the variables that an environment must have for Terraform to use it.

    Its own `environment` counts then, not Terraform's, and it has the configuration that it got last. Each emulator needs one,
    and a root that configures several cannot be applied by it.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    with contextlib.ExitStack() as stack:
        # Its socket's path must be short.
        sockets = stack.enter_context(tempfile.TemporaryDirectory(prefix="spillway-"))
        process = subprocess.Popen(
            ["sh", "-c", _WRAPPER, str(program)],
            # Without a level, it logs everything.
            env={**inherited, "TF_LOG_SDK": "ERROR", "PLUGIN_UNIX_SOCKET_DIR": sockets, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stack.enter_context(log.open("wb")),
            start_new_session=True,
        )
        stack.callback(_stop, process)
        told = _told(process)
        found = re.search(r"^\s*TF_REATTACH_PROVIDERS='(.*)'$", told, re.MULTILINE)
        if not found:
            raise ProviderError(f"{program} did not start:\n{told}{log.read_text(errors='replace')[-4000:]}")
        yield {"TF_REATTACH_PROVIDERS": found[1]}


def _told(process: subprocess.Popen) -> str:
    """Its output, up to the line with its address."""
    told = ""
    deadline = time.monotonic() + START_SECONDS
    while not re.search(r"TF_REATTACH_PROVIDERS='.*'\n", told):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        more = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not more:
            break
        told += more.decode()
    return told


def _stop(process: subprocess.Popen) -> None:
    process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    processes.end_group(process)
    process.stdout.close()
