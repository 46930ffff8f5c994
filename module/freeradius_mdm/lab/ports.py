"""The ports of a site on the loopback address."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from ..errors import MdmError
from .processes import free_port

_UDP, _TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM
_OF = (  # field, kind, whose it is, its option, make's variable
    ("radius", _UDP, "FreeRADIUS", "--radius-port", "RADIUS_PORT"),
    ("accounting", _UDP, "FreeRADIUS, one above its first", "--radius-port", "RADIUS_PORT"),
    ("mdmd", _TCP, "mdmd", "--mdmd-port", "MDMD_PORT"),
    ("microsoft", _TCP, "the simulated Microsoft", "--microsoft-port", "MICROSOFT_PORT"),
    ("control", _TCP, "the simulated Microsoft's control", "--control-port", "CONTROL_PORT"),
)


@dataclass(frozen=True, slots=True)
class Ports:
    """0 takes a free one. `coa`: where the switch takes CoA, 0 for its usual one; nothing of the site listens there."""

    radius: int = 0
    accounting: int = 0
    mdmd: int = 0
    microsoft: int = 0
    control: int = 0
    coa: int = 0

    def chosen(self) -> Ports:
        """The same with every 0 replaced."""
        return Ports(
            self.radius or free_port(_UDP),
            self.accounting or (self.radius + 1 if self.radius else free_port(_UDP)),
            self.mdmd or free_port(),
            self.microsoft or free_port(),
            self.control or free_port(),
            self.coa,
        )

    def check(self) -> None:
        """Raises MdmError with the first one that is taken."""
        for name, kind, whose, option, variable in _OF:
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind is _TCP:  # connections that have ended keep nobody from listening
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                port = getattr(self, name)
                try:
                    probe.bind(("127.0.0.1", port))
                except (OSError, OverflowError) as error:
                    why = "is none of 1 to 65535" if isinstance(error, OverflowError) else error.strerror
                    raise MdmError(
                        f"{'UDP' if kind is _UDP else 'TCP'} port {port} of 127.0.0.1, for {whose}: {why}\n"
                        f"next: stop what uses it, or choose another with {option} (make: {variable}=)"
                    ) from error
