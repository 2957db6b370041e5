"""Starts MiniStack; its settings are in the environment.

Standard input is a pipe that the parent holds. When the parent ends, however it ends, the pipe closes and this whole
process group ends too; the line `keep` cuts that tie.
"""

import os
import signal
import sys
import threading

from ministack import app

from pipeline.inside_emulator import message_moves, permissions, queue_lock, s3_get_object, s3_list_versions


def follow_parent() -> None:
    for line in sys.stdin:
        if line.strip() == "keep":
            return
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=follow_parent, daemon=True).start()
message_moves.add(queue_lock.add())
permissions.add()
s3_get_object.add()
s3_list_versions.add()
app.main()
