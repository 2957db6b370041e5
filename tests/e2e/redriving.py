"""scripts/redrive, as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

from emulator import Emulator
from program.paths import SCRIPTS


def redrive(emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **emulator.environment, "PATH": tools}
    command = [str(SCRIPTS / "redrive"), *arguments]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
