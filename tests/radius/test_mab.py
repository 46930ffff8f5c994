"""MAC authentication bypass: the switch vouches for a MAC, and the answer is a claim's, signed, with its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.radius import Reply, access, attributes
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
NOBODY = "This device is not allowed here"  # reply_message of the profile Reject
CALL_CHECK, FRAMED = 10, 2  # Service-Type, RFC 2865 section 5.6
ETHERNET = 15


def ask(
    site: Site,
    user: str | bytes,
    calling_station: str,
    *,
    service: int | None = CALL_CHECK,
    password: str | bytes | None = None,
) -> Reply:
    """A request as a switch sends it for a silent device."""
    kind = () if service is None else (("Service-Type", service),)
    port = (("NAS-IP-Address", "192.0.2.10"), ("NAS-Port-Type", ETHERNET), ("NAS-Port-Id", "Gi1/0/7"))
    encoded = attributes.encode((*port, *kind, ("Calling-Station-Id", calling_station)))
    encoded[1] = [user.encode() if isinstance(user, str) else user]
    with site.client() as client:
        return client.exchange(client.access_request(encoded, password=password))


NOTATIONS: dict[str, Callable[[str], str]] = {
    "aa-bb-cc-dd-ee-ff": lambda digits: "-".join(digits[at : at + 2] for at in range(0, 12, 2)),
    "AA:BB:CC:DD:EE:FF": lambda digits: ":".join(digits[at : at + 2] for at in range(0, 12, 2)).upper(),
    "aabb.ccdd.eeff": lambda digits: f"{digits[:4]}.{digits[4:8]}.{digits[8:]}",
    "aabbccddeeff": lambda digits: digits,
    "AABBCCDDEEFF": lambda digits: digits.upper(),
    "aabb-ccdd-eeff": lambda digits: f"{digits[:4]}-{digits[4:8]}-{digits[8:]}",
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation(notation: str, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    digits = endpoint.mac.replace("-", "")
    written = NOTATIONS[notation](digits)

    reply = ask(site, written, written, password=written)

    assert reply.accepted
    assert reply.message_authenticator_first
    assert expect.results(reply) == expect.EMPLOYEE
    assert expect.surroundings(reply) == ["Class", expect.SIGNATURE]
    made = expect.decision(site, mac=digits.upper())
    assert (made.method, made.access, made.user) == ("MAB", "wired", written)
    assert (made.identity, made.identity_kind, made.identity_source) == (digits.upper(), "mac", "mac")
    assert not made.identity_proven


@pytest.mark.parametrize(
    ("known", "results"),
    [({"compliant": False}, expect.QUARANTINE), ({"registered": False}, expect.ENROLMENT), (None, expect.ENROLMENT)],
)
def test_what_other_devices_get(
    known: dict[str, bool] | None, results: expect.Attributes, site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(site)
    if known is not None:
        endpoint.enrol(macs=[endpoint.mac], **known)
    with site.client() as client:
        reply = access.authenticate_mab(client, endpoint.port)
    assert expect.results(reply) == results


def test_no_password_is_needed_and_none_is_looked_at(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    assert expect.results(ask(site, endpoint.mac, endpoint.mac)) == expect.EMPLOYEE


@pytest.mark.parametrize("mac", ["da-a1-19-00-22-01", "02-00-00-00-22-02", "06-00-00-00-22-03", "fe-00-00-00-22-04"])
def test_a_randomised_mac_is_nobody(mac: str, site: Site) -> None:
    site.microsoft.clear_journal()
    reply = ask(site, mac, mac)
    assert expect.refused(reply, NOBODY)
    digits = mac.replace("-", "").upper()
    made = expect.decision(site, mac=digits)
    assert (made.outcome, made.profile, made.reason_code) == (Outcome.REJECT, "Reject", "M1305")
    assert (made.identity_source, made.registration) == ("none", "")
    assert "M1115" in expect.codes(made)
    assert made.attributes == (("Reply-Message", NOBODY),)
    # Intune holds hardware addresses, so it is not even asked (ise.md section 3).
    assert site.microsoft.journal(subject=digits) == []


def test_two_macs_are_refused(site: Site, new_endpoint: NewEndpoint) -> None:
    one, another = new_endpoint(site), new_endpoint(site)
    one.enrol(macs=[one.mac])
    reply = ask(site, one.mac, another.mac)
    (said,) = reply.values("Reply-Message")
    assert str(said).startswith("M1110 ")
    assert expect.refused(reply, str(said))


@pytest.mark.parametrize(
    ("user", "service"),
    [("printer", CALL_CHECK), ("00-50-56-00-33", CALL_CHECK), ("{mac}", FRAMED), ("{mac}", None)],
    ids=["a name", "half a MAC", "a MAC without Call-Check", "a MAC without Service-Type"],
)
def test_who_is_not_vouched_for_needs_a_password(
    user: str, service: int | None, site: Site, new_endpoint: NewEndpoint
) -> None:
    """A user may be named like a MAC, and a switch may send Call-Check for a user (ise.md section 3)."""
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    name = user.format(mac=endpoint.mac)

    reply = ask(site, name, endpoint.mac, service=service, password=name)

    assert expect.refused(reply)
    made = expect.decision(site, mac=endpoint.mac.replace("-", "").upper())
    assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, "M1003", "")


@pytest.mark.parametrize("name", [b"\0", b"employee\0", b"{mac}\0x", b"\0{mac}"])
def test_a_name_with_a_nul_is_nobody(name: bytes, site: Site, new_endpoint: NewEndpoint) -> None:
    """Python and other modules see a name up to its NUL only (freeradius.md section 2.2)."""
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    sent = name.replace(b"{mac}", endpoint.mac.encode())

    reply = ask(site, sent, endpoint.mac, password="lab-password")  # noqa: S106

    assert expect.refused(reply)
    assert expect.decision(site, mac=endpoint.mac.replace("-", "").upper()).outcome is Outcome.REJECT


def test_a_name_that_is_not_text_is_refused(site: Site, new_endpoint: NewEndpoint) -> None:
    """The hook is not called for it (freeradius.md section 2.2), so there is no decision, but a signed reject."""
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    assert expect.refused(ask(site, endpoint.mac, endpoint.mac, password=b"\xff"))


def test_a_group_address_is_nobody(site: Site) -> None:
    assert expect.refused(ask(site, "01-50-56-00-22-05", "01-50-56-00-22-05"), NOBODY)
