"""Who a certificate names: the forms Intune issues, and what must not pass for one of them (freeradius.md section 5).

FreeRADIUS 3.2.1 shows the names as one printed text only, 3.2.7 shows each URI name; the README's table has both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.lab.certificates import Profile
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
Names = Callable[[str, str], dict[str, Any]]  # from the device's id and another's: options of LabPki.client
SID = "S-1-5-21-1004336348-1177238915-682003330-1104"
SID_URI = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1"
NAME = "ID:Microsoft Endpoint Manager:GUID:{}"
ZERO = "00000000-0000-0000-0000-000000000000"
MAC = "mac"


def uris(*names: str) -> Names:
    """URI names in which {own} is the device's id and {other} a compliant device's."""
    return lambda own, other: {"uris": [name.format(own=own, other=other) for name in names]}


def marred(sign: str) -> Names:
    """The other's device id with `sign` in place of its first dash."""
    return lambda own, other: {"uris": [NAME.format(other.replace("-", sign, 1))]}


OWN, OTHER = NAME.format("{own}"), NAME.format("{other}")
ISSUED: dict[str, Names] = {
    "SCEP, the SID before the id": lambda own, other: {"profile": Profile.SCEP, "sid": SID},
    "PKCS, the SID behind the id": lambda own, other: {"profile": Profile.PKCS, "sid": SID},
    "SCEP without a SID": lambda own, other: {"profile": Profile.SCEP},
    "PKCS without a SID": lambda own, other: {"profile": Profile.PKCS},
    "ID:Intune:GUID": uris("ID:Intune:GUID:{own}"),
    "IntuneDeviceId": uris("IntuneDeviceId://{own}"),
    "one id in two forms": uris(OWN, "IntuneDeviceId://{own}"),
    "upper case": lambda own, other: {"uris": [NAME.format(own.upper())]},
    "braces": uris(NAME.format("{{{own}}}")),
}


@pytest.mark.parametrize("form", ISSUED)
def test_every_form_that_intune_issues(form: str, site: Site, new_endpoint: NewEndpoint) -> None:
    made = sign_in(site, new_endpoint(site), ISSUED[form])
    assert (made.rule, made.identity_source, made.identity_proven) == ("Compliant", "certificate-uri", True)


REFUSED: dict[str, tuple[Names, str]] = {
    "two ids": (uris(OWN, OTHER), "M1110"),
    "two ids in two forms": (uris("IntuneDeviceId://{other}", OWN), "M1110"),
    "two ids and a SID": (uris(OWN, SID_URI, OTHER), "M1110"),
    "variable not filled in": (uris(NAME.format("{{{{DeviceId}}}}")), "M1113"),
    "another variable not filled in": (uris(NAME.format("{{{{AAD_Device_ID}}}}")), "M1113"),
    "no GUID": (uris(NAME.format("laptop-7")), "M1116"),
    "a GUID cut short": (uris(NAME.format("0d9f6f0e-53a4-4f0b-9d25")), "M1116"),
    "the zero GUID": (uris(NAME.format(ZERO)), "M1116"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_device_id_that_is_none(case: str, site: Site, new_endpoint: NewEndpoint) -> None:
    options, code = REFUSED[case]
    made = sign_in(site, new_endpoint(site), options)
    assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, code, "")


@dataclass(frozen=True, slots=True)
class Case:
    """What a certificate with these names is taken for.

    `before`: without URI attributes (3.2.1), `after`: with them (3.2.7). A code is a reject, `own` and `other` are
    device ids, MAC means that the certificate names nobody and the MAC decides.
    """

    names: Names
    before: str
    after: str


def email(text: str, own_too: bool = False) -> Names:
    """An e-mail name that no CA should issue, on request with the device's own id behind it."""

    def names(own: str, other: str) -> dict[str, Any]:
        forged: list[x509.GeneralName] = [x509.RFC822Name._init_without_validation(text.format(own=own, other=other))]
        return {"names": [*forged, x509.UniformResourceIdentifier(NAME.format(own))] if own_too else forged}

    return names


def dns(names: Sequence[str]) -> Names:
    return lambda own, other: {"dns": names}


FORGED = {
    "e-mail name beside the id": Case(lambda own, other: {"email": "user@example.com"}, "M1112", "own"),
    "UPN beside the id": Case(lambda own, other: {"upn": "user@example.com", "sid": SID}, "M1112", "own"),
    "e-mail name that ends in a device URI": Case(email("x@y.z, URI:" + OTHER), "M1112", MAC),
    "the same beside the id": Case(email("x@y.z, URI:" + OTHER, own_too=True), "M1112", "own"),
    "e-mail name that begins with a device id": Case(email(OTHER), "M1112", MAC),
    "DNS name that ends in a device URI": Case(dns(["x, URI:" + OTHER.format(own="", other=ZERO)]), "M1112", "own"),
    "one URI that prints like two": Case(uris("https://x/, URI:" + OTHER), "M1112", MAC),
    # README: nothing but a device id and a SID; 3.2.1 can't tell it from two names.
    "one URI that prints like SID and id": Case(uris(SID_URI + ", URI:" + OTHER), "other", MAC),
    "device id with something before it": Case(uris("x" + OTHER), "M1112", MAC),
    "device id with something behind it": Case(uris(OTHER + "?x=1"), "M1112", "M1116"),
    "names of more than 1,000 bytes": Case(
        dns([f"host-{n:03}.department.example.com" for n in range(40)]), "M1111", "own"
    ),
    "one URI of more than 1,000 bytes": Case(uris(OWN, "https://x/" + 1000 * "y"), "M1111", "M1111"),
    # OpenSSL prints no text at all for names with a NUL; an attribute ends at it (freeradius.md section 2.2).
    "NUL behind a device id": Case(uris(OTHER + "\0.example.com"), MAC, "M1112"),
    "NUL inside a device id": Case(marred("\0-"), MAC, "M1112"),
    "NUL in another name": Case(email("x@y.z\0", own_too=True), MAC, "M1112"),
    # FreeRADIUS reads names as quoted text and undoes its escapes, so what stands here is the other's id to us.
    "an octal escape in a device id": Case(marred("\\055"), "other", "other"),
    "a backslash in a device id": Case(marred("\\x2d"), "M1112", "M1116"),
    "a backslash at the end": Case(uris(OTHER + "\\"), MAC, MAC),
    "a line break behind a device id": Case(uris(OTHER + "\n"), "M1112", "M1116"),
    "no URI name": Case(lambda own, other: {"uris": [], "dns": ["laptop.example.com"]}, MAC, MAC),
}


@pytest.mark.parametrize("case", FORGED)
def test_names_that_could_be_read_in_two_ways(case: str, site: Site, new_endpoint: NewEndpoint) -> None:
    forged = FORGED[case]
    endpoint, other = new_endpoint(site), new_endpoint(site)
    other.enrol()
    made = sign_in(site, endpoint, forged.names, other.device_id)

    expected = forged.after if expect.reads_uri_names(site) else forged.before
    if expected.startswith("M"):
        assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, expected, "")
    elif expected == MAC:
        mac = endpoint.mac.replace("-", "").upper()
        assert (made.identity, made.identity_source, made.identity_proven) == (mac, MAC, False)
        assert made.rule == "Not registered"
    else:
        named = {"own": endpoint, "other": other}[expected]
        assert (made.identity, made.identity_source, made.rule) == (named.device_id, "certificate-uri", "Compliant")


def sign_in(
    site: Site,
    endpoint: Endpoint,
    names: Names,
    other: str = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11",
) -> Decision:
    """Let a compliant device sign in with a certificate that has these names."""
    endpoint.enrol()
    result = endpoint.sign_in(credential=endpoint.issue(**names(endpoint.device_id, other)))
    made = expect.decision(site, user=endpoint.identity)
    assert result.accepted is (made.outcome is Outcome.ACCEPT)
    assert not result.contradictory
    return made
