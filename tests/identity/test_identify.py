"""Asking the sources in their order."""

from __future__ import annotations

import pytest

from freeradius_mdm.codes import Code
from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.model import IdentitySource, IdentitySourceType
from freeradius_mdm.identity.identify import identify
from freeradius_mdm.identity.model import Identity
from tests.builders import DEVICE, MAB, OTHER, PRINTED, SID, URI, URI_ATTRIBUTE, VPN, WIRED_EAP_TLS, patterns, request

Pair = tuple[str, str]
SOURCES = tuple(
    IdentitySource(kind, "Intune", patterns(kind))
    for kind in (
        IdentitySourceType.CERTIFICATE_URI,
        IdentitySourceType.VPN_DEVICE_ID,
        IdentitySourceType.CERTIFICATE_CN,
        IdentitySourceType.MAC,
    )
)
LIST = (PRINTED, "URI:...")  # beside the attributes stands the text; what it says is not looked at
VPN_ID = ("Cisco-AVPair", f"mdm-tlv=device-uid=ID:Intune:DeviceID:{OTHER}")
CN = ("TLS-Client-Cert-Common-Name", OTHER)


def who(*pairs: Pair, place: str = "", has_uri_attribute: bool = True) -> Identity:
    control = [("MDM-Place", place)] if place else []
    return identify(request(*pairs, control=control), SOURCES, has_uri_attribute=has_uri_attribute)


@pytest.mark.parametrize(
    ("pairs", "value", "source", "proven"),
    [
        # A certificate is proof, everything else a claim; a device id goes before any MAC.
        ([*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, SID), (URI_ATTRIBUTE, URI)], DEVICE, "certificate-uri", True),
        ([*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, URI), CN], DEVICE, "certificate-uri", True),
        ([*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, SID), CN], OTHER, "certificate-cn", True),
        ([*VPN, VPN_ID], OTHER, "vpn-device-id", False),
        (VPN, "005056A1B2C3", "mac", False),
        (MAB, "005056A1B2C3", "mac", False),
        (WIRED_EAP_TLS, "005056A1B2C3", "mac", False),
    ],
)
def test_first_source_that_gives_an_id(pairs: list[Pair], value: str, source: str, proven: bool) -> None:
    found = who(*pairs)
    kind = IdKind.MAC if source == "mac" else IdKind.INTUNE
    assert (found.key, found.source, found.proven) == (EndpointKey("Intune", kind, value), source, proven)
    assert found.refusal is None


def test_a_refusal_is_final_although_a_mac_is_there() -> None:
    found = who(*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, URI), (URI_ATTRIBUTE, f"ID:Intune:GUID:{OTHER}"))
    assert found.key is None
    assert found.source == "certificate-uri"
    assert found.refusal is not None
    assert found.refusal[0] is Code.AMBIGUOUS_IDENTITY


def test_forged_printed_text_is_final_too() -> None:
    found = who(*WIRED_EAP_TLS, (PRINTED, f"email:a, URI:{URI}"), has_uri_attribute=False)
    assert found.key is None
    assert found.refusal is not None
    assert found.refusal[0] is Code.UNSAFE_CERTIFICATE_TEXT


def test_nothing_to_go_by_is_no_refusal() -> None:
    found = who(("User-Name", "alice"))
    assert (found.key, found.source, found.refusal) == (None, "none", None)
    assert found.notes[-1][0] is Code.NO_IDENTITY


RESUMED = [pair for pair in WIRED_EAP_TLS if not pair[0].startswith("TLS-Client-Cert-")]


@pytest.mark.parametrize(
    ("pairs", "place"),
    [
        # freeradius.md section 7: a resumed TLS 1.3 session shows no certificate attribute at all.
        (RESUMED, "eap-tls"),
        ([pair for pair in RESUMED if pair[0] != "EAP-Type"], "eap-tls"),
        # A site's own check-eap-tls server may have forgotten to say where it is.
        (RESUMED, ""),
        ([("EAP-Type", "13") if pair[0] == "EAP-Type" else pair for pair in RESUMED], ""),
    ],
)
def test_eap_tls_without_a_certificate_is_refused_and_never_known_by_its_mac(pairs: list[Pair], place: str) -> None:
    found = who(*pairs, place=place)
    assert found.key is None
    assert found.refusal is not None
    assert found.refusal[0] is Code.RESUMED_WITHOUT_CERTIFICATE


def test_a_resumed_tls_1_2_session_shows_its_certificate() -> None:
    assert who(*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, URI), place="eap-tls").key == EndpointKey(
        "Intune", IdKind.INTUNE, DEVICE
    )


def test_each_source_names_its_server() -> None:
    contoso = patterns(IdentitySourceType.CERTIFICATE_URI, "contoso:{guid}")
    sources = (IdentitySource(IdentitySourceType.CERTIFICATE_URI, "Contoso", contoso), *SOURCES)
    pairs = request(*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, f"contoso:{OTHER}"))
    assert identify(pairs, sources, has_uri_attribute=True).key == EndpointKey("Contoso", IdKind.INTUNE, OTHER)
    pairs = request(*WIRED_EAP_TLS, LIST, (URI_ATTRIBUTE, URI))
    assert identify(pairs, sources, has_uri_attribute=True).key == EndpointKey("Intune", IdKind.INTUNE, DEVICE)


def test_a_site_can_leave_macs_out() -> None:
    assert identify(request(*MAB), SOURCES[:-1], has_uri_attribute=True).source == "none"
