"""The tables of inputs and outputs in the modules' READMEs are those of the HCL, and describe every attribute."""

from pathlib import Path

import pytest
import reference
import variables
from program.paths import ROOT

pytestmark = pytest.mark.quick

MODULES = reference.modules()
HCL = """variable "one" {
  description = <<-EOT
    The | first.

    - `a` (text, required): With ${x} and "b".
  EOT
  type = object({
    # Why.
    a = string
    b = optional(map(string), {})
  })
  default = {
    a = "x"
  }

  validation {
    condition     = true
    error_message = "description = none"
  }
}

variable "another" {
  description = "With \\"quotes\\"."
  type        = string
  nullable    = false
}

output "out" {
  description = "An output."
  value       = { default = 1 }

  precondition {
    condition     = true
    error_message = "No."
  }
}
"""


def name(directory: Path) -> str:
    return directory.name


def test_variables_and_outputs_are_read(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(HCL.replace("${x}", "$${x}"))
    another, one, out = reference.entries(tmp_path)
    assert (another.name, another.description, another.type, another.default) == ("another", 'With "quotes".', "string", None)
    assert one.description == 'The | first.\n\n- `a` (text, required): With ${x} and "b".'
    assert one.default == '{\n    a = "x"\n  }'
    assert (out.kind, out.description) == ("output", "An output.")
    table = reference.tables(tmp_path)
    assert '| <a name="input_another"></a> [another](#input_another) | With "quotes". | `string` | n/a | yes |' in table
    assert "The \\| first.<br/><br/>- `a` (text, required)" in table
    assert "<pre>object({<br/>    a = string<br/>    b = optional(map(string), {})<br/>  })</pre>" in table
    assert '| <a name="output_out"></a> [out](#output_out) | An output. |' in table


@pytest.mark.parametrize("directory", MODULES, ids=name)
def test_no_table_is_stale(directory: Path) -> None:
    text = (directory / "README.md").read_text()
    assert text == reference.written(directory), "run scripts/variables"


@pytest.mark.parametrize(("page", "text"), reference.pages().items(), ids=lambda one: getattr(one, "stem", ""))
def test_no_page_is_stale(page: Path, text: str) -> None:
    assert page.read_text() == text, "run scripts/variables"


@pytest.mark.parametrize("directory", MODULES, ids=name)
def test_everything_is_described(directory: Path) -> None:
    assert [entry.name for entry in reference.entries(directory) if not entry.description] == []


def _attributes(type_: variables.Type) -> list[str]:
    return [name for each in type_.nested for name in (each.name, *_attributes(each.type))]


@pytest.mark.parametrize("directory", [each for each in MODULES if each.name not in ("input", "terraform")], ids=name)
def test_every_nested_attribute_is_listed_in_its_variables_description(directory: Path) -> None:
    """Places that a registry shows: it shows no comments. Those of modules/input become the composition's."""
    for entry in reference.entries(directory):
        if entry.kind == "variable":
            attributes = _attributes(variables.read_type(entry.type))
            missing = [each for each in attributes if f"- `{each}` (" not in entry.description]
            assert missing == [] or len(attributes) == 1, f"{entry.name} of {directory.relative_to(ROOT)}"
