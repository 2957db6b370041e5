"""Names: two pipelines never make one, each fits its service, and no other file makes any."""

import itertools
import json
import re
from pathlib import Path

import pytest
from program.paths import ROOT
from tools.terraform import Terraform

pytestmark = pytest.mark.quick

REGIONS = ("eu-central-1", "ap-southeast-1")
# The longest that is allowed, and two that differ only in the part that a short name has no room for.
LONG_NAMES = ["n" * 32, "n" * 31 + "m"]
LONG_KEYS = ["k" * 32, "k" * 31 + "j"]
# Words of which names consist, so that a join of two can look like another.
WORDS = ["events", "events-dlq", "rules-dlq", "outcomes", "outcomes-dlq", "on", "tick", "dispatch", "reconcile", "a-events", "a-on"]

# The limits of AWS: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html, each service's API reference.
FITS = {
    "queue": r"[0-9A-Za-z_-]{1,75}",
    "function": r"[0-9A-Za-z_-]{1,64}",
    "state machine": r"[0-9A-Za-z_-]{1,80}",
    "rule": r"[0-9A-Za-z_.-]{1,64}",
    "notification": r".{1,255}",
    "table": r"[0-9A-Za-z_.-]{3,255}",
    "log group": r"[0-9A-Za-z_/.#-]{1,512}",
    "alarm": r"[ -~]{1,255}",
    "dashboard": r"[0-9A-Za-z_-]{1,255}",
    "role": r"[0-9A-Za-z+=,.@_-]{1,64}",
}


def _short(alphabet: str, longest: int, form: str) -> list[str]:
    words = ("".join(letters) for length in range(1, longest + 1) for letters in itertools.product(alphabet, repeat=length))
    return [word for word in words if re.fullmatch(form, word)]


PIPELINES = [*_short("a-", 4, "[a-z][a-z0-9-]{1,30}[a-z0-9]"), *(word for word in WORDS if len(word) > 2), *LONG_NAMES]
LANES = [*_short("a-", 3, "[a-z]([a-z0-9-]{0,14}[a-z0-9])?"), *WORDS, "l" * 16]
KEYS = [*_short("a-", 3, "[a-z]([a-z0-9-]{0,30}[a-z0-9])?"), "on", "a-on", *LONG_KEYS]
# Two of the same letters, and the longest.
OF_ROLES = ["aaa", "a-a", "a-a-a", "on-a", *LONG_NAMES]
PREFIXES = ("", "team_", "team-a_", "a_", "b.")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """Each name that each pipeline makes: the kind of thing it names, its owner and its key, and the name."""
    root = tmp_path_factory.mktemp("names")
    sources = [f"{bucket}.{source}" for bucket in KEYS for source in KEYS]
    calls = [_call("names", PIPELINES, lanes=LANES, region=REGIONS[0], sources=sources)]
    calls += ['output "names" {\n  value = module.names\n}']
    for number, (region, prefix) in enumerate(itertools.product(REGIONS, PREFIXES)):
        calls += [_call(f"roles_{number}", OF_ROLES, region=region, role_name_prefix=prefix)]
        calls += [f'output "roles_{number}" {{\n  value = {{ for name, names in module.roles_{number} : name => names.roles }}\n}}']
    (root / "main.tf").write_text("\n".join(calls))
    terraform = Terraform(root)
    terraform.init()
    terraform.apply("-lock=false")
    outputs = terraform.outputs()
    names = [each for pipeline, of_pipeline in outputs["names"].items() for each in _of(pipeline, of_pipeline)]
    for number, (region, prefix) in enumerate(itertools.product(REGIONS, PREFIXES)):
        for pipeline, roles in outputs[f"roles_{number}"].items():
            names += [("role", f"{prefix}/{pipeline}/{region}/{role}", name) for role, name in roles.items()]
    return names


def _call(name: str, pipelines: list[str], **inputs: object) -> str:
    """A call of the module for each of these pipelines."""
    arguments = "".join(f"  {key} = {json.dumps(value)}\n" for key, value in inputs.items())
    each = f"  for_each = toset({json.dumps(pipelines)})\n  name = each.value\n"
    return f'module "{name}" {{\n  source = "{ROOT}/terraform/modules/names"\n{each}{arguments}}}'


def _of(pipeline: str, names: dict) -> list[tuple[str, str, str]]:
    """All but the roles: their names have more parts."""
    found = {
        "queue": {
            **names["queues"],
            **{f"{kind} {lane}": name for lane, of_lane in names["lanes"].items() for kind, name in of_lane.items()},
        },
        "function": names["functions"],
        "state machine": names["state_machines"],
        "rule": {**names["rules"], **{f"on {source}": name for source, name in names["source_rules"].items()}},
        "notification": names["sources"],
        "table": {"ledger": names["ledger"]},
        "alarm": names["alarms"],
        "dashboard": {"dashboard": names["dashboard"]},
        "log group": {f"{kind} {name}": group for kind, groups in names["log_groups"].items() for name, group in groups.items()},
    }
    return [(kind, f"{pipeline}/{which}", name) for kind, named in found.items() for which, name in named.items()]


def test_two_pipelines_never_make_one_name(made: list[tuple[str, str, str]]) -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for kind, owner, name in made:
        owners.setdefault((kind, name), set()).add(owner)
    assert {name: sorted(of_name) for name, of_name in owners.items() if len(of_name) > 1} == {}
    assert len(owners) == len(made) > 2_000
    assert {kind for kind, _ in owners} == set(FITS)


def test_every_name_is_one_that_its_service_allows(made: list[tuple[str, str, str]]) -> None:
    assert [(kind, name) for kind, _, name in made if not re.fullmatch(FITS[kind], name)] == []
    # Long enough to be cut: these were looked at too.
    assert {kind for kind, _, name in made if len(name) == 64 and "." in name} >= {"rule", "role"}


def _sources() -> list[Path]:
    composition = (ROOT / "terraform").glob("*.tf")
    modules = (ROOT / "terraform/modules").glob("*/*")
    # Modules that are no part of a pipeline: their names are their caller's.
    own = ("names", "deploy-roles", "glue-crawler")
    return [*composition, *(path for path in modules if path.parent.name not in own and path.suffix in (".tf", ".tftpl"))]


def test_no_other_file_makes_a_name() -> None:
    """A name joined to another text. A join that AWS prescribes, as /aws/lambda/ before a function's name, is none of ours."""
    joined = re.compile(r'"[^"/]*(?:[-_.]\$\{var\.name\}|\$\{var\.name\}[-_.])')
    assert [f"{path}:{line}" for path in _sources() for line in path.read_text().splitlines() if joined.search(line)] == []
    assert joined.search('name = "${var.name}-outcomes"')
