"""The handlers' metrics, as their code has them: the fields of each `counts.rs`, with their comments.

A field that is a list is reported value by value, and a level with every tick. Any other number is reported when it is above 0.
"""

import dataclasses
import json
import re
from pathlib import Path

from program.paths import ROOT

FILE = ROOT / "terraform/data/metrics.json"
PAGE = ROOT / "docs/reference/metrics.md"
BEGIN, END = "<!-- begin metrics -->", "<!-- end metrics -->"
# The metrics that every function reports of itself.
EVERY = "every"
# Dollars a month for a metric that is reported in every hour: https://aws.amazon.com/cloudwatch/pricing/
DOLLARS = 0.30

_FIELD = re.compile(r"((?:^    (?:///[^\n]*|#\[.*\])\n)*)^    pub (\w+): (\w+)", re.MULTILINE)
_LEVELS = re.compile(r"LEVELS: &\[&str\] = &\[(.*?)\]", re.DOTALL)
_ALWAYS, _ABOVE_0, _BY_VALUE = "with every tick", "above 0", "value by value"


@dataclasses.dataclass(frozen=True)
class Metric:
    unit: str
    meaning: str
    reported: str


def sources() -> dict[str, Path]:
    """The files with the metrics of each handler, and of every function."""
    found = {path.parents[1].name: path for path in sorted(ROOT.glob("handlers/*/src/counts.rs"))}
    return found | {EVERY: ROOT / "handlers/aws/src/condition/counts.rs"}


def of_handlers() -> dict[str, dict[str, Metric]]:
    """The metrics of each handler, by name."""
    return {handler: fields(path.read_text()) for handler, path in sources().items()}


def fields(source: str) -> dict[str, Metric]:
    """By the name that serde gives a field."""
    levels = _LEVELS.search(source)
    # A tick that ends has taken some time.
    always = {*re.findall(r'"(\w+)"', levels[1]), "DurationMilliseconds"} if levels else set()
    found = {}
    for above, field, type_name in _FIELD.findall(source):
        name = _metric(field)
        reported = _BY_VALUE if type_name == "Vec" else _ALWAYS if name in always else _ABOVE_0
        found[name] = Metric(_unit(name), _said(above), reported)
    return dict(sorted(found.items()))


def _metric(field: str) -> str:
    return "".join(word.capitalize() for word in field.split("_"))


def _unit(name: str) -> str:
    """As handlers/aws/src/metrics.rs has it."""
    return next((unit for unit in ("Milliseconds", "Seconds") if name.endswith(unit)), "Count")


def _said(above: str) -> str:
    return " ".join(re.findall(r"/// ?(.*)", above))


def text() -> str:
    metrics = {
        handler: {name: dataclasses.asdict(metric) for name, metric in said.items()} for handler, said in of_handlers().items()
    }
    return json.dumps(metrics, indent=2) + "\n"


def page() -> str:
    """The page, with its tables written anew."""
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{''.join(_table(handler, said) for handler, said in of_handlers().items())}\n{END}{after}"


def _table(handler: str, metrics: dict[str, Metric]) -> str:
    title = "Every function" if handler == EVERY else f"`{handler}`"
    rows = [f"| `{name}` | {metric.unit} | {metric.reported} | {metric.meaning} |" for name, metric in metrics.items()]
    return "\n".join([f"\n### {title}\n", "| metric | unit | reported | what |", "| --- | --- | --- | --- |", *rows]) + "\n"
