"""The rendering of the dashboard shows the numbers of the handlers' lines, and names the missing ones."""

import xml.etree.ElementTree as ElementTree

from alarms.series import Metrics
from demo.dashboard import Row, draw, rows

SVG = "{http://www.w3.org/2000/svg}"
WIDGETS = [
    {
        "type": "text",
        "x": 0,
        "y": 5,
        "properties": {"markdown": "## What runs\n\nExecutions that run, & the limit in force."},
    },
    {
        "type": "metric",
        "x": 6,
        "y": 5,
        "properties": {
            "title": "What runs",
            "metrics": [
                [
                    "Spillway",
                    "SlotsTaken",
                    "Pipeline",
                    "reports",
                    {"label": "slots", "stat": "Maximum"},
                ],
                [
                    "Spillway",
                    "StandsStill",
                    "Pipeline",
                    "reports",
                    {"label": "stands still", "stat": "Maximum", "yAxis": "right"},
                ],
                [
                    "Spillway",
                    "Paused",
                    "Pipeline",
                    "reports",
                    {"label": "paused", "stat": "Maximum"},
                ],
                [
                    "AWS/Lambda",
                    "Errors",
                    "FunctionName",
                    "f",
                    {"label": "errors", "stat": "Sum"},
                ],
            ],
        },
    },
]


def shown() -> list[Row]:
    metrics = Metrics()
    metrics.put("Spillway", "SlotsTaken", {"Pipeline": "reports"}, 105, 3, 7)
    metrics.put("Spillway", "SlotsTaken", {"Pipeline": "reports"}, 125, 5)
    metrics.put("Spillway", "SlotsTaken", {"Pipeline": "another"}, 125, 99)
    metrics.put("Spillway", "StandsStill", {"Pipeline": "reports"}, 115, 2000)
    return rows(WIDGETS, metrics, 100, 130, 10)


def test_a_row_has_the_text_beside_its_graph_and_a_point_for_each_period() -> None:
    [row] = shown()
    assert (row.title, row.says) == (
        "What runs",
        "Executions that run, & the limit in force.",
    )
    assert [list(metric.points) for metric in row.metrics] == [
        [7, None, 5],
        [None, 2000, None],
        [None] * 3,
        [None] * 3,
    ]


def test_what_has_no_value_is_named_and_not_drawn() -> None:
    picture = ElementTree.fromstring(draw("a <title>", "drawn by us", shown(), 10))
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    for text in (
        "a <title>",
        "drawn by us",
        "slots",
        "stands still (0 to 2,000, right)",
        "paused (none)",
        "errors (AWS's own)",
        "7",
        "20 s",
    ):
        assert text in texts, texts
    # A metric with an axis of its own leaves the other one as it is.
    line, own = picture.iter(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert len(heights) == 2
    assert heights[0] < heights[1]
    assert float(own.get("points").split(",")[1]) == heights[0]
