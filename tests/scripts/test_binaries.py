"""The limits of a handler's binary: its size, the glibc it asks for, the source of its random numbers.

Measured on the binaries of scripts/test. They are larger than the released ones, and grow by the same code.
"""

import subprocess
import zipfile
from pathlib import Path

import pytest
from build import targets, zips
from program.paths import SCRIPTS

HOST = targets.host_architecture()
# Megabytes of code and data, without symbols: the sizes measured on x86_64, and up to 8 % more.
MEGABYTES = {"dispatch": 19.5, "ingest": 16.9, "reconcile": 17.7, "settle": 16.8}


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("handlers")
    subprocess.run([str(SCRIPTS / "build"), "--profile", "dev", "--arch", HOST, "--out", str(directory)], check=True)
    found = {}
    for packed in directory.glob("*.zip"):
        name = packed.name.split("-")[0]
        found[name] = directory / name
        found[name].write_bytes(zipfile.ZipFile(packed).read("bootstrap"))
    return found


def test_every_handler_has_a_budget(binaries: dict[str, Path]) -> None:
    assert set(binaries) == set(MEGABYTES)


@pytest.mark.skipif(HOST != "x86_64", reason="another architecture has another size")
@pytest.mark.parametrize("handler", MEGABYTES)
def test_a_binary_keeps_to_its_size(binaries: dict[str, Path], handler: str) -> None:
    # Part of binutils, as the linker is.
    output = subprocess.run(["size", str(binaries[handler])], check=True, capture_output=True, text=True).stdout
    text, data, *_ = output.splitlines()[1].split()
    megabytes = (int(text) + int(data)) / 1e6
    assert megabytes <= MEGABYTES[handler], f"{handler} has {megabytes:.1f} MB: a new dependency, or a feature of one?"
    assert megabytes > 0.8 * MEGABYTES[handler], f"{handler} has {megabytes:.1f} MB: lower its budget, or it limits nothing"


@pytest.mark.parametrize("handler", MEGABYTES)
def test_a_binary_asks_for_no_newer_glibc_than_lambda_has(binaries: dict[str, Path], handler: str) -> None:
    assert (0, 0) < zips.newest_glibc(binaries[handler]) <= targets.GLIBC


@pytest.mark.parametrize("handler", MEGABYTES)
def test_no_binary_gathers_entropy_from_cpu_jitter(binaries: dict[str, Path], handler: str) -> None:
    content = binaries[handler].read_bytes()
    # The same library's names are there, so those of its jitter entropy would be.
    assert b"RAND_bytes" in content
    assert b"jent_" not in content
