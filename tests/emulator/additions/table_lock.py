"""A lock around the tables: a state machine's calls come on threads of their own.

MiniStack looks at a condition and writes in two steps, so that of two conditional writes both could win.
"""

import threading

from ministack.services import dynamodb

from emulator.additions.locking import lock_in


def add() -> None:
    writes = ("_put_item", "_update_item", "_delete_item", "_transact_write_items", "_batch_write_item", "_execute_statement")
    lock_in(threading.RLock(), dynamodb, *writes)
