"""One connection to Redis, used by one task at a time. It never connects again by itself: that would hide a restart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Connection
from redis.exceptions import ResponseError

Command = tuple[str | int, ...]


class LineClosedError(ConnectionError):
    """The connection has ended."""


class Line:
    """Commands over one connection; replies are bytes, integers, lists and None, as RESP 2 has them."""

    def __init__(self, connection: Connection, address: str) -> None:
        self._connection = connection
        self.address = address

    async def run(self, commands: Sequence[Command], timeout: float) -> list[Any]:
        """Send all, then read every reply; an error reply stands in its place as a ResponseError.

        Raises TimeoutError, OSError or RedisError when the connection is of no use any more.
        """
        if not self._connection.is_connected:
            raise LineClosedError("the connection was closed")
        replies: list[Any] = []
        try:
            async with asyncio.timeout(timeout):
                packed = self._connection.pack_commands(commands)
                await self._connection.send_packed_command(packed, check_health=False)
                for _ in commands:
                    try:
                        replies.append(await self._connection.read_response())
                    except ResponseError as error:
                        replies.append(error)
        except BaseException:
            # Whatever comes now belongs to nobody.
            await self.close()
            raise
        return replies

    async def one(self, command: Command, timeout: float) -> Any:
        """The same for one command. Raises ResponseError too."""
        (reply,) = await self.run([command], timeout)
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    async def close(self) -> None:
        """Hang up, without waiting for anybody."""
        with contextlib.suppress(Exception):
            # Closing alone would wait until a Redis that has stopped has taken what was written.
            writer = getattr(self._connection, "_writer", None)
            if writer is not None:
                writer.transport.abort()
            await self._connection.disconnect(nowait=True)
