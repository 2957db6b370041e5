"""What the tests start finds the project's Python code, also where pytest is run by hand."""

import os

from pipeline.paths import SCRIPTS

os.environ["PYTHONPATH"] = str(SCRIPTS)
