"""The manifest's protocol number is the one that the handler module asks for."""

import re

from build.handlers import PROTOCOL
from program.paths import ROOT


def test_the_build_and_the_modules_speak_the_same_protocol() -> None:
    module = (ROOT / "terraform/modules/handler/main.tf").read_text()
    asked = re.findall(r"^  _protocol = (\d+)$", module, re.MULTILINE)
    assert asked == [str(PROTOCOL)]
