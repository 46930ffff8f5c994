"""Simulated Microsoft as a library: every cloud's login, Graph and CRS hosts in one process on one TLS port."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from ..pki import LabPki
from .clouds import ALL_HOSTS, EVIL_HOSTS
from .control import Control
from .desk import Desk
from .devices import Device
from .journal import Entry
from .network import TlsPort
from .proxy import Proxy
from .router import Router
from .tenants import Tenant
from .tls import TlsContexts
from .world import Settings, World

T = TypeVar("T")
_START_DEADLINE = 30.0


class SimulatedMicrosoft:
    """A running simulator; use it as a context manager, or call `start` and `stop`.

    `pki` signs the server certificate (give its `ca_file` to the client). `clock` returns seconds since the epoch.
    Ports 0 take free ones: read `tls_port`, `control_port` and `proxy_port` after the start. `aliases` maps lab host
    names to the Microsoft hosts they stand for. The event loop runs in a thread of its own; all methods may be
    called from any other thread.
    """

    def __init__(
        self,
        *,
        pki: LabPki,
        tenants: Iterable[Tenant],
        clock: Callable[[], float] | None = None,
        settings: Settings | None = None,
        aliases: Mapping[str, str] | None = None,
        listen: str = "127.0.0.1",
        tls_port: int = 0,
        control_listen: str = "127.0.0.1",
        control_port: int = 0,
        proxy_port: int = 0,
    ) -> None:
        self._aliases = {name.lower(): host.lower() for name, host in (aliases or {}).items()}
        self._world = World(tenants, clock, settings or Settings())
        self._desk = Desk(self._world, self._follow_faults)
        self._router = Router(self._world, self._aliases)
        self._pki = pki
        self._listen, self._control_listen = listen, control_listen
        self.tls_port, self.control_port, self.proxy_port = tls_port, control_port, proxy_port
        self._port: TlsPort | None = None
        self._control: web.AppRunner | None = None
        self._proxy = Proxy(self._world, listen, proxy_port)

    @property
    def ca_file(self) -> Path:
        """The CA a client has to trust."""
        return self._pki.ca_file

    @property
    def address(self) -> str:
        """`HOST:PORT` of the TLS port, for a client's `connect_to`."""
        return f"{self._listen}:{self.tls_port}"

    @property
    def proxy_url(self) -> str:
        """A forward proxy whose tunnels all end at the TLS port."""
        return f"http://{self._listen}:{self.proxy_port}"

    @property
    def control_url(self) -> str:
        """Base address of the control API, no trailing slash."""
        return f"http://{self._control_listen}:{self.control_port}"

    def start(self) -> Self:
        """Open both ports. Raises OSError when one is taken."""
        hosts = {*ALL_HOSTS, *EVIL_HOSTS, *self._aliases, *self._world.directory.crs_hosts()}
        self._certificates = tempfile.TemporaryDirectory(prefix="lab-tls-")
        contexts = TlsContexts(self._pki, Path(self._certificates.name), hosts)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated-microsoft", daemon=True)
        self._thread.start()
        try:
            self._wait(self._open(contexts))
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Close everything."""
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._certificates.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def set_device(self, intune_id: str, tenant: str = "", **values: Any) -> Device:
        """Make or change a device of `tenant` ("" = the first): registered, compliant, macs, entra_id and so on."""
        return self._call(lambda: self._desk.set_device(intune_id, tenant, **values))

    def remove_device(self, intune_id: str, tenant: str = "") -> bool:
        """Forget a device; False if it was not there."""
        return self._call(lambda: self._desk.remove_device(intune_id, tenant))

    def devices(self, tenant: str = "") -> list[Device]:
        """All devices of a tenant."""
        return self._call(lambda: self._desk.devices(tenant))

    def fault(
        self,
        personality: str,
        *,
        tenant: str = "",
        host: str = "",
        path: str = "",
        nth: int = 1,
        times: int | None = None,
        every: int = 1,
        **options: str,
    ) -> int:
        """Switch a personality on and return its id (`personalities.PERSONALITIES`, `faults.Fault`)."""
        selectors = {"tenant": tenant, "host": host, "path": path, "nth": nth, "times": times, "every": every}
        return self._wait(self._desk.fault(personality, **selectors, **options))

    def clear_faults(self, which: str | int = "") -> int:
        """Switch off by id or personality name, "" = all; how many that were."""
        return self._wait(self._desk.clear_faults(str(which)))

    def journal(self, limit: int = 0, since: float = 0.0, **equal: str) -> list[Entry]:
        """Requests, oldest first; `equal` names fields of `Entry`, for example `operation="device"`."""
        return self._call(lambda: self._world.journal.entries(limit, since, **equal))

    def counters(self) -> dict[str, Any]:
        """Counters since the start or the last `clear_journal` (`Journal`)."""
        return self._call(self._world.journal.counters)

    def clear_journal(self) -> None:
        """Forget requests and counters."""
        self._call(self._world.journal.clear)

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock."""
        self._call(lambda: self._world.clock.advance(seconds))

    def change_settings(self, **values: Any) -> None:
        """Change `Settings`."""
        self._call(lambda: self._desk.change_settings(values))

    def change_tenant(self, tenant: str = "", **values: Any) -> None:
        """Change a tenant's crs_host, crs_authority, intune or token_format."""
        self._call(lambda: self._desk.change_tenant(tenant, values))

    def change_application(self, client_id: str, tenant: str = "", **values: Any) -> None:
        """Change an application's roles, disabled, service_principal, key_name or certificates (PEM texts)."""
        self._call(lambda: self._desk.change_application(tenant, client_id, values))

    def hosts(self) -> list[str]:
        """Host names that have an address now."""
        return self._call(self._desk.hosts)

    def reset(self) -> None:
        """Everything as at the start."""
        self._wait(self._desk.reset())

    def _call(self, action: Callable[[], T]) -> T:
        async def run() -> T:
            return action()

        return self._wait(run())

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_DEADLINE)

    async def _follow_faults(self) -> None:
        if self._port is not None:
            await (self._port.close() if self._world.faults.refusing() else self._port.open())

    async def _open(self, contexts: TlsContexts) -> None:
        self._port = TlsPort(self._world, self._router, contexts, self._listen, self.tls_port)
        await self._port.open()
        self.tls_port = self._port.port
        await self._proxy.open((self._listen, self.tls_port))
        self.proxy_port = self._proxy.port
        self._control = web.AppRunner(Control(self._desk).application(), access_log=None, shutdown_timeout=0.2)
        await self._control.setup()
        site = web.TCPSite(self._control, self._control_listen, self.control_port)
        await site.start()
        self.control_port = self._control.addresses[0][1]

    async def _close(self) -> None:
        await self._proxy.shutdown()
        if self._port is not None:
            await self._port.shutdown()
        if self._control is not None:
            await self._control.cleanup()
        # what is left answers somebody who has gone; a loop that stops with it makes Python complain at exit
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
