"""wpa_supplicant as the 802.1X supplicant of a wired device, with EAP-TLS and a certificate of the lab."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ..pki import Credential
from ..processes import Process, wait_for
from .control import ControlDirectory, ControlInterface
from .namespaces import Interface
from .switch_port import SwitchPort


@dataclass(frozen=True, slots=True)
class SupplicantState:
    """What wpa_supplicant says of itself. `authorized`: suppPortStatus; `values`: all that it tells."""

    authorized: bool
    pae_state: str
    eap_state: str
    values: dict[str, str]


class Supplicant:
    """A context manager that runs wpa_supplicant on one end of a veth pair. `directory` takes configuration and log."""

    def __init__(
        self, interface: Interface, identity: str, credential: Credential, ca_file: Path, directory: Path
    ) -> None:
        self.interface = interface
        self.identity = identity
        self.credential = credential
        self.ca_file = ca_file
        self.directory = directory
        self.process: Process
        self.control: ControlInterface
        self._stack = ExitStack()

    def __enter__(self) -> Supplicant:
        with ExitStack() as stack:
            sockets = ControlDirectory()
            stack.callback(sockets.remove)
            self.directory.mkdir(parents=True, exist_ok=True)
            file = self.directory / "wpa_supplicant.conf"
            file.write_text(self._configuration(sockets.path), encoding="utf-8")
            program = ["wpa_supplicant", "-t", "-D", "wired", "-i", self.interface.name, "-c", str(file)]
            self.process = Process(self.interface.namespace.command(*program), self.directory / "wpa_supplicant.log")
            stack.callback(lambda: self.process.stop())
            socket = sockets.path / self.interface.name
            self.process.ready_when(socket.exists, "wpa_supplicant is ready")
            self.control = stack.enter_context(ControlInterface(sockets.path, self.interface.name))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _configuration(self, control: Path) -> str:
        network = {
            "key_mgmt": "IEEE8021X",
            "eapol_flags": "0",  # no keys on a wire
            "eap": "TLS",
            "identity": f'"{self.identity}"',
            "ca_cert": f'"{self.ca_file}"',
            "client_cert": f'"{self.credential.cert_file}"',
            "private_key": f'"{self.credential.key_file}"',
        }
        lines = "".join(f"\t{key}={value}\n" for key, value in network.items())
        return f"ctrl_interface={control}\nap_scan=0\nnetwork={{\n{lines}}}\n"

    def state(self) -> SupplicantState:
        """Its state now."""
        values = dict(line.split("=", 1) for line in self.control.ask("STATUS").splitlines() if "=" in line)
        return SupplicantState(
            authorized=values.get("suppPortStatus") == "Authorized",
            pae_state=values.get("Supplicant PAE state", ""),
            eap_state=values.get("EAP state", ""),
            values=values,
        )

    def logoff(self) -> None:
        """Send EAPOL-Logoff, which ends the session at the port."""
        self.control.order("LOGOFF")

    def reauthenticate(self) -> None:
        """Begin anew with EAPOL-Start, about two seconds from now."""
        self.control.order("REASSOCIATE")

    def has_link(self) -> bool:
        """True while the cable is plugged in at both ends."""
        name = self.interface.name
        return "LOWER_UP" in self.interface.namespace.run("ip", "-oneline", "link", "show", name)


def bounce(port: SwitchPort, supplicant: Supplicant, mac: str) -> None:
    """The cable out and in again, after which the device begins anew.

    wpa_supplicant's wired driver takes no notice of the link; on a desktop a network manager does, and tells it.
    """
    port.link_down(mac)
    wait_for(lambda: not supplicant.has_link(), "the device has lost its link")
    port.link_up()
    wait_for(supplicant.has_link, "the device has its link again")
    supplicant.reauthenticate()
