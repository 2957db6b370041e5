"""Connections come by the socket that the parent has bound, and stay open longer than clients keep them.

MiniStack closes one after 75 s, and the provider uses its own for 90 s. A request on a connection that is being closed can have
its effect and no answer. The provider sends it again, and an apply fails because the resource exists.
"""

from typing import Any

import hypercorn.asyncio

SECONDS = 600


def add(bound: int) -> None:
    """`bound`: the socket's descriptor."""
    plain = hypercorn.asyncio.serve

    async def serve(app: Any, config: hypercorn.Config, **options: Any) -> None:
        config.bind = [f"fd://{bound}"]
        config.keep_alive_timeout = SECONDS
        await plain(app, config, **options)

    hypercorn.asyncio.serve = serve
