"""What the tests start finds the project's Python code, also where pytest is run by hand."""

import os
import signal

from pipeline.paths import SCRIPTS

os.environ["PYTHONPATH"] = str(SCRIPTS)

# A shell lets what it runs in the background ignore Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
