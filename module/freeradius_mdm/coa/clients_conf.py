"""The shared secrets of network devices, read from FreeRADIUS's own client definitions; read only, never stored.

Of a `client` section these are read: ipaddr, ipv4addr, ipv6addr, netmask, proto, secret, dynamic_clients, directory,
and our own mdm_family, mdm_coa_port, mdm_coa_address (of a device that takes CoA at another address than its requests
come from) and mdm_coa_secret (of one with a key of its own for CoA, such as a 9800 from 17.4). FreeRADIUS leaves items
that it does not know alone.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config.codes import ConfigCode
from ..errors import ConfigError, Problem
from ..raddb import reader
from ..raddb.text import Quote, TextError, unescape_double
from ..raddb.tree import Pair, Section, Stamp, stamp
from . import secrets_file
from .clients import GLOBAL, Client, Clients, Network, Secret

_UNESCAPES = (3, 2, 4)  # the first version that reads backslashes in double quotes as in C
_OVER_UDP = ("udp", "*")
_ADDRESSES = ("ipaddr", "ipv4addr", "ipv6addr")
_NO_SECRET = Secret(b"")
_DYNAMIC_NAME = re.compile(r"[A-Za-z0-9:][A-Za-z0-9:.]*")

Resolve = Callable[[str], str]


def resolve(host: str) -> str:
    """A host's first address; it may take seconds. Raises OSError."""
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][4][0])


@dataclass(frozen=True, slots=True)
class Sources:
    """`root`: radiusd.conf, or clients.conf alone. `version`: FreeRADIUS's, () when it is not known."""

    root: Path
    secrets_file: Path | None = None
    version: tuple[int, ...] = ()


def read(
    sources: Sources, environment: Mapping[str, str] = os.environ, resolve: Resolve = resolve
) -> tuple[Clients, dict[Path, Stamp | None]]:
    """The clients, and the stamps of everything read. Raises ConfigError: FreeRADIUS would refuse these files too.

    A client whose secret FreeRADIUS versions read differently is refused by `Clients.find`; one that matches nobody,
    such as a host without an address, is left out with a warning.
    """
    return _Reading(sources, environment, resolve).run()


def _lists(top: Section) -> Iterator[tuple[str, Section]]:
    """Where clients can stand, with the name of their list."""
    yield GLOBAL, top
    for section in top.sections:
        if section.name1 in ("server", "clients"):
            yield f"{section.name1} {section.name2}", section
        if section.name1 == "server":
            for below in section.all("clients"):
                yield f"clients {below.name2}", below


def _servers(top: Section) -> dict[str, str]:
    """The list each virtual server listens with: the one it names, its own clients, or the global one."""
    found: dict[str, str] = {}
    for server in top.all("server"):
        named = next((pair.value for listen in server.all("listen") if (pair := listen.pair("clients"))), None)
        own = f"server {server.name2}" if server.find("client") else GLOBAL
        found.setdefault(server.name2, f"clients {named}" if named else own)
    return found


class _Reading:
    """One reading: what it has to hand around."""

    def __init__(self, sources: Sources, environment: Mapping[str, str], resolve: Resolve) -> None:
        self._sources = sources
        self._environment = environment
        self._resolve = resolve
        self._problems: list[Problem] = []
        self._warnings: list[str] = []
        self._files: dict[Path, Stamp | None] = {}

    def run(self) -> tuple[Clients, dict[Path, Stamp | None]]:
        top = self._tree(self._sources.root)
        listed = [
            client
            for list_name, section in _lists(top)
            for each in section.all("client")
            for client in self._clients(each, list_name)
        ]
        _refuse_contradictions(listed, self._problems)
        extra: list[Client] = []
        if file := self._sources.secrets_file:
            self._files[file] = stamp(file)
            extra = secrets_file.read(file, self._problems)
        if self._problems:
            raise ConfigError(self._problems)
        return Clients(listed, extra, _servers(top), self._warnings), self._files

    def _tree(self, file: Path) -> Section:
        raddb = reader.read(file, self._environment, self._sources.version)
        self._files.update(raddb.files)
        return raddb.top

    def _clients(self, section: Section, list_name: str) -> Iterator[Client]:
        """One client, or for a network of dynamic clients those of its directory."""
        if _text(section, "dynamic_clients"):
            if directory := _text(section, "directory"):
                for file in self._dynamic(Path(os.fsdecode(directory.encode("latin-1")))):
                    for each in self._tree(file).all("client"):
                        yield from self._clients(each, list_name)
            return
        if _text(section, "proto") not in ("", *_OVER_UDP):
            return  # RadSec: its CoA comes over the same TLS connection, not over UDP
        if (network := self._address(section)) is not None:
            client = self._client(section, network, list_name)
            if client is not None:
                yield client

    def _dynamic(self, directory: Path) -> list[Path]:
        """Files of dynamic clients, which are named after their addresses."""
        self._files[directory] = stamp(directory)
        files = sorted(directory.iterdir()) if directory.is_dir() else []
        return [file for file in files if _DYNAMIC_NAME.fullmatch(file.name) and file.is_file()]

    def _address(self, section: Section) -> Network | None:
        try:
            return _network(section, self._resolve)
        except OSError as error:
            self._warnings.append(f"{section.where}: client {section.name2!r}: {error}")
        except ValueError as error:
            self._problem(section, f"client {section.name2!r}: {error}", "ADDRESS, ADDRESS/LENGTH or a host")
        return None

    def _client(self, section: Section, network: Network, list_name: str) -> Client | None:
        pair = section.pair("mdm_coa_secret") or section.pair("secret")
        if pair is None or not pair.value:
            if _text(section, "dhcp") != "yes":
                self._problem(section, f"client {section.name2!r} has no secret", "secret = TEXT")
            return None
        secret, fault = _NO_SECRET, ""
        try:
            secret = Secret(_read_as(pair, self._sources.version).encode("latin-1"))
        except ValueError as error:
            fault = str(error)
        port = _text(section, "mdm_coa_port")
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            self._misfit(section, "mdm_coa_port", f"{port!r} is no port", "a number from 1 to 65535")
            port = ""
        family, address = _text(section, "mdm_family"), _text(section, "mdm_coa_address")
        try:
            address = str(ipaddress.ip_address(address)) if address else ""
        except ValueError:
            self._misfit(section, "mdm_coa_address", f"{address!r} is no address", "an IPv4 or IPv6 address")
        shortname = _text(section, "shortname") or section.name2
        port_number = int(port or 0)
        return Client(
            section.name2, network, secret, section.where, list_name, family, port_number, fault, address, shortname
        )

    def _misfit(self, section: Section, key: str, what: str, allowed: str) -> None:
        hint = f"mend {key} in the client section that begins there"
        self._problems.append(Problem(ConfigCode.DOES_NOT_FIT, section.where, what, allowed, hint, key))

    def _problem(self, section: Section, what: str, allowed: str) -> None:
        self._problems.append(Problem(ConfigCode.RADDB, section.where, what, allowed))


def _read_as(pair: Pair, version: tuple[int, ...]) -> str:
    """The value as that FreeRADIUS reads it. Raises ValueError when it is not known how."""
    if pair.fault:
        raise ValueError(f"{pair.name} can't be read: {pair.fault}")
    text = pair.value or ""
    if pair.quote is not Quote.DOUBLE or "\\" not in text:
        return text
    try:
        new = unescape_double(text)
    except TextError as error:
        raise ValueError(f"{pair.name}: {error}") from None
    if version:
        return new if version >= _UNESCAPES else text
    if new == text:
        return text
    raise ValueError(
        f"{pair.name} at {pair.where} has a backslash in double quotes, which FreeRADIUS reads differently "
        "from 3.2.4 on; write it in single quotes"
    )


def _network(section: Section, resolve: Resolve) -> Network:
    """The address or prefix. Raises ValueError, and OSError for one that matches nobody."""
    text = next((value for name in _ADDRESSES if (value := _text(section, name))), section.name2)
    netmask = _text(section, "netmask")
    found = _prefix(text, resolve, v6=not _text(section, "ipaddr") and bool(_text(section, "ipv6addr")))
    if netmask:
        if found.prefixlen != found.max_prefixlen or not netmask.isdigit() or int(netmask) > found.max_prefixlen:
            raise ValueError(f"netmask {netmask!r} does not fit {text!r}")
        try:
            found = ipaddress.ip_network((found.network_address, int(netmask)))
        except ValueError:
            # FreeRADIUS clears host bits behind a slash, but not here, and then finds no address that fits.
            raise OSError(f"netmask {netmask} leaves host bits in {text}, so that it matches nobody") from None
    if not int(found.network_address) and found.prefixlen == found.max_prefixlen:
        found = ipaddress.ip_network((found.network_address, 0))  # FreeRADIUS takes it to mean everybody
    return found


def _prefix(text: str, resolve: Resolve, *, v6: bool) -> Network:
    if text == "*":
        return ipaddress.ip_network("::/0" if v6 else "0.0.0.0/0")
    address, slash, length = text.partition("/")
    if slash and ":" not in address:
        octets = address.split(".")
        address = ".".join(octets + ["0"] * (4 - len(octets)))  # FreeRADIUS takes 10/8
    if slash:
        return ipaddress.ip_network(f"{address}/{length}", strict=False)
    try:
        return ipaddress.ip_network(address)
    except ValueError:
        if not address or not all(c.isalnum() or c in "-._" for c in address):
            raise ValueError(f"{text!r} is no address") from None
    try:
        return ipaddress.ip_network(resolve(address))
    except OSError as error:
        raise OSError(f"{address} has no address: {error}") from error


def _text(section: Section, name: str) -> str:
    pair = section.pair(name)
    return (pair.value or "") if pair is not None and not pair.fault else ""


def _refuse_contradictions(listed: list[Client], problems: list[Problem]) -> None:
    first: dict[tuple[str, Network], Client] = {}
    for client in listed:
        before = first.setdefault((client.list_name, client.network), client)
        if before.secret != client.secret:
            problems.append(
                Problem(
                    ConfigCode.DUPLICATE,
                    client.where,
                    f"{client.network} has another secret at {before.where}",
                    "one client for an address",
                )
            )
