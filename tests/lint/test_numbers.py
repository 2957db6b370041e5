"""The documents' counts are true."""

import re
from pathlib import PurePath

import pytest
import tree

pytestmark = pytest.mark.quick

WORDS = ("no", "one", "two", "three", "four", "five", "six")


def mutations() -> dict[str, str]:
    """The title of each, by its name."""
    texts = {name: text for name, text in tree.texts().items() if name.endswith(".mutation")}
    return {PurePath(name).stem: text.partition("\n")[0].removeprefix("# ") for name, text in texts.items()}


def functions(terraform: dict[str, str]) -> tuple[int, int]:
    """How many functions a pipeline has at the least and at the most, unless reconcile, which is on by default, is turned off."""
    modules = [module for text in terraform.values() for module in re.split(r'(?m)^(?=module ")', text)]
    handlers = [module for module in modules if re.search(r'^  source += "./modules/handler"$', module, re.MULTILINE)]
    sometimes = [
        module for module in handlers if re.search(r"^  count ", module, re.MULTILINE) and "input.reconcile.enabled" not in module
    ]
    return len(handlers) - len(sometimes), len(handlers)


def test_a_function_that_only_some_pipelines_have_counts_at_the_most() -> None:
    handler = '  source = "./modules/handler"\n}\n'
    always = f'module "a" {{\n{handler}module "b" {{\n  count  = module.input.reconcile.enabled ? 1 : 0\n{handler}'
    assert functions({"main.tf": always, "more.tf": f'module "c" {{\n  count  = local.c ? 1 : 0\n{handler}'}) == (2, 3)


def test_the_readme_counts_the_functions() -> None:
    said = re.search(r"(\w+) or (\w+)\s+small\s+Rust\s+Lambda\s+functions", tree.texts()["README.md"])
    assert said
    terraform = {name: text for name, text in tree.texts().items() if re.fullmatch(r"terraform/[\w-]+\.tf", name)}
    assert said.groups() == tuple(WORDS[count] for count in functions(terraform))


def test_the_page_of_tests_counts_the_mutations() -> None:
    said = re.search(r"breaks the handlers on purpose, in (\d+) ways", tree.texts()["docs/evidence/README.md"])
    assert said
    assert int(said[1]) == len(mutations())


def test_every_mutation_is_a_row_with_its_title() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?\.) \|", tree.texts()["docs/evidence/simulation.md"], re.MULTILINE)
    assert {name: title.replace("`", "") for name, title in rows} == mutations()
