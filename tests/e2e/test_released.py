"""Ten minutes of somebody new: the archive of a release by HTTP, the example minimal from it, no Rust on the PATH, one upload."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from build import targets
from demo.working_copy import WorkingCopy
from emulator import Emulator
from emulator.aws import Aws
from one_pipeline import Pipeline
from program.paths import SCRIPTS
from release import workspace
from release.addresses import Addresses
from tools.serving import served

pytestmark = pytest.mark.xdist_group("released")

ADDRESSES = Addresses("me/spillway", workspace.version(), targets.host_architecture())
# The programs that Terraform runs: itself, git for modules by git, a shell.
PROGRAMS = ("terraform", "git", "sh")


@pytest.fixture(scope="module")
def release(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release")
    given = ["--profile", "dev", "--handlers", str(built), "--allow-dirty"]
    command = [str(SCRIPTS / "release"), ADDRESSES.version, "--repository", ADDRESSES.repository, *given, "--out", str(out)]
    subprocess.run(command, check=True)
    return out


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Its own: it has this pipeline alone."""
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    emulator.start()
    yield emulator
    emulator.stop()


def without_rust(directory: Path) -> str:
    """A PATH of a few programs."""
    directory.mkdir()
    for name in PROGRAMS:
        (directory / name).symlink_to(shutil.which(name))
    assert shutil.which("cargo", path=str(directory)) is None
    return str(directory)


def test_a_release_works_without_a_toolchain(release: Path, emulator: Emulator, tmp_path: Path) -> None:
    archive = release / ADDRESSES.archive
    copy = WorkingCopy(tmp_path)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    with zipfile.ZipFile(archive) as released, served(release) as address:
        example = "terraform/examples/minimal"
        root = tmp_path / "released"
        root.mkdir()
        text = released.read(f"{example}/main.tf").decode()
        # By the archive and not by git: nobody has published it yet.
        source = f"{address}/{archive.name}//terraform?checksum=sha256:{digest}"
        assert f'"{ADDRESSES.source()}"' in text
        (root / "main.tf").write_text(text.replace(ADDRESSES.source(), source))
        (root / "workflow.asl.json").write_bytes(released.read(f"{example}/workflow.asl.json"))
        (root / "outputs.tf").write_text('output "spillway" {\n  value = module.spillway\n}\n')
        terraform = copy.root(Path(root.name), emulator, {})
        terraform.environment["PATH"] = without_rust(tmp_path / "programs")
        terraform.init()
        terraform.apply()
    outputs = terraform.outputs()

    module, bucket = outputs["spillway"], outputs["bucket"]
    manifest = json.loads((root / ".terraform/modules/spillway/terraform/dist/handlers.json").read_text())
    assert module["running_sha256"] == module["released_sha256"]
    assert module["released_sha256"]["dispatch"] == manifest["handlers"]["dispatch"][targets.host_architecture()]["sha256"]
    pipeline = Pipeline("reports", emulator, Aws(emulator.endpoint), module, bucket)
    pipeline.aws.s3.put_object(Bucket=bucket, Key="hello.txt", Body=b"hello")
    pipeline.until_waiting(1)
    pipeline.work_off()
    (run,) = pipeline.runs("hello")
    assert (run.status, [item["key"] for item in run.objects]) == ("SUCCEEDED", ["hello.txt"])
