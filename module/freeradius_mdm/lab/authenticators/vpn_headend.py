"""strongSwan as a VPN headend that asks FreeRADIUS (its plugin eap-radius), and the network it stands in.

    client 203.0.113.2 --- 203.0.113.1 headend 198.18.x.y+1 --- 198.18.x.y this machine: FreeRADIUS
    and 198.51.100.n, through the tunnel to 10.99.0.1 at the headend

The headend and its client have a network namespace each. IKEv2 with EAP: the headend shows a certificate, the client's
EAP goes on to FreeRADIUS.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ..pki import Credential
from ..processes import wait_for
from ..raddb import SECRET, NetworkDevice
from . import ike_sa
from .charon import Charon, CharonConfig
from .ike_sa import IkeSa
from .namespaces import ROOT, End, Namespace, Namespaces

ADDRESS, CLIENT_ADDRESS, INSIDE_ADDRESS, POOL = "203.0.113.1", "203.0.113.2", "10.99.0.1", "198.51.100.0/24"
NAME = "vpn.lab.example"
PLUGIN = "eap-radius"
FAMILY = "strongswan"
# IKE and ESP with what every kernel and OpenSSL has, so that nothing is negotiated by chance.
PROPOSALS = "proposals = aes128gcm16-prfsha256-x25519"
ESP_PROPOSALS = "esp_proposals = aes128gcm16-x25519"
_BENCHMARKS = ipaddress.ip_network("198.18.0.0/15")  # RFC 2544: nobody's network


@dataclass(frozen=True, slots=True)
class VpnNetwork:
    """The namespaces and the wires between them. `server`: this machine's address towards the headend.

    `source`: what the headend's RADIUS packets come from, and where it takes those for dynamic authorization.
    """

    headend: Namespace
    client: Namespace
    server: str
    source: str

    @property
    def device(self) -> NetworkDevice:
        """The headend as a client of FreeRADIUS."""
        return NetworkDevice("lab-vpn", self.source, self.server, FAMILY)


def join(spaces: Namespaces) -> VpnNetwork:
    """Make the two namespaces, and the wire from this machine to the headend."""
    headend, client = spaces.add("headend"), spaces.add("client")
    server, source = _own_pair()
    spaces.join(End(ROOT, (f"{server}/30",)), End(headend, (f"{source}/30",)))
    spaces.join(End(headend, (f"{ADDRESS}/24",)), End(client, (f"{CLIENT_ADDRESS}/24",)))
    headend.run("ip", "address", "add", f"{INSIDE_ADDRESS}/24", "dev", "lo")
    return VpnNetwork(headend, client, server, source)


def _own_pair() -> tuple[str, str]:
    # Another test process on this machine has a wire to a headend of its own, which must not be in the same network.
    first = _BENCHMARKS.network_address + 4 * (os.getpid() % (_BENCHMARKS.num_addresses // 4))
    return str(first + 1), str(first + 2)


@dataclass(frozen=True, slots=True)
class HeadendConfig:
    """`credential`: shown to clients, for NAME and ADDRESS; `ca_file` is what FreeRADIUS's clients trust too.

    `over_time`: strongSwan asks the client to reauthenticate that many seconds before Session-Timeout ends the session.
    With a Session-Timeout below it, by default 24 minutes, the client reauthenticates again and again without a pause.
    `groups`: when there are any, one of them has to come as Class, or as Filter-Id beside Tunnel-Type ESP.
    """

    auth_port: int
    acct_port: int
    credential: Credential
    ca_file: Path
    over_time: int = 4
    groups: tuple[str, ...] = ()
    das_secret: str = SECRET

    def connections(self) -> str:
        """swanctl.conf."""
        groups = f"groups = {', '.join(self.groups)}\n" if self.groups else ""
        return (
            f"connections {{\nvpn {{\nversion = 2\n{PROPOSALS}\nlocal_addrs = {ADDRESS}\npools = clients\n"
            # The client names itself in IKE as it likes; who it is, is said in EAP.
            f"over_time = {self.over_time}s\nremote {{\nauth = {PLUGIN}\nid = %any\neap_id = %any\n{groups}}}\n"
            f"local {{\nauth = pubkey\ncerts = {self.credential.cert_file.name}\nid = {NAME}\n}}\n"
            f"children {{\nnet {{\n{ESP_PROPOSALS}\nlocal_ts = {INSIDE_ADDRESS}/24\n}}\n}}\n}}\n}}\n"
            f"pools {{\nclients {{\naddrs = {POOL}\n}}\n}}\n"
        )

    def charon(self, network: VpnNetwork) -> CharonConfig:
        """The daemon's configuration. Class comes back in accounting only with `accounting_send_class`."""
        server = f"address = {network.server}\nauth_port = {self.auth_port}\nacct_port = {self.acct_port}\n"
        settings = (
            f"{PLUGIN} {{\naccounting = yes\naccounting_send_class = yes\nclass_group = yes\nfilter_id = yes\n"
            f"servers {{\nlab {{\n{server}secret = {SECRET}\n}}\n}}\n"
            f"dae {{\nenable = yes\nlisten = {network.source}\nsecret = {self.das_secret}\n}}\n}}\n"
        )
        return CharonConfig(
            connections=self.connections(),
            plugins=(PLUGIN,),
            settings=settings,
            certificates=(self.credential.cert_file,),
            authorities=(self.ca_file,),
            keys=(self.credential.key_file,),
        )


class Headend:
    """A context manager that runs strongSwan as the headend. `directory` takes its configuration and log."""

    def __init__(self, network: VpnNetwork, config: HeadendConfig, directory: Path) -> None:
        self.network = network
        self.charon = Charon(network.headend, directory, config.charon(network))

    def __enter__(self) -> Headend:
        self.charon.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.charon.__exit__(kind, value, trace)

    def sessions(self) -> list[IkeSa]:
        """Every IKE SA it has."""
        return ike_sa.parse(self.charon.swanctl("--list-sas", "--raw"))

    def wait_until_gone(self) -> None:
        """Wait until it has none: an IKE SA that failed may be there for a moment."""
        wait_for(lambda: not self.sessions(), "the headend has no IKE SA")
