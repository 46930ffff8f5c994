"""The complete redirect address for one request. Standard library only: radiusd imports this."""

from __future__ import annotations

from urllib.parse import quote

from ..request import Request
from .model import ENROLMENT

_LONGEST = 234  # bytes behind `url-redirect=` in one Cisco-AVPair (ise.md section 5.1)


def address(url: str, request: Request, mac: str, enrolment_address: str) -> str:
    """`url` with {session} and {mac} filled in; for "enrolment" the MDM server's address with the session's id.

    `mac`: 12 hexadecimal digits. Raises ValueError, its text a sentence, when there is no address to give.
    """
    session = quote(request.av_pair("audit-session-id") or request.first("Acct-Session-Id"), safe="")
    if url == ENROLMENT:
        if not enrolment_address.startswith("https://"):
            raise ValueError("the MDM server's enrolment address is not known yet")
        url = enrolment_address
        if "{session}" not in url and session:
            url += ("&" if "?" in url else "?") + "sessionId={session}"
    spelt = "-".join(mac[at : at + 2] for at in range(0, len(mac), 2))
    complete = url.replace("{session}", session).replace("{mac}", spelt)
    if len(complete.encode()) > _LONGEST:
        raise ValueError(f"the redirect address has {len(complete.encode())} bytes, {_LONGEST} fit")
    return complete
