"""Network devices with their shared secrets, found by address: longest prefix first, as FreeRADIUS does it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import MdmError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
GLOBAL = ""  # the list of clients that stand outside of any server or `clients` section


class ClientError(MdmError):
    """There is no secret that can be used for a network device."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A shared secret. It shows in no log and no traceback."""

    octets: bytes = field(repr=False)

    def __str__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True, slots=True)
class Client:
    """One `client` section, or one entry of the secrets file. `where`: FILE:LINE.

    `fault`: why its secret can't be used, "" when it can. `family`: `mdm_family`; `coa_port`: `mdm_coa_port`, 0 for the
    family's; `coa_address`: `mdm_coa_address`, "" for the one that its requests come from. `list_name`: GLOBAL,
    `server NAME` or `clients NAME`. `shortname`: what FreeRADIUS calls it, `name` without one.
    """

    name: str
    network: Network
    secret: Secret
    where: str
    list_name: str = GLOBAL
    family: str = ""
    coa_port: int = 0
    fault: str = ""
    coa_address: str = ""
    shortname: str = ""


class _Table:
    """Clients by prefix; of two with the same prefix the first counts."""

    def __init__(self) -> None:
        self._by_prefix: dict[tuple[int, int], dict[int, Client]] = {}  # (IP version, length) to first bits

    def add(self, client: Client) -> None:
        network = client.network
        bits = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        self._by_prefix.setdefault((network.version, network.prefixlen), {}).setdefault(bits, client)

    def longest(self, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Client | None:
        for version, length in sorted(self._by_prefix, reverse=True):
            if version == ip.version:
                client = self._by_prefix[version, length].get(int(ip) >> (ip.max_prefixlen - length))
                if client is not None:
                    return client
        return None


_EMPTY = _Table()


class Clients:
    """`listed`: FreeRADIUS's clients; `extra`: those of the secrets file; `servers`: each virtual server's list.

    `warnings`: clients that had to be left out, a sentence each.
    """

    def __init__(
        self,
        listed: Sequence[Client],
        extra: Sequence[Client] = (),
        servers: Mapping[str, str] | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self.warnings = tuple(warnings)
        self.all = (*listed, *extra)
        self._servers = dict(servers or {})
        self._lists: dict[str, _Table] = {}
        self._extra = _Table()
        for client in listed:
            self._lists.setdefault(client.list_name, _Table()).add(client)
        for client in extra:
            self._extra.add(client)

    def find(self, address: str, server: str | None = None) -> Client:
        """The client that an address belongs to. Raises ClientError with the next step.

        `server`: the virtual server that the device's requests arrive at; None when it is not known. Then every list is
        asked, and where they differ in the secret, none is taken. An entry of the secrets file comes first where its
        prefix is as long as FreeRADIUS's or longer.
        """
        ip = _address(address)
        names = self._lists if server is None else [self._servers.get(server, GLOBAL)]
        found = [client for name in names if (client := self._lists.get(name, _EMPTY).longest(ip)) is not None]
        extra = self._extra.longest(ip)
        if extra is not None and all(extra.network.prefixlen >= client.network.prefixlen for client in found):
            return _usable(extra)
        if not found:
            raise ClientError(
                f"{address} is no client of FreeRADIUS's files; for a client from SQL or a dynamic one, "
                "write its address and secret into the secrets file"
            )
        if len({(client.secret, client.fault) for client in found}) > 1:
            places = " and ".join(client.where for client in found)
            raise ClientError(
                f"{address} has different secrets at {places}, one for each virtual server; "
                "write the one that it takes for CoA into the secrets file"
            )
        return _usable(found[0])

    def of_requests(self, address: str) -> Client:
        """The client of FreeRADIUS's own files that a request from there belongs to, be its secret usable or not.

        Where it differs by virtual server, the one with the longest prefix. Raises ClientError when there is none.
        """
        ip = _address(address)
        found = [client for table in self._lists.values() if (client := table.longest(ip)) is not None]
        if not found:
            raise ClientError(f"{address} is no client of FreeRADIUS's files")
        return max(found, key=lambda client: client.network.prefixlen)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        raise ClientError(f"{text!r} is no IP address") from None
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip


def _usable(client: Client) -> Client:
    if client.fault:
        raise ClientError(f"{client.where}: client {client.name!r}: {client.fault}")
    return client
