"""A misspelt attribute is refused at every place of an object, also if values are not known yet."""

import json
import re
from pathlib import Path

import pytest
import variables as input_files
from program.paths import ROOT
from tools.terraform import Terraform, TerraformError

pytestmark = pytest.mark.quick

MANIFEST = {
    "version": "1.2.3",
    "protocol": 2,
    "handlers": {
        handler: {"arm64": {"file": f"{handler}.zip", "sha256": "s", "bytes": 1}}
        for handler in ("dispatch", "ingest", "reconcile", "settle")
    },
}
# With something at every place of an object in the input.
EVERYTHING = {
    "alarms": {"topics": [{"arn": "arn:aws:sns:eu-central-1:111122223333:oncall"}]},
    "buckets": {
        "uploads": {"name": "uploads", "notification": "owned", "sources": {"status": {"prefix": "status/", "via": "lambda"}}}
    },
    "handlers": {"s3": {"bucket": "b"}, "manifest": MANIFEST, "dispatch": {}, "ingest": {}, "reconcile": {}, "settle": {}},
    "lanes": {"default": {"priority": 1}, "night": {"priority": 2}},
    "ledger": {"retention_days": 90, "table": {"arn": "arn:aws:dynamodb:eu-central-1:111122223333:table/restored"}},
    "limits": {"starts_per_day": 5},
    "pace": {
        "max_concurrency": 5,
        "account_share": {"share": 0.5, "quota_per_second": 150, "quota_burst": 800},
        "adapt": {"errors": ["*Throttl*"]},
    },
    "platform": {
        "code_signing": {"arn": "arn:aws:lambda:eu-central-1:111122223333:code-signing-config:csc-0"},
        "iam": {"path": "/"},
        "kms_key": {"arn": "arn:aws:kms:eu-central-1:111122223333:key/k1"},
        "logs": {},
        "tags": {"a": "b"},
        "vpc": {"security_group_ids": ["sg-0"], "subnet_ids": ["subnet-0"]},
    },
    "reconcile": {"list": {"buckets": ["uploads"], "inventories": {}}},
    "retry": {"max_attempts": 2},
    "schedule": {"tick_seconds": 56},
    "sweep": {"per_tick": 5},
    "tenants": {"by": "1", "max_concurrency": 2},
    "topics": {"fanout": {"arn": "arn:aws:sns:eu-central-1:111122223333:fanout"}},
    "windows": {
        "night": {
            "priority": 1,
            "from": "20:00",
            "to": "24:00",
            "pace": {"max_concurrency": 9},
            "lanes": {"night": {"max_concurrency": 5}},
        }
    },
    "workflow": {
        "definition": '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}',
        "policy_statements": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::uploads/*"]}],
        "alias": {"name": "live"},
    },
}


def said(directory: Path, text: str) -> str:
    """The output of a plan of this root."""
    (directory / "main.tf").write_text(text)
    terraform = Terraform(directory)
    terraform.init()
    with pytest.raises(TerraformError) as refused:
        terraform.run("plan", "-input=false", "-lock=false", "-no-color")
    return re.sub(r"\s+", " ", re.sub(r"[│╷╵]", "", str(refused.value)))


def call(given: str) -> str:
    """Gives the input on as the composition does."""
    inputs = "".join(f"  {name} = local.given.{name}\n" for name in EVERYTHING)
    return (
        f"locals {{\n  given = {given}\n}}\n"
        f'module "input" {{\n  source = "{ROOT}/terraform//modules/input"\n  name = "reports"\n{inputs}  given = local.given\n}}\n'
    )


def misspelt(value: object, place: str = "", word: str = "zzzzzz") -> object:
    """The same with a word that is none at every place that the types know."""
    known = {each.path for each in input_files.places()}
    kinds = {each.path: each.type.kind for each in input_files.places()}
    if place not in known and place:
        return value
    kind = kinds.get(place, "object")
    if kind == "list":
        return [_object(one, place, word) for one in value]
    if kind == "map":
        return {key: _object(one, place, word) for key, one in value.items()}
    return _object(value, place, word) if place else {key: misspelt(one, key, word) for key, one in value.items()}


def _object(value: dict, place: str, word: str) -> dict:
    return {key: misspelt(one, f"{place}.{key}", word) for key, one in value.items()} | {word: 1}


def test_what_is_written_from_the_types_is_up_to_date() -> None:
    written = {path.name: path.read_text() for path in input_files.COMPOSITION.glob("variables*.tf")}
    assert written == input_files.root_variables(), "run scripts/variables, and delete a file that it does not write"


def test_the_composition_refuses_null_where_its_input_does() -> None:
    """Read in another way than scripts/variables does."""

    def refusing(texts: list[str]) -> set[str]:
        blocks = "\n".join(texts).split('\nvariable "')[1:]
        return {block.split('"')[0] for block in blocks if re.search("^  nullable += false$", block, re.MULTILINE)}

    inner = refusing([path.read_text() for path in input_files.INPUT.glob("variables-*.tf")])
    assert len(inner) > 10
    assert refusing(list(input_files.root_variables().values())) == inner


def test_the_composition_gives_all_of_its_input_on() -> None:
    text = (ROOT / "terraform/input.tf").read_text()
    names = {variable.name for variable in input_files.variables()}
    nested = {variable.name for variable in input_files.variables() if variable.type.nested}
    assert set(re.findall(r"^  (\w+) += var\.\1$", text, re.MULTILINE)) == names
    assert set(re.findall(r"^    (\w+) += var\.\1$", text, re.MULTILINE)) == nested
    assert nested == set(EVERYTHING)


def test_a_word_that_is_none_is_refused_at_every_place(tmp_path: Path) -> None:
    wrong = misspelt(EVERYTHING)
    wrong["reconcile"]["list"]["inventories"] = {"uploads": {"bucket": "inventories", "zzzzzz": 1}}
    wrong["reconcile"]["list"]["buckets"] = []
    message = said(tmp_path, call(json.dumps(wrong)))
    places = {re.sub(r"\[\d+\]", "", place) for place in re.findall(r"(\S+) has no zzzzzz", message)}
    keys = ("uploads", "status", "default", "fanout", "night")
    generic = {".".join(part for part in place.split(".") if part not in keys) for place in places}
    assert generic == {place.path for place in input_files.places()} - {"workflow.state_machine"}
    assert "sweep has no zzzzzz: give one of after_seconds, per_tick, or leave it out." in message


def test_a_state_machine_that_is_there_is_looked_at_too(tmp_path: Path) -> None:
    arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:there"
    wrong = EVERYTHING | {"workflow": {"state_machine": {"arn": arn, "arm": arn}}}
    assert "workflow.state_machine has no arm: did you mean arn?" in said(tmp_path, call(json.dumps(wrong)))


def test_the_nearest_word_is_told_though_nothing_else_is_known(tmp_path: Path) -> None:
    """A bucket's name and ARN that come in the same apply: an object with them is unknown as a whole to try() and can()."""
    given = EVERYTHING | {
        "buckets": {"uploads": {"name": "NAME", "notification": "owned", "sources": {"status": {"prefx": "status/"}}}},
        "lanes": {"default": {"priority": 1, "min_shares": 0.1}, "night": {"priority": 2}},
        "pace": {"max_concurrency": 5, "starts_per_secnd": 5},
        "workflow": EVERYTHING["workflow"] | {"policy_statements": [{"actions": ["a"], "resources": ["NAME"], "sids": "x"}]},
    }
    text = 'resource "terraform_data" "bucket" {\n  input = timestamp()\n}\n' + call(
        json.dumps(given).replace('"NAME"', "terraform_data.bucket.output")
    )
    message = said(tmp_path, text)
    for words in (
        "buckets.uploads.sources.status has no prefx: did you mean prefix?",
        "lanes.default has no min_shares: did you mean min_share?",
        "pace has no starts_per_secnd: did you mean starts_per_second?",
        "workflow.policy_statements[0] has no sids: did you mean sid?",
    ):
        assert words in message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pace": {"max_concurency": 5}}, 'attribute "max_concurrency" is required'),
        ({"pace": {"max_concurrency": [5]}}, 'attribute "max_concurrency": number required'),
        ({"lanes": {"default": {"prioritty": 1}}}, 'attribute "priority" is required'),
        ({"buckets": {"uploads": {"name": "uploads", "sources": {}}}}, 'attribute "notification" is required'),
        ({"windows": {"night": {"priority": 1, "pace": []}}}, 'element "night": attribute "pace": object required'),
    ],
    ids=["misspelt", "of_another_type", "missing_in_a_map", "missing", "nested"],
)
def test_what_terraform_itself_refuses_names_the_attribute(tmp_path: Path, given: dict, words: str) -> None:
    assert words in said(tmp_path, call(json.dumps(EVERYTHING | given)))
