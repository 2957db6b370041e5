"""The picture shows its input."""

import xml.etree.ElementTree as ElementTree

from demo.timeline import GAP, PANEL, TOP, Timeline, done_steps, draw, running_steps

SVG = "{http://www.w3.org/2000/svg}"


def picture(**changes) -> ElementTree.Element:
    values = {
        "title": "Ten & <more>",
        "subtitle": "on a test",
        "waiting": [(0, 0), (1, 10), (5, 0)],
        "running": running_steps([(1, 3), (2, 4)]),
        "done": done_steps([3, 4]),
        "limit": 2,
        "objects": 10,
        "marks": [(4.5, "redrive")],
    }
    return ElementTree.fromstring(draw(Timeline(**{**values, **changes})))


def test_steps() -> None:
    assert running_steps([(1, 3), (2, 4)]) == [(0, 0), (1, 1), (2, 2), (3, 1), (4, 0)]
    assert running_steps([(1, 2), (2, 3)]) == [(0, 0), (1, 1), (2, 1), (3, 0)]
    assert done_steps([4, 3]) == [(0, 0), (3, 1), (4, 2)]


def test_it_has_a_title_three_curves_the_limit_and_the_marks() -> None:
    texts = [element.text for element in picture().iter(f"{SVG}text")]
    for text in ("Ten & <more>", "on a test", "Running executions", "Done, of 10", "limit 2", "redrive"):
        assert text in texts
    assert len([path for path in picture().iter(f"{SVG}path") if path.get("class") == "line"]) == 3


def test_starts_against_what_the_target_takes_are_a_fourth_curve() -> None:
    drawn = picture(rate=[(0, 8), (5, 0), (10, 4)], takes=[(0, 4), (5, 0), (10, 4)])
    assert "the target takes" in [element.text for element in drawn.iter(f"{SVG}text")]
    kinds = [path.get("class") for path in drawn.iter(f"{SVG}path")]
    assert (kinds.count("line"), kinds.count("limit")) == (4, 2)


def test_a_curve_stays_within_its_panel() -> None:
    for path in picture(limit=1, running=[(0, 0), (1, 1000)]).iter(f"{SVG}path"):
        heights = [float(part.split("H")[0]) for part in path.get("d").replace("Z", "").split("V")[1:]]
        assert all(TOP <= height <= TOP + 2 * PANEL + GAP for height in heights)


def test_an_empty_run_can_be_drawn() -> None:
    assert picture(waiting=[], running=running_steps([]), done=done_steps([]), marks=[]) is not None
