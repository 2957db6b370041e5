"""The source of Terraform's AWS provider: a mirror on this machine if there is one, else the registry."""

import json
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from program.paths import TOOLS

PROVIDER = Path("registry.terraform.io/hashicorp/aws")
# The versions that the emulator was tried with; newer majors ask it for more.
VERSION = "5.100.0"
# Another one, or a constraint such as "~> 6.0".
PINNED = os.environ.get("SPILLWAY_PROVIDER_VERSION")


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"


def _places() -> Iterator[Path]:
    """SPILLWAY_TERRAFORM_MIRROR, the directories that Terraform itself would look into, and the usual system ones."""
    if os.environ.get("SPILLWAY_TERRAFORM_MIRROR"):
        yield Path(os.environ["SPILLWAY_TERRAFORM_MIRROR"])
    home = Path.home()
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    shared = os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":")
    for data in [os.environ.get("XDG_DATA_HOME", str(home / ".local/share")), *shared]:
        yield Path(data) / "terraform/plugins"
    for system in ("/opt", "/usr/share", "/usr/local/share"):
        for depth in ("*/", "*/*/"):
            for found in sorted(Path(system).glob(depth + PROVIDER.parts[0])):
                yield found.parent


def _versions(mirror: Path) -> list[str]:
    directory = mirror / PROVIDER
    unpacked = [found.parent.name for found in directory.glob(f"*/{_platform()}")]
    packed = [found.name.split("_")[1] for found in directory.glob(f"terraform-provider-aws_*_{_platform()}.zip")]
    return sorted(unpacked + packed, key=lambda version: [int(part) for part in re.findall(r"\d+", version)])


def find_mirror() -> tuple[Path, str] | None:
    """The first mirror that has it for this platform, and the newest version there of the right major, or the pinned one."""
    for place in _places():
        if place.is_dir():
            usable = [version for version in _versions(place) if _is_wanted(version)]
            if usable:
                return place.resolve(), usable[-1]
    return None


def _is_wanted(version: str) -> bool:
    return version == PINNED if PINNED else version.split(".")[0] == VERSION.split(".")[0]


def version() -> str:
    mirror = find_mirror()
    return mirror[1] if mirror else PINNED or VERSION


def pin(root: Path) -> None:
    """Lets a root module have the pinned version and no other."""
    if PINNED:
        wanted = f'aws = {{\n      source  = "hashicorp/aws"\n      version = "{PINNED}"\n    }}'
        text = f"terraform {{\n  required_providers {{\n    {wanted}\n  }}\n}}\n"
        (root / "pinned_provider_override.tf").write_text(text)


def environment(directory: Path) -> dict[str, str]:
    """The environment that makes Terraform install plugins so; `directory` takes its configuration file."""
    cache = TOOLS / "terraform-plugins"
    cache.mkdir(parents=True, exist_ok=True)
    settings = {"TF_PLUGIN_CACHE_DIR": str(cache), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1"}
    mirror = find_mirror()
    own = os.environ.get("TF_CLI_CONFIG_FILE") or str(Path.home() / ".terraformrc")
    if mirror:
        lines = [
            "provider_installation {",
            f'  filesystem_mirror {{\n    path    = {json.dumps(str(mirror[0]))}\n    include = ["{PROVIDER}"]\n  }}',
            f'  direct {{\n    exclude = ["{PROVIDER}"]\n  }}',
            "}",
        ]
        settings = {}
    elif Path(own).is_file():
        return {**settings, "TF_CLI_CONFIG_FILE": own}
    else:
        lines = ["# The registry, and a cache."]
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "terraform.rc"
    config.write_text("\n".join([*lines, "disable_checkpoint = true"]) + "\n")
    return {**settings, "TF_CLI_CONFIG_FILE": str(config)}
