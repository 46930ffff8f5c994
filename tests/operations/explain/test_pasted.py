"""A pasted request as the hooks would see it: values by FreeRADIUS's dictionary, its client, EAP, assumptions told."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.operations.errors import OperationError
from freeradius_mdm.operations.explain.model import Subject
from freeradius_mdm.operations.explain.paste import parse
from freeradius_mdm.operations.explain.pasted import PasteOptions, subject_of
from freeradius_mdm.operations.explain.surroundings import Surroundings
from tests.builders import PRINTED, URI, URI_ATTRIBUTE, config

# dictionary(5): RFC 2865's numbers, and names for some of them.
DICTIONARY = """\
ATTRIBUTE	User-Name	1	string
ATTRIBUTE	NAS-Port	5	integer
ATTRIBUTE	Service-Type	6	integer
ATTRIBUTE	Class	25	octets
ATTRIBUTE	NAS-Port-Type	61	integer
VALUE	Service-Type	Framed-User	2
VALUE	Service-Type	Call-Check	10
VALUE	NAS-Port-Type	Ethernet	15
"""
CLIENTS = """\
client core {
	ipaddr = 192.0.2.0/24
	secret = "with a \\ backslash"
	shortname = core-switch
	mdm_family = cisco-ios-xe
}
client asa {
	ipaddr = 198.51.100.1
	secret = x
	mdm_family = cisco-asa
}
"""
CERTIFICATE = f'TLS-Client-Cert-Serial = "1f"\n{URI_ATTRIBUTE} = "{URI}"\n{PRINTED} = "URI:{URI}"\n'
RECEIVED = "Received Access-Request Id 1 from 198.51.100.1:9 to 192.0.2.1:1812 length 9\n"


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    (tmp_path / "clients.conf").write_text(CLIENTS, encoding="utf-8")
    (tmp_path / "dictionary").write_text("", encoding="utf-8")
    (tmp_path / "freeradius.dictionary").write_text(DICTIONARY, encoding="utf-8")
    made = config(tmp_path, ("[network_devices]\n", '[coa]\nclients = "clients.conf"\n\n[network_devices]\n'))
    return Surroundings(made, tmp_path / "freeradius.dictionary")


def subject(around: Surroundings, text: str, **options: str) -> Subject:
    return subject_of(parse(text), around, PasteOptions(**options), "the paste")


def seen(of: Subject) -> dict[str, str]:
    return dict(of.request.request)


def test_values_are_as_the_hooks_see_them(around: Surroundings) -> None:
    text = (
        "user-name = bob\nservice-type = 10\nNAS-Port-Type = ethernet\nNAS-Port = 0x5\nclass = odd\nClass = 0xAB\n"
        'Connect-Info = "a\\000b"\nFilter-Id = "' + "é" * 600 + '"\n'
    )
    pairs = subject(around, text, client="asa").request.request
    assert list(pairs)[:8] == [
        ("User-Name", "bob"),
        ("Service-Type", "Call-Check"),
        ("NAS-Port-Type", "Ethernet"),
        ("NAS-Port", "0x5"),
        ("Class", "0x6f6464"),
        ("Class", "0xAB"),
        ("Connect-Info", "a"),  # rlm_python3 ends a value at a NUL, and at 1023 bytes (freeradius.md section 2.2)
        ("Filter-Id", "é" * 511),
    ]


@pytest.mark.parametrize(
    ("text", "options", "client", "assumed"),
    [
        (
            "NAS-IP-Address = 192.0.2.77\n",
            {},
            ("core-switch", "192.0.2.77", "cisco-ios-xe"),
            ["the network device: core-switch, 192.0.2.77, from NAS-IP-Address"],
        ),
        (
            f"{RECEIVED}NAS-IP-Address = 192.0.2.77\n",
            {},
            ("asa", "198.51.100.1", "cisco-asa"),
            ["the network device: asa, 198.51.100.1, from the head above the request"],
        ),
        ("NAS-IP-Address = 192.0.2.77\n", {"client": "asa"}, ("asa", "198.51.100.1", "cisco-asa"), []),
        (
            "",
            {"client": "core-switch"},
            ("core-switch", None, "cisco-ios-xe"),
            ["the network device: one of 192.0.2.0/24"],
        ),
        ("", {"client": "core", "family": "hostapd"}, ("core-switch", None, "hostapd"), None),
        (
            "",
            {},
            (None, None, None),
            [
                "the network device: nothing in the paste says which one it is; --client names it",
                "vendor family: cisco-ios-xe, the default of mdm.toml",
            ],
        ),
        (
            "NAS-IP-Address = 203.0.113.1\n",
            {},
            (None, "203.0.113.1", None),
            [
                "the network device: 203.0.113.1, from NAS-IP-Address; 203.0.113.1 is no client of FreeRADIUS's files",
                "vendor family: cisco-ios-xe, the default of mdm.toml",
            ],
        ),
        (
            'MDM-Client-Name = "x"\nMDM-Client-Address = "192.0.2.5"\nMDM-Vendor-Family = "juniper"\n',
            {},
            ("x", "192.0.2.5", "juniper"),
            [],
        ),
        (
            'MDM-Client-Name = "x"\nMDM-Client-Address = "192.0.2.5"\nMDM-Vendor-Family = "juniper"\n',
            {"client": "198.51.100.1"},
            ("asa", "198.51.100.1", "cisco-asa"),
            [],
        ),
    ],
)
def test_the_network_device(
    text: str,
    options: dict[str, str],
    client: tuple[str | None, str | None, str | None],
    assumed: list[str] | None,
    around: Surroundings,
) -> None:
    found = subject(around, f"{text}User-Name = bob\n", **options)
    names = ("MDM-Client-Name", "MDM-Client-Address", "MDM-Vendor-Family")
    assert tuple(seen(found).get(name) for name in names) == client
    assert assumed is None or list(found.assumptions) == assumed


@pytest.mark.parametrize(
    ("text", "kind", "assumed"),
    [
        ("EAP-Message = 0x020100060d00\n" + CERTIFICATE, "TLS", ""),
        # RFC 3748 section 5.1: the first packet is an Identity.
        ("EAP-Message = 0x0201000801626f62\n" + CERTIFICATE, "TLS", "the EAP method: EAP-TLS, since there is a"),
        ("EAP-Message = 0x0201000801626f62\n", None, "the certificate: none, since the paste has none"),
        ("EAP-Message = 0x020100060d00\n", None, "the certificate: none, since the paste has none"),
        ("EAP-Message = 0x020100061900\n", "PEAP", ""),
        ("EAP-Message = 0x0201\nEAP-Type = TTLS\n", "TTLS", ""),
        ("Service-Type = Call-Check\n", None, ""),
    ],
)
def test_what_the_eap_module_adds(text: str, kind: str | None, assumed: str, around: Surroundings) -> None:
    found = subject(around, f"User-Name = bob\n{text}", client="asa")
    assert seen(found).get("EAP-Type") == kind
    assert [each for each in found.assumptions if "EAP" in each or "certificate" in each] == (
        [each for each in found.assumptions if each.startswith(assumed)] if assumed else []
    )
    assert bool(assumed) == bool(found.assumptions)


def test_a_request_as_the_hooks_saw_it_is_taken_at_its_word(around: Surroundings) -> None:
    """EAP-TLS without a certificate is a resumed session, and refused."""
    found = subject(around, 'EAP-Message = 0x02\nEAP-Type = TLS\nMDM-Client-Name = "x"\nMDM-Place = "eap-tls"\n')
    assert seen(found)["EAP-Type"] == "TLS"
    assert found.request.control_value("MDM-Place") == "eap-tls"


def test_uri_names_are_read_as_this_freeradius_does(around: Surroundings, tmp_path: Path) -> None:
    """freeradius.md section 5: FreeRADIUS before 3.2.7 knows the printed extension only."""
    printed = f'User-Name = bob\nTLS-Client-Cert-Serial = "1f"\n{PRINTED} = "URI:{URI}"\n'
    assert not subject(around, printed, client="asa").has_uri_attribute
    assert subject(around, printed + f'{URI_ATTRIBUTE} = "{URI}"\n', client="asa").has_uri_attribute
    newer = f"{DICTIONARY}ATTRIBUTE\t{URI_ATTRIBUTE}\t1936\tstring\n"
    (tmp_path / "newer").write_text(newer, encoding="utf-8")
    assert subject(Surroundings(around.config, tmp_path / "newer"), printed, client="asa").has_uri_attribute
    blind = Surroundings(around.config, tmp_path / "nowhere")
    told = subject(blind, printed, client="asa")
    assert told.assumptions == ("FreeRADIUS's dictionary can't be read: it is taken to show no URI names one by one",)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ('User-Name = "#ACSACL#-IP-X-12345678"\n', {}, "M1832 it asks for a downloadable ACL"),
        ("User-Name = bob\n", {"client": "nobody"}, "M1806 FreeRADIUS has no client 'nobody'; it has asa, core-switch"),
        ("User-Name = bob\n", {"family": "sisco"}, "M1800 'sisco' is no vendor family"),
    ],
)
def test_what_is_refused(text: str, options: dict[str, str], said: str, around: Surroundings) -> None:
    with pytest.raises(OperationError) as caught:
        subject(around, text, **options)
    assert str(caught.value).startswith(said)
