"""The processes in which the emulator runs a function."""

from pathlib import Path


def find(emulator: int, function: str) -> list[int]:
    """By /proc: children of the emulator with that function's name in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _parent(process) == emulator and _function(process) == function:
            found.append(int(process.name))
    return found


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None


def _function(process: Path) -> str | None:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    named = [value for value in variables if value.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
    return named[0].split(b"=", 1)[1].decode() if named else None
