"""Every order, batch, way in, kind of queue and input format (docs/reference/matrix.md), judged by Step Functions' executions."""

import dataclasses

import judge_orders
import pytest
from demo.executions import Execution
from judge_orders import Version
from one_pipeline import Pipeline, work_off
from sites import Site

pytestmark = pytest.mark.xdist_group("cells")

WAYS = {"standard": ("sqs", "lambda", "eventbridge", "raw", "wrapped"), "fifo": ("lambda",)}
CELLS = {
    "none": "standard",
    "latest": "standard",
    "each": "standard",
    "batch": "standard",
    "fifo-none": "fifo",
    "fifo-latest": "fifo",
    "fifo-each": "fifo",
}
FORMATS = ("objects", "s3-notification")
# The size of a batch in tests/e2e/cells.
BATCH = 5
# Of batches, only those with inputs in the form of objects.
BATCHES = ("batch",)
OBJECTS = ("one.json", "two words.json", "three+%.json", "fails-first.json")
VERSIONS = 3


@dataclasses.dataclass
class Run:
    uploads: list[Version]
    executions: list[Execution]


def accepted(cell: str, input_format: str) -> bool:
    return cell not in BATCHES or input_format == "objects"


def upload(pipelines: list[Pipeline], group: str) -> dict[str, list[Version]]:
    """All versions of all objects, by every way; the versions of one object are in the queue in their order."""
    done: dict[str, list[Version]] = {pipeline.name: [] for pipeline in pipelines}
    for number in range(VERSIONS):
        for pipeline in pipelines:
            for way in WAYS[CELLS[pipeline.name]]:
                for name in OBJECTS:
                    if number == 0 or "fails-first" not in name:
                        done[pipeline.name].append(pipeline.put(f"{way}/{group}/{name}"))
        for pipeline in pipelines:
            pipeline.until_waiting(len(done[pipeline.name]))
    return done


@pytest.fixture(scope="module")
def runs(site: Site, pipelines: dict[str, Pipeline]) -> dict[tuple[str, str], Run]:
    """By cell and format: everything uploaded and processed, all pipelines side by side."""
    found = {}
    for input_format in FORMATS:
        if input_format != FORMATS[0]:
            site.roots["cells"].terraform.apply(f"-var=input_format={input_format}", "-refresh=false")
        cells = [pipelines[name] for name in CELLS if accepted(name, input_format)]
        uploads = upload(cells, input_format)
        for pipeline in cells:
            if "eventbridge" in WAYS[CELLS[pipeline.name]]:
                # The source takes neither: too small, and another suffix.
                pipeline.put(f"eventbridge/{input_format}/small.json", b"small")
                pipeline.put(f"eventbridge/{input_format}/other.txt")
        work_off(cells)
        for pipeline in cells:
            every = pipeline.runs()
            own = [run for run in every if any(f"/{input_format}/" in item["key"] for item in run.objects)]
            found[(pipeline.name, input_format)] = Run(uploads[pipeline.name], own)
    return found


@pytest.mark.parametrize(
    ("cell", "way", "input_format"),
    [
        (cell, way, input_format)
        for cell, kind in CELLS.items()
        for way in WAYS[kind]
        for input_format in FORMATS
        if accepted(cell, input_format)
    ],
)
def test_cell(runs: dict[tuple[str, str], Run], cell: str, way: str, input_format: str) -> None:
    run = runs[(cell, input_format)]
    uploads = [version for version in run.uploads if version.key.startswith(f"{way}/")]
    executions = [execution for execution in run.executions if any(i["key"].startswith(f"{way}/") for i in execution.objects)]
    assert uploads
    if cell in BATCHES:
        # A batch can hold objects of several ways.
        faults = judge_orders.batches(run.uploads, run.executions, BATCH)
    elif cell.endswith("latest"):
        faults = judge_orders.latest(uploads, executions)
    elif cell.endswith("each"):
        faults = judge_orders.each(uploads, executions)
    else:
        faults = judge_orders.exactly_once(uploads, executions)
    assert faults == []
