"""One host of a site: FreeRADIUS and mdmd with a state directory of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from . import site
from .exchange import Exchange, Member
from .mdmd import Mdmd
from .network import Network
from .radiusd import Radiusd
from .site import Settings
from .tenant import Tenant
from .virtual_loop import VirtualLoop


class Node:
    """`exchange`: what it shares with other nodes; None when it is the only one."""

    def __init__(
        self,
        number: int,
        directory: Path,
        settings: Settings,
        loop: VirtualLoop,
        network: Network,
        tenant: Tenant,
        wall: Callable[[], float],
        exchange: Exchange | None,
    ) -> None:
        self.name = f"node{number + 1}"
        self.alive = True
        self.state = directory / self.name / "state"
        self._exchange = exchange
        self._network = network
        self._address = ("127.0.0.1", site.PORT + number)
        clustered = exchange is not None
        file = site.write(directory / self.name, settings, self._address[1], self.name if clustered else "")
        if exchange is None:
            self.mdmd = Mdmd(file, self.state, loop, network, tenant, wall)
        else:
            shared = exchange
            self.mdmd = Mdmd(file, self.state, loop, network, tenant, wall, lambda *_: Member(shared, self.name, wall))
        self.mdmd.start()
        self._make_radiusd: Callable[[], Radiusd] = partial(Radiusd, file, self._address, loop, network, tenant, wall)
        self.radiusds = [self._make_radiusd()]

    @property
    def radiusd(self) -> Radiusd:
        """The latest one."""
        return self.radiusds[-1]

    async def kill(self, *, host: bool) -> None:
        """mdmd alone, or the whole host."""
        if host:
            self.alive, self.radiusd.dead = False, True
        await self.mdmd.kill()
        if self._exchange is not None:
            self._exchange.members.pop(self.name, None)

    def start(self) -> None:
        """After a kill."""
        self.mdmd.start()
        if not self.alive:
            self.radiusd.close()
            self.radiusds.append(self._make_radiusd())
            self.alive = True

    async def live_sessions(self) -> int:
        """As mdmd's health has it."""
        if not self.mdmd.running:
            return 0
        _, body = await self._network.get(self._address, "/v1/health")
        found: dict[str, Any] = json.loads(body)
        return int(found["sessions"]["live"])

    async def stop(self) -> None:
        """An orderly end."""
        await self.mdmd.stop()
        self.radiusd.close()
