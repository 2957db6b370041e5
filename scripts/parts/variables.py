"""scripts/variables: the files that are written from the types of modules/input.

The root takes nested objects as they are given, so that a misspelt attribute is found: a type would drop it. A registry and an
editor show the descriptions, which are made of the inner types and of their comments. The same types give the places of the words
to compare.
"""

import argparse
import dataclasses
import re
from collections.abc import Iterator

import metrics
import reference
from program import entry
from program.paths import ROOT

COMPOSITION = ROOT / "terraform"
INPUT = COMPOSITION / "modules/input"
WORDS = INPUT / "words.tf"

# The contents of a build's manifest are nobody's spelling.
NOT_SPELT = ("handlers.manifest",)

_BLOCK = re.compile(r'^variable "(\w+)" {\n(.*?)^}\n', re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^  (description|type|default|nullable) += (.*?)(?=^  [\w#]|\Z)", re.MULTILINE | re.DOTALL)
_WORDS = {"string": "text", "number": "number", "bool": "true or false"}


@dataclasses.dataclass(frozen=True)
class Attribute:
    name: str
    comment: str
    type: "Type"
    # As it is written; none if the attribute is required.
    default: str | None
    optional: bool


@dataclasses.dataclass(frozen=True)
class Type:
    # object, map, list, set, string, number, bool
    kind: str
    of: "Type | None" = None
    attributes: tuple[Attribute, ...] = ()

    @property
    def words(self) -> str:
        if self.kind in ("map", "list", "set"):
            many = "texts" if self.of.kind == "string" else f"{self.of.kind}s"
            return f"{self.kind} of {many}"
        return _WORDS.get(self.kind, self.kind)

    @property
    def nested(self) -> tuple[Attribute, ...]:
        return self.of.nested if self.of else self.attributes


@dataclasses.dataclass(frozen=True)
class Variable:
    name: str
    description: str
    type: Type
    type_text: str
    default: str | None
    nullable: bool


class _Reader:
    """Reads a type, and keeps the rest of the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def type(self) -> Type:
        kind = self._take(r"\s*(\w+)")
        if kind == "object":
            self._take(r"\s*\(\{")
            attributes = tuple(self._attributes())
            self._take(r"\s*\}\)")
            return Type(kind, attributes=attributes)
        if kind in ("map", "list", "set"):
            self._take(r"\s*\(")
            of = self.type()
            self._take(r"\s*\)")
            return Type(kind, of)
        return Type(kind)

    def _attributes(self) -> Iterator[Attribute]:
        while not re.match(r"\s*\}", self._text):
            comment = " ".join(re.findall(r"# ?(.*)", self._take(r"((?:\s*#[^\n]*\n|\s*,?\s*)*)")))
            if re.match(r"\s*\}", self._text):
                return
            name = self._take(r"\s*(\w+)\s*=")
            optional = bool(re.match(r"\s*optional\(", self._text))
            default = None
            if optional:
                self._take(r"\s*optional\(")
                kind = self.type()
                default = self._default()
            else:
                kind = self.type()
            yield Attribute(name, comment, kind, default, optional)

    def _default(self) -> str | None:
        """Up to the bracket that closes optional()."""
        depth, end = 0, 0
        while not (depth == 0 and self._text[end] == ")"):
            depth += (self._text[end] in "([{") - (self._text[end] in ")]}")
            end += 1
        text, self._text = self._text[:end], self._text[end + 1 :]
        return text.strip().removeprefix(",").strip() or None

    def _take(self, pattern: str) -> str:
        found = re.match(pattern, self._text)
        assert found, f"no {pattern} in {self._text[:80]!r}"
        self._text = self._text[found.end() :]
        return found[1] if found.groups() else ""


def read_type(text: str) -> Type:
    return _Reader(text).type()


def variables() -> list[Variable]:
    """The variables of modules/input, without those that are only compared."""
    return _sorted("".join(path.read_text() for path in INPUT.glob("variables-*.tf")))


def _sorted(text: str) -> list[Variable]:
    return sorted((_variable(name, body) for name, body in _BLOCK.findall(text)), key=lambda it: (it.default is not None, it.name))


def _variable(name: str, body: str) -> Variable:
    body = re.sub(r"^  validation {\n.*?^  }\n", "", body, flags=re.MULTILINE | re.DOTALL)
    entries = {key: value.strip() for key, value in _ENTRY.findall(body)}
    description = entries["description"].removeprefix('"').removesuffix('"')
    return Variable(
        name,
        description,
        _Reader(entries["type"]).type(),
        entries["type"],
        entries.get("default"),
        entries.get("nullable") != "false",
    )


def root_variables() -> dict[str, str]:
    """The composition's files of variables by their names: those of modules/input."""
    head = "# Written by scripts/variables from modules/input/{}, which has types and rules.\n"
    return {
        path.name: head.format(path.name) + "".join(f"\n{_written(variable)}" for variable in _sorted(path.read_text()))
        for path in sorted(INPUT.glob("variables-*.tf"))
    }


def _written(variable: Variable) -> str:
    nested = bool(variable.type.nested)
    if nested:
        lines = [variable.description.replace('\\"', '"'), "", *_listed(variable.type.nested)]
        said = "<<-EOT\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines) + "  EOT"
    else:
        said = f'"{variable.description}"'
    entries = {"description": said, "type": "any" if nested else variable.type_text}
    if variable.default is not None:
        entries["default"] = variable.default
    if not variable.nullable:
        entries["nullable"] = "false"
    width = max(map(len, entries))
    body = "".join(f"  {key:<{width}} = {value}\n" for key, value in entries.items())
    return f'variable "{variable.name}" {{\n{body}}}\n'


def _listed(attributes: tuple[Attribute, ...], indent: str = "") -> Iterator[str]:
    for attribute in attributes:
        default = "required" if not attribute.optional else f"default {attribute.default or 'null'}"
        # Those of nested objects say theirs one by one.
        facts = attribute.type.words if attribute.type.nested and attribute.optional else f"{attribute.type.words}, {default}"
        comment = f": {_escaped(attribute.comment)}" if attribute.comment else ""
        yield f"{indent}- `{attribute.name}` ({facts}){comment}"
        yield from _listed(attribute.type.nested, indent + "  ")


def _escaped(comment: str) -> str:
    return comment.replace("${", "$${").replace("%{", "%%{")


@dataclasses.dataclass(frozen=True)
class Place:
    """The place of an object, or of one by each key of a map or list."""

    # As pace.adapt.
    path: str
    type: Type
    parent: "Place | None" = None

    @property
    def local(self) -> str:
        return f"_of_{self.path.replace('.', '_')}"

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]


def places() -> list[Place]:
    found: list[Place] = []
    for variable in variables():
        _add(found, Place(variable.name, variable.type))
    return found


def _add(found: list[Place], place: Place) -> None:
    if not place.type.nested or place.path in NOT_SPELT:
        return
    found.append(place)
    for attribute in place.type.nested:
        _add(found, Place(f"{place.path}.{attribute.name}", attribute.type, place))


def words() -> str:
    every = places()
    width = max(len(place.name) for place in every if place.parent is None)
    lines = [
        "# Written by scripts/variables from the types: the objects that were given, and the",
        "# same with every word, by their places.",
        "#",
        "# No try() and no can() here: both are unknown as soon as anything inside is, such",
        "# as a bucket's name.",
        "locals {",
        "  _sides = {",
        "    given = var.given",
        "    known = {",
        *(f"      {place.name:<{width}} = var.{place.name}" for place in every if place.parent is None),
        "    }",
        "  }",
        *(line for place in every for line in _objects(place)),
        "",
        "  _words = {",
        '    for side in ["given", "known"] : side => merge(',
        *(f"      {{ for place, object in local.{place.local}[side] : place => keys(object) }}," for place in every),
        "    )",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _objects(place: Place) -> list[str]:
    """A local: the objects of a place by their paths, of both sides."""
    inside = f'lookup(object, "{place.name}", null)'
    if place.parent is None:
        begin = "    for side, object in local._sides : side => merge(["
        at, around = place.name, ["      for found in [" + inside + "] : {"]
        end = ["      } if found != null", "    ]...)"]
    else:
        begin = f"    for side, objects in local.{place.parent.local} : side => merge(flatten(["
        at = f"${{place}}.{place.name}"
        around = ["      for place, object in objects : [", f"        for found in [{inside}] : {{"]
        end = ["        } if found != null", "      ]", "    ])...)"]
    if place.type.kind == "object":
        each = f'for only in [found] : "{at}" => only'
    elif place.type.kind == "map":
        each = f'for key, one in found : "{at}.${{key}}" => one if one != null'
    else:
        each = f'for number, one in found : "{at}[${{number}}]" => one if one != null'
    indent = " " * (len(end[0]) - len(end[0].lstrip()) + 2)
    return ["", f"  {place.local} = {{", begin, *around, indent + each, *end, "  }"]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/variables",
        description="Writes terraform/variables-*.tf and terraform/modules/input/words.tf from the types in "
        "terraform/modules/input, terraform/data/metrics.json and docs/reference/metrics.md from the handlers' counts, and the "
        "inputs and outputs in the modules' READMEs and in docs/reference. To be run when one of them changes; a test compares.",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    parse(arguments)
    for name, text in root_variables().items():
        (COMPOSITION / name).write_text(text)
    WORDS.write_text(words())
    metrics.FILE.write_text(metrics.text())
    metrics.PAGE.write_text(metrics.page())
    reference.write()
    return 0


if __name__ == "__main__":
    entry.run("scripts/variables", main)
