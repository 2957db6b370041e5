"""A picture of a program's output."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import terminal
from program.paths import ROOT

SVG = "{http://www.w3.org/2000/svg}"


def test_every_line_is_drawn_within_the_picture_and_the_first_one_is_the_title() -> None:
    drawn = ElementTree.fromstring(terminal.draw("spillway status", "healthy: <1> & more\n\nlane  waiting\n"))
    assert drawn.findtext(f"{SVG}title") == "spillway status: healthy: <1> & more"
    texts = {text.text: float(text.get("y")) for text in drawn.iter(f"{SVG}text")}
    assert list(texts) == ["$ spillway status", "healthy: <1> & more", "lane  waiting"]
    assert list(texts.values()) == sorted(texts.values())
    width, height = (float(number) for number in drawn.get("viewBox").split()[2:])
    assert max(texts.values()) < height
    assert terminal.COLUMN * len("$ healthy: <1> & more") < width


def test_the_picture_of_the_readme_is_of_the_operators_program() -> None:
    drawn = ElementTree.fromstring(Path(ROOT / "docs/pictures/status.svg").read_text())
    lines = [text.text for text in drawn.iter(f"{SVG}text")]
    assert lines[0] == "$ spillway -p device-status status"
    assert {"running", "starts", "tick", "pace", "lane"} <= {line.split()[0] for line in lines}
