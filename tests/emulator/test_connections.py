"""How long connections stay open."""

import asyncio

import hypercorn.asyncio
import pytest

from emulator.additions import connections


def test_connections_stay_open_longer_than_the_provider_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    served = []

    async def serve(_app: object, config: hypercorn.Config) -> None:
        served.append((config.bind, config.keep_alive_timeout))

    monkeypatch.setattr(hypercorn.asyncio, "serve", serve)
    connections.add(7)
    config = hypercorn.Config()
    config.keep_alive_timeout = 75
    asyncio.run(hypercorn.asyncio.serve(None, config))
    ((bound, seconds),) = served
    assert bound == ["fd://7"]
    assert seconds > 90
