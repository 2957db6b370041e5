"""What a run adds to the example's workflow, in its working copy only: work that takes a while, and first attempts that fail.

The example itself has no branch made for the demo.
"""

import json
from pathlib import Path

# An MD5 below this fails first: 8 of 256, about 3 %.
_FAILING = [f"{byte:02x}" for byte in range(8)]


def fails_first(etag: str) -> bool:
    return etag[:2] in _FAILING


def lay(definition: Path, seconds: tuple[int, int]) -> None:
    """Puts the states before the first one of the definition in that file. A run then takes one of the `seconds` longer."""
    machine = json.loads(definition.read_text())
    # A state's own language, whatever the machine's is.
    jsonata = {"QueryLanguage": "JSONata"}
    input_ = "$states.context.Execution.Input"
    etag = f"{input_}.objects[0].etag"
    failing = f"{input_}.attempt = 1 and $substring({etag}, 0, 2) in {json.dumps(_FAILING)}"
    machine["States"].update(
        {
            "Overlay: work": {
                **jsonata,
                "Type": "Wait",
                "Seconds": f"{{% $substring({etag}, 31, 1) < '8' ? {seconds[0]} : {seconds[1]} %}}",
                "Next": "Overlay: does the first attempt fail?",
            },
            "Overlay: does the first attempt fail?": {
                **jsonata,
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% {failing} %}}", "Next": "Overlay: first attempt fails"}],
                "Default": machine["StartAt"],
            },
            "Overlay: first attempt fails": {
                **jsonata,
                "Type": "Fail",
                "Error": "Overlay.FirstAttempt",
                "Cause": "The overlay lets the first attempt on this object fail",
            },
        }
    )
    machine["StartAt"] = "Overlay: work"
    definition.write_text(json.dumps(machine, indent=2, ensure_ascii=False) + "\n")
