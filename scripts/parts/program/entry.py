"""How every script begins and ends: after any end, nothing that it has started goes on."""

import sys
from collections.abc import Callable
from typing import NoReturn

from program import interrupts, processes

# The exit status of a script that was interrupted.
STOPPED = 130


def run(script: str, main: Callable[[list[str]], int], *expected: type[Exception]) -> NoReturn:
    """Ends with the status that `main` returns. An `expected` error is printed in one line."""
    interrupts.hear(interrupts.once)
    processes.adopt_orphans()
    status = STOPPED
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        print(f"\n{script}: stopped; nothing is left running", file=sys.stderr)
    except expected as error:
        print(f"{script}: {error}", file=sys.stderr)
        status = 1
    finally:
        # Not after a good end: scripts/demo --keep leaves its emulator up.
        if status == STOPPED:
            processes.end_descendants()
    sys.exit(status)
