"""`spillway plan --terraform` takes the numbers of the module's own plan, before anything of it is there."""

import json
import subprocess
from pathlib import Path

import pytest
from build import operators
from program.paths import ROOT
from tools.terraform import Terraform

# A state machine that exists already: for a new one the provider asks AWS whether its definition is right.
_ROOT = """
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

module "reports" {
  source   = "MODULE"
  name     = "reports"
  handlers = { directory = "MODULE/tests/zips", dispatch = { memory_mb = 512 }, ingest = { memory_mb = 128 } }

  buckets = {
    uploads = { name = "reports-uploads", notification = "external", sources = { all = { via = "lambda" } } }
  }

  workflow = {
    state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:reports" }
    order         = "latest"
  }

  lanes = {
    default = { priority = 2, max_concurrency = 7 }
    urgent  = { priority = 1, min_share = 0.25 }
  }

  limits   = { starts_per_day = 5000 }
  pace     = { max_concurrency = 30, starts_per_second = 2.5, burst = 9, adapt = { errors = ["*Throttl*"], uncounted_max = 5 } }
  retry    = { max_attempts = 4, backoff_seconds = [5, 50] }
  schedule = { expression = "rate(5 minutes)", tick_seconds = 40, enabled = false }
  windows  = { night = { priority = 1, from = "20:00", to = "24:00", pause = true } }
}

module "images" {
  source   = "MODULE"
  name     = "images"
  handlers = { directory = "MODULE/tests/zips" }
  buckets  = { uploads = { name = "images-uploads", notification = "external", sources = { all = {} } } }
  workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:images" } }
  tenants  = { by = "1", max_concurrency = 5 }
}

module "ordered" {
  source   = "MODULE"
  name     = "ordered"
  fifo     = true
  handlers = { directory = "MODULE/tests/zips" }
  buckets  = { uploads = { name = "ordered-uploads", notification = "external", sources = { all = { via = "lambda" } } } }
  workflow = { state_machine = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:ordered" } }
}
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`terraform show -json` of a plan before the first apply."""
    root = tmp_path_factory.mktemp("first")
    (root / "main.tf").write_text(_ROOT.replace("MODULE", f"{ROOT}/terraform"))
    terraform = Terraform(root)
    terraform.init()
    terraform.run("plan", "-input=false", "-no-color", "-out=plan")
    shown = root / "plan.json"
    shown.write_text(terraform.run("show", "-json", "plan").stdout)
    return shown


def plan(first: Path, *arguments: str, extra: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """`arguments`: before the command. `extra`: behind it."""
    command = [operators.program(), *arguments, "plan", "--terraform", first, "--burst", "10", "--takes", "1s", "--json", *extra]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_number_of_the_module_is_taken(first: Path) -> None:
    ended = plan(first, "-p", "reports")
    assert ended.returncode == 0, ended.stderr
    planned = json.loads(ended.stdout)
    assert (planned["pipeline"], planned["region"]) == ("reports", "eu-central-1")
    given = planned["given"]
    (night,) = given["windows"]
    assert (night["name"], night["from"], night["pause"]) == ("night", "20:00", True)
    expected = {
        "max_concurrency": 30,
        "starts_per_second": 2.5,
        "starts_per_tick": None,
        "burst": 9,
        "slot_partitions": 1,
        "adapt": {"errors": ["*Throttl*"], "tolerated_share": 0.05, "slowest_starts_per_second": 0.1, "uncounted_max": 5},
        "starts_per_day": 5000,
        "max_attempts": 4,
        "backoff_seconds": [5, 50],
        "order": "latest",
        "events_per_execution": 1,
        "via": "lambda",
        "idle": "stop",
        "tenants": None,
        "schedule_seconds": 300,
        "tick_seconds": 40,
        "dispatch_memory_mb": 512,
        "settle_memory_mb": 256,
        "ingest_memory_mb": 128,
        "fifo": False,
        "lanes": [
            {"name": "urgent", "priority": 1, "min_share": 0.25, "max_concurrency": None},
            {"name": "default", "priority": 2, "min_share": 0, "max_concurrency": 7},
        ],
    }
    assert {name: given[name] for name in expected} == expected
    assert "disabled" in [warning["code"] for warning in planned["warnings"]]


def test_one_of_several_pipelines_is_asked_for(first: Path) -> None:
    ended = plan(first)
    assert ended.returncode == 2
    assert "choose one by -p: " in ended.stderr
    assert all(name in ended.stderr for name in ("reports", "images", "ordered"))
    assert json.loads(plan(first, "-p", "images").stdout)["given"]["max_concurrency"] == 100


def test_a_fifo_queue_is_taken_and_refused_with_versions_of_objects(first: Path) -> None:
    given = json.loads(plan(first, "-p", "ordered").stdout)["given"]
    assert (given["fifo"], given["via"], given["backoff_seconds"]) == (True, "lambda", [0])
    refused = plan(first, "-p", "ordered", extra=("--objects", "3"))
    assert refused.returncode == 2
    assert "a version of an object waits for the one before it" in refused.stderr
    standard = plan(first, "-p", "ordered", extra=("--objects", "3", "--fifo", "false"))
    assert standard.returncode == 0, standard.stderr


def test_the_bound_of_tenants_is_taken_unless_an_option_removes_it(first: Path) -> None:
    def tenants(*arguments: str) -> dict | None:
        return json.loads(plan(first, "-p", "images", extra=arguments).stdout)["given"]["tenants"]

    assert tenants() == {"by": "1", "max_concurrency": 5}
    assert tenants("--tenants", "max_concurrency=7") == {"by": "1", "max_concurrency": 7}
    assert tenants("--tenants", "none") is None
