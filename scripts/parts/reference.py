"""The inputs and outputs of a module, as tables between markers in its README, in the form of terraform-docs.

Read from the HCL itself; scripts/variables writes them.
"""

import dataclasses
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from program.paths import ROOT

_GENERATED = "<!-- written by scripts/variables -->"
BEGIN, END = "<!-- BEGIN_TF_DOCS -->", "<!-- END_TF_DOCS -->"
_BLOCK = re.compile(r'^(variable|output) "(\w+)" {\n(.*?)^}\n', re.MULTILINE | re.DOTALL)
# From an attribute to the next one, or to a block.
_ATTRIBUTE = r"^  {name} += (.*?)(?=^  [a-z]\w* *[={{]|^  #|\Z)"
_HEREDOC = re.compile(r"<<-EOT\n(.*?)^ *EOT$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A variable or an output."""

    kind: str
    name: str
    description: str
    type: str = ""
    # As it is written; none if it is required.
    default: str | None = None


def modules() -> list[Path]:
    composition = ROOT / "terraform"
    return [composition, *sorted(path for path in (composition / "modules").iterdir() if path.is_dir())]


def entries(directory: Path) -> list[Entry]:
    """By name, those that are required first."""
    text = "".join(path.read_text() for path in sorted(directory.glob("*.tf")))
    found = [_entry(kind, name, body) for kind, name, body in _BLOCK.findall(text)]
    return sorted(found, key=lambda entry: entry.name)


def _entry(kind: str, name: str, body: str) -> Entry:
    body = re.sub(r"^  (validation|precondition) {\n.*?^  }\n", "", body, flags=re.MULTILINE | re.DOTALL)
    description = _text(_attribute(body, "description") or "")
    return Entry(kind, name, description, _attribute(body, "type") or "any", _attribute(body, "default"))


def _attribute(body: str, name: str) -> str | None:
    found = re.search(_ATTRIBUTE.format(name=name), body, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else None


def _text(value: str) -> str:
    """A text as Terraform has it, of a quoted one or of a heredoc."""
    if found := _HEREDOC.match(value):
        lines = found[1].splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        value = "\n".join(line[indent:] for line in lines).strip()
    else:
        value = value.removeprefix('"').removesuffix('"').replace('\\"', '"')
    return value.replace("$${", "${").replace("%%{", "%{")


def versions(directory: Path) -> list[tuple[str, str]]:
    """Of Terraform and of providers."""
    file = directory / "versions.tf"
    text = file.read_text() if file.exists() else ""
    terraform = re.findall(r'required_version += "(.*)"', text)
    providers = re.findall(r'^    (\w+) = {\n.*?version += "(.*?)"', text, re.MULTILINE | re.DOTALL)
    return [*(("terraform", version) for version in terraform), *providers]


def tables(directory: Path) -> str:
    """The text between the markers."""
    return "\n".join([BEGIN, *_lines(directory), "", END])


def _lines(directory: Path) -> Iterator[str]:
    found = entries(directory)
    yield from ("### Requirements", "", "| Name | Version |", "|------|---------|")
    yield from (f"| {_named('requirement', name)} | {version} |" for name, version in versions(directory))
    yield ""
    variables = [entry for entry in found if entry.kind == "variable"]
    yield from ("### Inputs", "")
    if variables:
        yield from ("| Name | Description | Type | Default | Required |", "|------|-------------|------|---------|:--------:|")
        for entry in variables:
            default = "n/a" if entry.default is None else _code(entry.default)
            required = "yes" if entry.default is None else "no"
            yield f"| {_named('input', entry.name)} | {_cell(entry.description)} | {_code(entry.type)} | {default} | {required} |"
    else:
        yield "No inputs."
    yield ""
    outputs = [entry for entry in found if entry.kind == "output"]
    yield from ("### Outputs", "", "| Name | Description |", "|------|-------------|")
    yield from (f"| {_named('output', entry.name)} | {_cell(entry.description)} |" for entry in outputs)


def _named(kind: str, name: str) -> str:
    return f'<a name="{kind}_{name}"></a> [{name}](#{kind}_{name})'


def _cell(text: str) -> str:
    return _markdown(text).replace("|", "\\|").replace("\n", "<br/>")


def _markdown(text: str) -> str:
    """A description, in which text outside of code shows its stars and brackets."""
    parts = re.split(r"(`[^`\n]*`)", text)
    parts[::2] = [part.replace("<", "&lt;").replace("*", "\\*") for part in parts[::2]]
    return "".join(parts)


def _code(text: str) -> str:
    if "\n" not in text:
        return f"`{text}`".replace("|", "\\|")
    # A comment ends with its line.
    lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
    return "<pre>" + "<br/>".join(lines).replace("|", "\\|") + "</pre>"


def without(text: str) -> str:
    """A document without its tables: their text is in the HCL, as is all of a generated page."""
    return "" if _GENERATED in text else re.sub(f"{BEGIN}.*?{END}", "", text, flags=re.DOTALL)


def written(directory: Path) -> str:
    """The README with its tables."""
    text = (directory / "README.md").read_text()
    if BEGIN not in text:
        text = f"{text.rstrip()}\n\n## Reference\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + tables(directory) + after


def pages() -> dict[Path, str]:
    """The composition's inputs and outputs as pages to read: the registry's tables have no room for lists."""
    found = entries(ROOT / "terraform")
    variables = [entry for entry in found if entry.kind == "variable"]
    outputs = [entry for entry in found if entry.kind == "output"]
    inputs = ["# Inputs", _GENERATED, "The variables of the module, required ones first."]
    for entry in sorted(variables, key=lambda entry: entry.default is not None):
        if entry.default is None:
            default = "Required."
        elif "\n" in entry.default:
            default = f"Default:\n\n```text\n{entry.default}\n```"
        else:
            default = f"Default: `{entry.default}`."
        inputs += [f"## {entry.name}", _wrapped(_markdown(entry.description)), default]
    given = ["# Outputs", _GENERATED, "The outputs of the module.", "| output | what |\n| --- | --- |"]
    given[-1] += "".join(f"\n| `{entry.name}` | {_cell(entry.description)} |" for entry in outputs)
    directory = ROOT / "docs/reference"
    return {directory / "inputs.md": "\n\n".join(inputs) + "\n", directory / "outputs.md": "\n\n".join(given) + "\n"}


def _wrapped(text: str) -> str:
    """Lines of at most 100 columns; the further lines of a list's item are below its text."""
    lines = []
    for line in text.splitlines():
        indent = re.match(r" *(- )?", line)[0]
        lines += textwrap.wrap(
            line, 100, subsequent_indent=" " * len(indent), break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        ) or [""]
    return "\n".join(lines)


def write() -> None:
    for directory in modules():
        (directory / "README.md").write_text(written(directory))
    for path, text in pages().items():
        path.write_text(text)
