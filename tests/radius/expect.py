"""What the end-to-end tests expect, by hand: from freeradius/mods-config/mdm/mdm.toml, ise.md section 5 and DESIGN.md.

Tunnel-Type VLAN is 13, Tunnel-Medium-Type IEEE-802 is 6, Termination-Action RADIUS-Request is 1 (RFC 2868, 2865).
A dACL's version is a hash of its file, so it is compared as `*`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius import Reply, access, attributes
from freeradius_mdm.lab.site import Site

Attributes = list[tuple[str, int | None, Any]]
INTERVAL = 14400  # reauth_interval = "4h"
KEYS = ("MS-MPPE-Recv-Key", "MS-MPPE-Send-Key")
SIGNATURE = "Message-Authenticator"


def vlan(name: str) -> Attributes:
    """A VLAN under tag 1, as ISE sends it."""
    return [("Tunnel-Type", 1, 13), ("Tunnel-Medium-Type", 1, 6), ("Tunnel-Private-Group-Id", 1, name)]


def dacl(name: str) -> Attributes:
    return [("Cisco-AVPair", None, f"ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-{name}-*")]


def timer(seconds: int = INTERVAL) -> Attributes:
    return [("Session-Timeout", None, seconds), ("Termination-Action", None, 1)]


EMPLOYEE = [*vlan("EMPLOYEES"), *dacl("PERMIT-INTRANET"), *timer()]
QUARANTINE = [*vlan("666"), *dacl("QUARANTINE"), *timer()]
ENROLMENT = [*vlan("ENROLMENT"), ("Filter-Id", None, "ENROLMENT-ONLY.in"), *timer()]


def results(reply: Reply) -> Attributes:
    """What a reply says about authorization, complete and in wire order; the dACL's version as `*`.

    Left out: keys, EAP, the signature, Class, and what stock FreeRADIUS 3.2 adds to an accept of EAP (User-Name,
    Framed-MTU); `surroundings` has those.
    """
    ours = [at for at in reply.attributes if at.name not in _AROUND]
    return [(at.name, at.tag, _without_version(at.value)) for at in ours]


def surroundings(reply: Reply) -> list[str]:
    """The names that `results` leaves out, sorted."""
    return sorted(at.name for at in reply.attributes if at.name in _AROUND)


_AROUND = {*KEYS, "EAP-Message", SIGNATURE, "User-Name", "Framed-MTU", "Class"}
EAP_ACCEPT = sorted(_AROUND)
EAP_REJECT = ["EAP-Message", SIGNATURE]


def _without_version(value: object) -> object:
    return re.sub(r"(#ACSACL#-IP-.*)-[0-9a-f]{8}$", r"\1-*", value) if isinstance(value, str) else value


def refused(reply: Reply, message: str | None = None) -> bool:
    """An Access-Reject without EAP that says nothing but `message`, its signature first."""
    said = [] if message is None else [("Reply-Message", None, message)]
    return not reply.accepted and reply.message_authenticator_first and results(reply) == said


def decisions(site: Site, count: int = 1, **equal: str) -> list[Decision]:
    """The stored decisions whose fields are equal, oldest first, as soon as there are `count`."""
    found: list[Decision] = []

    def enough() -> bool:
        found[:] = [made for made in site.decisions() if all(getattr(made, at) == equal[at] for at in equal)]
        return len(found) >= count

    wait_for(enough, f"{count} decisions with {equal} are in the store")
    return found


def decision(site: Site, **equal: str) -> Decision:
    """The one decision whose fields are equal. `all_decisions` tells whether there is another."""
    return decisions(site, **equal)[-1]


def all_decisions(site: Site, **equal: str) -> list[Decision]:
    """Every decision until now, those still in the journal too: one more is made, and waited for."""
    name = f"marker-{uuid.uuid4().hex}"
    with site.client() as client:
        port = access.WiredPort(mac="00-50-56-ff-ff-ff", session="marker").mab()
        encoded = attributes.encode((("User-Name", name), *port))
        client.exchange(client.access_request(encoded, password="none"))  # noqa: S106 no secret
    decisions(site, user=name)
    return decisions(site, 0, **equal)


def codes(made: Decision) -> Sequence[str]:
    """The codes of its steps, in order."""
    return [step.code for step in made.steps]


def reads_uri_names(site: Site) -> bool:
    """FreeRADIUS 3.2.7 and later has an attribute for each URI name of a certificate (freeradius.md section 5)."""
    return tuple(int(part) for part in site.host.version().split(".")) >= (3, 2, 7)


def restart(site: Site) -> None:
    """Stop FreeRADIUS, which has to end well, and start it again."""
    assert site.radiusd.stop() == 0
    site.start_radiusd()


@contextmanager
def changed(site: Site, *changes: tuple[Path, str, str]) -> Iterator[None]:
    """FreeRADIUS with other text in some files, (file, old, new); as before at the end.

    A file that is a link into the overlay is replaced by a copy meanwhile.
    """
    with ExitStack() as stack:
        stack.callback(restart, site)
        for path, old, new in changes:
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{path} has {text.count(old)} of {old!r}"
            if path.is_symlink():
                stack.callback(path.symlink_to, path.readlink())
                stack.callback(path.unlink)
                path.unlink()
            else:
                stack.callback(path.write_text, text, encoding="utf-8")
            path.write_text(text.replace(old, new), encoding="utf-8")
        restart(site)
        yield
