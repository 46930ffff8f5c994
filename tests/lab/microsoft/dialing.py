"""How tests reach the simulator under Microsoft's real host names: `requests`, with another address dialled.

The production client has a setting of its own for this (`connect_to`); tests of the simulator don't depend on it.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import requests
import urllib3.connection
import urllib3.util.connection
from requests.adapters import HTTPAdapter


class DialledAdapter(HTTPAdapter):
    """Connects to `address` whatever the URL says; SNI, Host and verification keep the URL's name."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        target = (host, int(port))

        class Connection(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                timeout = self.timeout if isinstance(self.timeout, int | float) else None
                try:
                    made = socket.create_connection(target, timeout)
                    # Otherwise a body in a second segment waits 40 ms for an acknowledgement.
                    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return made
                except OSError as error:
                    raise urllib3.exceptions.NewConnectionError(self, str(error)) from error

        self._connection = Connection
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._connection
        return pool


def session(address: str, ca_file: Path) -> requests.Session:
    """A session that trusts the lab CA only and follows no environment variable."""
    made = requests.Session()
    # REQUESTS_CA_BUNDLE would override verify= (intune.md section 2.6).
    made.trust_env = False
    made.verify = str(ca_file)
    made.mount("https://", DialledAdapter(address))
    return made
