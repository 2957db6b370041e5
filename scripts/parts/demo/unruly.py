"""A target that takes so many executions a second, and for a while none: for `scripts/demo --unruly`.

The overlay's states ask it. It is an item of the registry of devices, and for each second an item that counts.
"""

import collections
import dataclasses
import time
from collections.abc import Sequence

from emulator.aws import Aws

from demo.executions import Execution
from demo.overlay import BUSY, TARGET

# Executions a second, from which second after the first upload on.
PHASES = ((0.0, 4), (40.0, 0), (65.0, 4))
# Faster than the target, so that there is something to find out.
STARTS_PER_SECOND = 10
ERRORS = ["Target.*"]
# Starts are counted over so long.
_BIN_SECONDS = 5.0


@dataclasses.dataclass
class Target:
    aws: Aws
    table: str
    _began: float = 0.0
    _passed: int = 0

    def begin(self) -> None:
        self._began = time.time()
        self.go_on()

    def go_on(self) -> None:
        """Sets the target to its present rate."""
        while self._passed < len(PHASES) and time.time() - self._began >= PHASES[self._passed][0]:
            takes = PHASES[self._passed][1]
            item = {"device_id": {"S": TARGET}, "takes": {"N": str(takes)}}
            self.aws.dynamodb.put_item(TableName=self.table, Item=item)
            self._passed += 1


def takes(end: float) -> list[tuple[float, float]]:
    """The rates of the target, until then."""
    return [(at, float(most)) for at, most in PHASES if at < end]


def rate(starts: Sequence[float], end: float) -> list[tuple[float, float]]:
    """Starts a second, each over the seconds that follow."""
    bins = collections.Counter(int(at / _BIN_SECONDS) for at in starts)
    return [(number * _BIN_SECONDS, bins[number] / _BIN_SECONDS) for number in range(int(end / _BIN_SECONDS) + 1)]


def busy(ran: list[Execution]) -> int:
    return sum(run.error == BUSY for run in ran)
