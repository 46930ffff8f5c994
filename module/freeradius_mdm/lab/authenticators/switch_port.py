"""hostapd's wired driver as a port of a switch with IEEE 802.1X: a real authenticator in front of FreeRADIUS.

It blocks no frames, but says who is authorized; a VLAN of the reply it leaves alone. hostapd runs in our own network
namespace, so that it reaches the lab's FreeRADIUS on the loopback address and can be reached there for a change of
authorization; only the cable leads into another namespace.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ...errors import MdmError
from ..processes import Process, wait_for
from ..raddb import SECRET
from .control import ControlDirectory, ControlInterface
from .namespaces import Interface

_ANSWER_WITHIN = 10.0  # seconds; a supplicant waits two before it says its first word
# hostapd's PAE states (802.1X-2004 section 8.2.4), as its `dot1xAuthPaeState` numbers them.
_PAE_STATES = {
    1: "INITIALIZE",
    2: "DISCONNECTED",
    3: "CONNECTING",
    4: "AUTHENTICATING",
    5: "AUTHENTICATED",
    6: "ABORTING",
    7: "HELD",
    8: "FORCE_AUTH",
    9: "FORCE_UNAUTH",
    10: "RESTART",
}


@dataclass(frozen=True, slots=True)
class DynamicAuthorization:
    """hostapd's `radius_das`: where it takes Disconnect-Requests (RFC 5176), and from whom."""

    port: int
    client: str = "127.0.0.1"
    secret: str = SECRET


@dataclass(frozen=True, slots=True)
class PortConfig:
    """One port. `address`: what hostapd sends from and tells as NAS-IP-Address; `server`: FreeRADIUS's address.

    `port_type`: NAS-Port-Type, because hostapd says Wireless-802.11 by itself even with a wire. `interim`: seconds
    between interim updates, at least 60; 0 sends none unless a reply asks for them.
    """

    auth_port: int
    acct_port: int
    address: str = "127.0.0.1"
    server: str = "127.0.0.1"
    secret: str = SECRET
    nas_identifier: str = "lab-port"
    port_type: int | None = 15
    interim: int = 0
    das: DynamicAuthorization | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """What hostapd knows of the device at its port; `values` is all that it tells.

    `session`: Acct-Session-Id; `multi_session`: Acct-Multi-Session-Id, which hostapd does not send from a wire.
    `successes` and `failures`: how often the RADIUS server accepted and rejected it while the station was there.
    A station that was just thrown out has no 802.1X state any more: no texts, and 0.
    """

    mac: str
    authorized: bool
    pae_state: str
    session: str
    multi_session: str
    user: str
    successes: int
    failures: int
    reauthentication_seconds: int
    values: dict[str, str]


class SwitchPort:
    """A context manager that runs hostapd on one end of a veth pair. `directory` takes its configuration and log."""

    def __init__(self, interface: Interface, config: PortConfig, directory: Path) -> None:
        self.interface = interface
        self.config = config
        self.directory = directory
        self.process: Process
        self.control: ControlInterface
        self._stack = ExitStack()

    def __enter__(self) -> SwitchPort:
        with ExitStack() as stack:
            sockets = ControlDirectory()
            stack.callback(sockets.remove)
            self.directory.mkdir(parents=True, exist_ok=True)
            file = self.directory / "hostapd.conf"
            file.write_text(self._configuration(sockets.path), encoding="utf-8")
            command = self.interface.namespace.command("hostapd", "-t", str(file))
            self.process = Process(command, self.directory / "hostapd.log")
            stack.callback(lambda: self.process.stop())
            ready = f"{self.interface.name}: AP-ENABLED"
            self.process.ready_when(lambda: ready in self.log, "hostapd is ready")
            self.control = stack.enter_context(ControlInterface(sockets.path, self.interface.name))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _configuration(self, control: Path) -> str:
        config = self.config
        lines: dict[str, object] = {
            "interface": self.interface.name,
            "driver": "wired",
            "ctrl_interface": control,
            "logger_stdout": -1,
            "logger_stdout_level": 1,
            "ieee8021x": 1,
            "use_pae_group_addr": 1,
            "own_ip_addr": config.address,
            "nas_identifier": config.nas_identifier,
            "radius_client_addr": config.address,
            "auth_server_addr": config.server,
            "auth_server_port": config.auth_port,
            "auth_server_shared_secret": config.secret,
            "acct_server_addr": config.server,
            "acct_server_port": config.acct_port,
            "acct_server_shared_secret": config.secret,
            "radius_acct_interim_interval": config.interim,
        }
        if config.das is not None:
            lines |= {
                "radius_das_port": config.das.port,
                "radius_das_client": f"{config.das.client} {config.das.secret}",
                "radius_das_require_event_timestamp": 1,
                "radius_das_require_message_authenticator": 1,
            }
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        if config.port_type is not None:
            text += f"radius_auth_req_attr=61:d:{config.port_type}\nradius_acct_req_attr=61:d:{config.port_type}\n"
        return text

    @property
    def log(self) -> str:
        """What hostapd has printed so far."""
        return self.process.log.read_text(encoding="utf-8", errors="replace")

    def station(self, mac: str) -> Station | None:
        """The station with that MAC, in any notation; None while hostapd knows none."""
        answer = self.control.ask(f"STA {_colons(mac)}")
        if answer.startswith("FAIL") or not answer.strip():
            return None
        first, *rest = answer.splitlines()
        values = dict(line.split("=", 1) for line in rest if "=" in line)
        number = int(values.get("dot1xAuthPaeState", "0"))
        return Station(
            mac=first,
            authorized="[AUTHORIZED]" in values["flags"],
            pae_state=_PAE_STATES.get(number, ""),
            session=values.get("dot1xAuthSessionId", ""),
            multi_session=values.get("authMultiSessionId", ""),
            user=values.get("dot1xAuthSessionUserName", ""),
            successes=int(values.get("dot1xAuthBackendAuthSuccesses", "0")),
            failures=int(values.get("dot1xAuthBackendAuthFails", "0")),
            reauthentication_seconds=int(values.get("dot1xAuthReAuthPeriod", "0")),
            values=values,
        )

    def wait_until_authorized(self, mac: str, within: float = _ANSWER_WITHIN) -> Station:
        """Wait for that station to be authorized. Raises MdmError with hostapd's log when it isn't in time."""
        return self._wait(mac, lambda station: station.authorized, "is authorized", within)

    def wait_until_rejected(self, mac: str, within: float = _ANSWER_WITHIN) -> Station:
        """Wait for the RADIUS server to reject that station, which has to be there still."""
        return self._wait(mac, lambda station: station.failures > 0 and not station.authorized, "is rejected", within)

    def wait_until_accepted(self, mac: str, times: int, within: float = _ANSWER_WITHIN) -> Station:
        """Wait until the RADIUS server has accepted that station so often in its present session."""
        return self._wait(mac, lambda station: station.successes >= times, f"is accepted {times} times", within)

    def wait_until_gone(self, mac: str, within: float = _ANSWER_WITHIN) -> None:
        """Wait until hostapd has thrown that station out, whose accounting has stopped then."""
        wait_for(lambda: not self._has_session(mac), f"{mac} has left {self.config.nas_identifier}", within)

    def _wait(self, mac: str, holds: Callable[[Station], bool], what: str, within: float) -> Station:
        found: list[Station] = []

        def seen() -> bool:
            found[:] = [station] if (station := self.station(mac)) else []
            return bool(found) and holds(found[0])

        try:
            wait_for(seen, f"{mac} {what} at {self.config.nas_identifier}", within)
        except MdmError as error:
            raise MdmError(f"{error}; hostapd knows {found or 'no such station'}\n{self.process.tail()}") from None
        return found[0]

    def _has_session(self, mac: str) -> bool:
        # Without its session it stays in the list for another five seconds.
        station = self.station(mac)
        return station is not None and bool(station.session)

    def events(self, mac: str) -> list[str]:
        """What hostapd has reported about that station, oldest first, such as `AP-STA-CONNECTED`."""
        address = _colons(mac)
        return [event.removesuffix(address).strip() for event in self.control.read_events() if event.endswith(address)]

    def link_down(self, mac: str) -> None:
        """Pull the cable of that station: its session ends, as on a switch. hostapd itself looks at no link."""
        self.interface.down()
        self.control.order(f"DISASSOCIATE {_colons(mac)}")

    def link_up(self) -> None:
        """Put the cable back."""
        self.interface.up()


def _colons(mac: str) -> str:
    digits = re.sub(r"[^0-9a-f]", "", mac.lower())
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
