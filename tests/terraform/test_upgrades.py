"""Today's module over the state of each release: resources that hold data stay."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import metrics
import pytest
from release import state
from tools.terraform import Terraform

STATES = sorted(state.STATES.glob("*.tfstate"))
# The resources with data in them, or with work that goes on.
KEPT = ("aws_dynamodb_table", "aws_sfn_state_machine", "aws_sqs_queue")
_PROVIDER = """
provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"""


class Fine(BaseHTTPRequestHandler):
    """The one thing that a plan asks without a refresh is whether a definition is right."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"result": "OK", "diagnostics": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Fine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory, copy: Path, endpoint: str) -> Terraform:
    """The root over today's module, initialised."""
    work = tmp_path_factory.mktemp("upgrade")
    (work / "terraform").symlink_to(copy)
    root = Path(shutil.copytree(state.UPGRADES, work / "tests/terraform/upgrades"))
    (root / "provider.tf").write_text(_PROVIDER)
    (root / "run.auto.tfvars.json").write_text(json.dumps({"handlers": state.manifest(copy)}))
    terraform = Terraform(root, {"AWS_ENDPOINT_URL": endpoint, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    terraform.init()
    return terraform


def lost(terraform: Terraform, old: Path, *options: str) -> list[str]:
    """The resources with data that are deleted or replaced."""
    arguments = ("-refresh=false", "-lock=false", "-input=false", "-no-color", f"-state={old}", "-out=upgrade.tfplan")
    terraform.run("plan", *arguments, *options)
    changes = json.loads(terraform.run("show", "-json", "upgrade.tfplan").stdout)["resource_changes"]
    return [
        f"{' and '.join(change['change']['actions'])} {change['address']}"
        for change in changes
        if change["type"] in KEPT and "delete" in change["change"]["actions"]
    ]


def test_there_is_a_state_with_everything_that_has_data() -> None:
    assert STATES
    for old in STATES:
        resources = json.loads(old.read_text())["resources"]
        assert {kind: sum(one["type"] == kind for one in resources) > 0 for kind in KEPT} == dict.fromkeys(KEPT, True)
        # Lanes, their dead-letter queues and those of rules, outcomes, ingest, reconcile.
        assert sum(len(one["instances"]) for one in resources if one["type"] == "aws_sqs_queue") >= 9


@pytest.mark.parametrize("old", STATES, ids=lambda path: path.stem)
def test_an_upgrade_deletes_and_replaces_nothing_that_has_data(old: Path, upgrade: Terraform) -> None:
    assert lost(upgrade, old) == []


def test_a_name_that_changes_would_be_noticed(upgrade: Terraform) -> None:
    found = lost(upgrade, STATES[-1], "-var=name=renamed")
    assert {line.split(".")[-2] for line in found} >= set(KEPT)


@pytest.mark.parametrize("path", sorted(state.METRICS.glob("*.json")), ids=lambda path: path.stem)
def test_no_metric_of_a_release_is_gone(path: Path) -> None:
    """Alarms and dashboards of others read them. One goes only with a major version, and with it these files."""
    today = metrics.of_handlers()
    for handler, names in json.loads(path.read_text()).items():
        assert names.keys() <= today[handler].keys()


def test_each_release_has_its_metrics() -> None:
    assert [path.stem for path in STATES] == sorted(path.stem for path in state.METRICS.glob("*.json"))
