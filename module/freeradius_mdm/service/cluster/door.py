"""Finding Redis and connecting to it: plain or TLS, directly or by what Sentinel says."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from redis.asyncio import Connection, SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from ...config.model import ClusterSettings
from .line import Line

_SENTINEL = 0.5  # seconds for one Sentinel's word


class NoPrimaryError(ConnectionError):
    """No Sentinel names a primary that is one."""


class Door:
    """Opens lines. Secrets and certificates are read each time, so that a changed file is taken as it is now."""

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings
        self._sentinels = list(settings.hosts)
        self.address = ""  # HOST:PORT last tried

    @property
    def by_sentinel(self) -> bool:
        """Whether it is Sentinel that says where Redis is."""
        return bool(self._settings.sentinel)

    async def find(self) -> tuple[str, int]:
        """Where the primary is. Raises OSError and RedisError."""
        settings = self._settings
        if not settings.sentinel:
            host = settings.hosts[0]
        else:
            host = await self._ask_sentinels()
        self.address = f"[{host[0]}]:{host[1]}" if ":" in host[0] else f"{host[0]}:{host[1]}"
        return host

    async def open(self, host: tuple[str, int], timeout: float) -> Line:
        """A line to that primary. Raises TimeoutError, OSError, RedisError; NoPrimaryError for a replica."""
        password = _secret(self._settings.password_file)
        line = await self._connect(host, self._settings.user, password, self._settings.db, timeout)
        if self._settings.sentinel:
            try:
                role = (await line.one(("ROLE",), timeout))[0]
                if role != b"master":
                    raise NoPrimaryError(f"Sentinel names {self.address}, which is a {role.decode()}")
            except BaseException:
                await line.close()
                raise
        return line

    async def _ask_sentinels(self) -> tuple[str, int]:
        name, trouble = self._settings.sentinel, []
        password = _secret(self._settings.sentinel_password_file)
        for host in list(self._sentinels):
            try:
                line = await self._connect(host, "", password, 0, _SENTINEL)
                try:
                    found = await line.one(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name), _SENTINEL)
                finally:
                    await line.close()
            except (TimeoutError, OSError, RedisError) as error:
                trouble.append(f"{host[0]}:{host[1]}: {error or 'no answer'}")
            else:
                if found is not None:
                    return found[0].decode(), int(found[1])
                trouble.append(f"{host[0]}:{host[1]} knows no {name!r}")
            self._sentinels.append(self._sentinels.pop(0))  # the next time another one is asked first
        raise NoPrimaryError("no Sentinel names the primary: " + "; ".join(trouble))

    async def _connect(self, host: tuple[str, int], user: str, password: str, db: int, timeout: float) -> Line:
        settings = self._settings
        options: dict[str, Any] = {
            "host": host[0],
            "port": host[1],
            "db": db,
            "username": user or None,
            "password": password or None,
            "protocol": 2,
            "socket_timeout": None,  # Line.run has its own
            "socket_connect_timeout": None,  # ours is below: of two that end together, one takes the other for a cancel
            "client_name": f"mdmd-{settings.node}",
        }
        connection: Connection
        if settings.tls:
            connection = SSLConnection(
                ssl_ca_certs=_text(settings.ca_file),
                ssl_certfile=_text(settings.certificate_file),
                ssl_keyfile=_text(settings.key_file),
                **options,
            )
        else:
            connection = Connection(**options)
        line = Line(connection, f"{host[0]}:{host[1]}")
        try:
            async with asyncio.timeout(timeout):
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            await line.close()
            raise
        return line


class Backoff:
    """Pauses between attempts: doubled each time, with jitter so that nodes do not come back in step."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now: between a half and the whole of the step."""
        step = min(self._longest, self._first * 2 ** min(self._attempts, 20))
        self._attempts += 1
        return float(step * random.uniform(0.5, 1.0))  # noqa: S311

    def reset(self) -> None:
        """It worked."""
        self._attempts = 0


def _secret(file: Path | None) -> str:
    if file is None:
        return ""
    password = file.read_text(encoding="utf-8").strip()
    if not password:
        raise RedisConnectionError(f"{file} is empty")
    return password


def _text(file: Path | None) -> str | None:
    return None if file is None else str(file)
