"""Serves moto at a socket that the parent has bound: its descriptor is the only argument.

Standard input is a pipe that the parent holds. When the parent ends, however it ends, the pipe closes and this process ends too.
"""

import logging
import os
import sys
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

from inside_moto.calls import Calls
from inside_moto.looks import Looks


def follow_parent() -> None:
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=follow_parent, daemon=True).start()
# A line for each call would be all that is in the log.
logging.getLogger("werkzeug").setLevel(logging.WARNING)
# A put into S3 waits for a "100 Continue", which HTTP/1.0 does not have.
WSGIRequestHandler.protocol_version = "HTTP/1.1"
make_server("127.0.0.1", 0, Looks(Calls()), threaded=True, fd=int(sys.argv[1])).serve_forever()
