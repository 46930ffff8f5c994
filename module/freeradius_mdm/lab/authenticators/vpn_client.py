"""A device that dials in to the headend: strongSwan as the client, IKEv2 with EAP-TLS."""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ...errors import MdmError
from ..pki import Credential
from . import ike_sa
from .charon import Charon, CharonConfig
from .ike_sa import IkeSa
from .vpn_headend import ADDRESS, ESP_PROPOSALS, INSIDE_ADDRESS, NAME, PROPOSALS, VpnNetwork

PLUGIN = "eap-tls"
RADIUS_NAME = "radius.lab.example"  # the lab's FreeRADIUS in its certificate
_URI_NAME = 201  # strongSwan's ID_DER_ASN1_GN_URI
_PROBE = "import socket, sys; s = socket.socket(); s.settimeout(2); print(s.connect_ex((sys.argv[1], 9)))"


@dataclass(frozen=True, slots=True)
class VpnClientConfig:
    """`uri` is a SAN URI name of the certificate: strongSwan wants one of its names as EAP identity. No blanks in it.

    `over_time`: it reauthenticates that many seconds before the headend wants it to.
    """

    credential: Credential
    uri: str
    ca_file: Path
    over_time: int = 4

    def charon(self) -> CharonConfig:
        """The daemon's configuration."""
        who = f'id = laptop.lab.example\neap_id = "{{{_URI_NAME}}}:{self.uri}"\naaa_id = {RADIUS_NAME}\n'
        connections = (
            f"connections {{\nvpn {{\nversion = 2\n{PROPOSALS}\nremote_addrs = {ADDRESS}\nvips = 0.0.0.0\n"
            f"over_time = {self.over_time}s\nremote {{\nauth = pubkey\nid = {NAME}\n}}\n"
            f"local {{\nauth = {PLUGIN}\ncerts = {self.credential.cert_file.name}\n{who}}}\n"
            f"children {{\nnet {{\n{ESP_PROPOSALS}\nremote_ts = {INSIDE_ADDRESS}/24\n}}\n}}\n}}\n}}\n"
        )
        return CharonConfig(
            connections=connections,
            plugins=(PLUGIN,),
            certificates=(self.credential.cert_file,),
            authorities=(self.ca_file,),
            keys=(self.credential.key_file,),
        )


class VpnClient:
    """A context manager that runs it. `directory` takes its configuration and log."""

    def __init__(self, network: VpnNetwork, config: VpnClientConfig, directory: Path) -> None:
        self.network = network
        self.charon = Charon(network.client, directory, config.charon())

    def __enter__(self) -> VpnClient:
        self.charon.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.charon.__exit__(kind, value, trace)

    def connect(self) -> bool:
        """Dial in; False when it is refused, which `log` then explains."""
        return self.charon.try_swanctl("--initiate", "--child", "net", "--timeout", "20").returncode == 0

    def disconnect(self) -> None:
        """Hang up, as a user does."""
        self.charon.swanctl("--terminate", "--ike", "vpn")

    def sessions(self) -> list[IkeSa]:
        """Every IKE SA it has."""
        return ike_sa.parse(self.charon.swanctl("--list-sas", "--raw"))

    def reaches(self, address: str) -> bool:
        """Whether an IPv4 address answers it, with a refusal of TCP port 9, at which nobody listens."""
        result = int(self.network.client.run(sys.executable, "-c", _PROBE, address))
        if result not in (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EAGAIN, errno.EHOSTUNREACH):
            raise MdmError(f"{address} port 9: {errno.errorcode.get(result, result)} was not expected")
        return result == errno.ECONNREFUSED

    @property
    def log(self) -> str:
        """Its log so far."""
        return self.charon.log
