"""The state of a release: `run.sh release.state VERSION [--terraform DIR]` applies tests/terraform/upgrades, and keeps it.

It is committed with the release, and so are the names of the metrics. From then on tests/terraform/test_upgrades.py plans the
newest module over it, and looks for these names.
"""

import argparse
import base64
import hashlib
import io
import json
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from emulator import Emulator
from emulator.aws import Aws
from program.paths import ROOT, TARGET
from tools.terraform import Terraform

UPGRADES = ROOT / "tests/terraform/upgrades"
STATES = UPGRADES / "states"
METRICS = UPGRADES / "metrics"
ZIP = "nothing.zip"
NAME = "upgraded"
_PROVIDER = """
provider "aws" {
  s3_use_path_style = true
}
"""


def _zip() -> bytes:
    """The same bytes each time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr(zipfile.ZipInfo("bootstrap"), "")
    return file.getvalue()


def manifest(terraform: Path) -> dict:
    """Of zips that nobody runs, by the protocol that these modules speak."""
    protocol = re.search(r"_protocol = (\d+)", (terraform / "modules/handler/main.tf").read_text())
    assert protocol
    content = _zip()
    build = {"file": ZIP, "sha256": base64.b64encode(hashlib.sha256(content).digest()).decode(), "bytes": len(content)}
    names = ("dispatch", "ingest", "reconcile", "settle")
    return {"version": "0", "protocol": int(protocol[1]), "handlers": {name: {"arm64": build} for name in names}}


def write(version: str, terraform: Path) -> Path:
    """`terraform`: the directory of the release's modules."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="state-", dir=TARGET) as made:
        work = Path(made)
        shutil.copytree(terraform, work / "terraform", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*", "dist"))
        root = Path(shutil.copytree(UPGRADES, work / "tests/terraform/upgrades", ignore=shutil.ignore_patterns("states")))
        (root / "provider.tf").write_text(_PROVIDER)
        (root / "run.auto.tfvars.json").write_text(json.dumps({"handlers": manifest(terraform)}))
        emulator = Emulator(work)
        emulator.start()
        try:
            aws = Aws(emulator.endpoint)
            for bucket in ("handlers", f"uploads-of-{NAME}"):
                aws.s3.create_bucket(Bucket=bucket)
            aws.s3.put_object(Bucket="handlers", Key=ZIP, Body=_zip())
            run = Terraform(root, emulator.environment)
            run.init()
            run.apply()
            state = STATES / f"{version}.tfstate"
            shutil.copyfile(root / "terraform.tfstate", state)
            shutil.copyfile(terraform / "data/metrics.json", METRICS / f"{version}.json")
        finally:
            emulator.stop()
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument(
        "--terraform", type=Path, default=ROOT / "terraform", help="the modules of that release (default: this checkout's)"
    )
    options = parser.parse_args()
    print(write(options.version, options.terraform.resolve()))


if __name__ == "__main__":
    main()
