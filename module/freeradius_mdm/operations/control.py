"""Having mdmd do something: the client of its control socket (service/control_api.py). Standard library only."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import re
import socket
import struct
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..compliance import EndpointKey
from ..config.model import Service
from ..unix_address import address_of
from .codes import OperationCode
from .errors import OperationError

# A question to an MDM server ends by that server's own timeouts, and may stand in line behind others.
_WITHIN = 120.0  # seconds
_NOT_FOUND = 404
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7))
_CODE = re.compile(r"(M\d{4}) (.*)")
_START = "start it: systemctl start mdmd; journalctl -u mdmd tells why it does not run"

Values = dict[str, Any]


class Control:
    """One caller; each call is a connection. Every method raises OperationError.

    `claimed`: who says to be the author, "" for nobody but the user who runs this.
    """

    def __init__(self, service: Service, claimed: str = "") -> None:
        self._path = service.control_socket
        self._claimed = claimed

    def refresh(self, key: EndpointKey) -> Values:
        """Have the MDM server asked now: the record, and `sessions` with what follows for them."""
        return self._ask("POST", "/v1/refresh", _key(key))

    def coa(self, session_id: str, action: str = "") -> Values:
        """Order a change of authorization of that session; the order as it was stored. `action`: "" for the usual."""
        values = {"session": session_id} | ({"action": action} if action else {})
        return self._ask("POST", "/v1/coa", values)

    def order(self, order_id: str) -> Values:
        """How an order stands."""
        return self._ask("GET", f"/v1/coa/{quote(order_id, safe='')}")

    def exempt(self, key: EndpointKey, profile: str, until: float, reason: str) -> Values:
        """Make an exemption, `until` in seconds since the epoch."""
        values = _key(key) | {"profile": profile, "until": until, "reason": reason}
        return self._ask("POST", "/v1/exemptions", values)

    def end_exemption(self, identifier: str, reason: str) -> Values:
        """End an exemption before its time."""
        return self._ask("DELETE", f"/v1/exemptions/{quote(identifier, safe='')}", {"reason": reason})

    def _ask(self, method: str, path: str, values: Values | None = None) -> Values:
        body = None
        if values is not None:
            body = json.dumps(values | ({"author": self._claimed} if self._claimed else {}))
        connection = _UnixConnection(self._path)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        except PermissionError as error:
            raise self._not_permitted() from error
        except TimeoutError as error:
            raise self._not_reached(f"mdmd has not answered for {_WITHIN:.0f} s", "journalctl -u mdmd") from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise self._not_reached("mdmd does not run", _START) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._not_reached(f"mdmd can't be asked: {error or type(error).__name__}", _START) from error
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise refused(response.status, text)
        try:
            found: Values = json.loads(text)
        except ValueError as error:
            raise self._not_reached("what listens there is no mdmd", "which process is it? see ss -xlp") from error
        return found

    def _not_reached(self, what: str, next_: str) -> OperationError:
        return OperationError(OperationCode.MDMD_NOT_REACHED, what, where=str(self._path), next=next_)

    def _not_permitted(self) -> OperationError:
        try:
            who = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            who = f"uid {os.geteuid()}"
        return OperationError(
            OperationCode.NOT_PERMITTED,
            f"{who} may not give mdmd orders",
            where=str(self._path),
            allowed="root, mdmd's own user, and members of [service] control_group who may enter that directory",
            next="sudo mdmctl ...",
        )


def refused(status: int, text: str) -> OperationError:
    """mdmd's one line as an error; its code, if it is one of ours, else M1805 with the line as it is."""
    what, _, next_ = text.strip().partition("; next: ")
    what, _, allowed = what.partition("; allowed: ")
    found = _CODE.fullmatch(what)
    code = OperationCode.NOT_FOUND if status == _NOT_FOUND else OperationCode.MDMD_REFUSED
    if found is not None and found[1] in tuple(OperationCode):
        code, what = OperationCode(found[1]), found[2]
    return OperationError(code, what, where="mdmd", allowed=allowed, next=next_)


def _key(key: EndpointKey) -> Values:
    return {"server": key.server, "kind": key.kind.value, "value": key.value}


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("mdmd", timeout=_WITHIN)
        self._path = path

    def connect(self) -> None:
        """To the socket's file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_WITHIN)
        with address_of(self._path) as address:
            self.sock.connect(address)
        self._check_peer()

    def _check_peer(self) -> None:
        """radiusd's group may write in the state directory: a socket put there by its user is not to be believed.

        Raises OperationError. Whose the directory is can't be changed by that group.
        """
        _, uid, _ = _CREDENTIALS.unpack(self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        owner = self._path.parent.stat().st_uid
        if owner != 0 and uid not in (0, owner):
            raise OperationError(
                OperationCode.MDMD_NOT_REACHED,
                f"what listens there is no mdmd: it runs as uid {uid}",
                where=str(self._path),
                allowed=f"root, or uid {owner}, whose that directory is",
                next="which process is it, and who has started it? see ss -xlp",
            )
