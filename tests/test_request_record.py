"""What is kept of a request: enough to decide it again, and no secret."""

from __future__ import annotations

import pytest

from freeradius_mdm.describe import describe
from freeradius_mdm.reply_size import room_for
from freeradius_mdm.request_record import NOT_KEPT, has_uri_attribute, not_kept, recorded, request_of
from freeradius_mdm.trail import Trail
from tests.builders import MAB, NOW, PRINTED, URI, URI_ATTRIBUTE, VPN, WIRED_EAP_TLS, request

SECRET = "hunter2secret"  # noqa: S105 made up

SECRETS = {
    # RFC 2865, 2548, 2869, 5090: passwords, and what a password can be searched by.
    "User-Password": SECRET,
    "CHAP-Password": SECRET,
    "CHAP-Challenge": SECRET,
    "MS-CHAP-Challenge": SECRET,
    "MS-CHAP-Response": SECRET,
    "MS-CHAP2-Response": SECRET,
    "MS-CHAP-NT-Enc-PW:1": SECRET,
    "MS-MPPE-Send-Key": SECRET,
    "MS-MPPE-Recv-Key": SECRET,
    "ARAP-Password": SECRET,
    "ARAP-Challenge-Response": SECRET,
    "Digest-Response": SECRET,
    "Tunnel-Password:1": SECRET,
    "Tunnel-Password": SECRET,
    # FreeRADIUS's own.
    "Cleartext-Password": SECRET,
    "NT-Password": SECRET,
    "LM-Password": SECRET,
    "SHA-Password": SECRET,
    "Crypt-Password": SECRET,
    "EAP-MSK": SECRET,
    "EAP-EMSK": SECRET,
    "EAP-Message": SECRET,
    "EAP-Session-Id": SECRET,
    "TLS-Session-Data": SECRET,
    "TLS-Session-ID": SECRET,
    "TLS-PSK-Identity": SECRET,
    "TLS-Client-Cert-Private-Key": SECRET,
    "FreeRADIUS-802.1X-Anonce": SECRET,
    "FreeRADIUS-802.1X-EAPoL-Key-Msg": SECRET,
    "Pairwise-Master-Key": SECRET,
    "TOTP-Secret": SECRET,
    "TOTP-Password": SECRET,
    "REST-HTTP-Body": SECRET,
    "Module-Failure-Message": SECRET,
    # Vendors'.
    "Aruba-MPSK-Passphrase": SECRET,
    "Ruckus-DPSK": SECRET,
    "Cisco-AVPair": f"psk={SECRET}",
    "H3C-AV-Pair": f"password={SECRET}",
    # Of that exchange alone.
    "State": SECRET,
    "Proxy-State": SECRET,
    "Message-Authenticator": SECRET,
    "MDM-Decision-Id": SECRET,
    "MDM-Outer-Request-Not": SECRET,
}
AV_PAIRS = (
    "psk=x",
    "ipsec:tunnel-password=x",
    "vpdn:l2tp-tunnel-password=x",
    "ipsec:ikev2-password-local=x",
    "tunnel-password=x",
    "8021x-data=x",
    "cisco-8021x-data=x",
    "cisco-anonce=x",
    "anonce=x",
    "wpa-pre-shared-key=x",
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_left_out(name: str) -> None:
    kept = recorded(request(("User-Name", "somebody"), (name, SECRETS[name])))
    assert [pair for pair in kept if pair[1]] == [("User-Name", "somebody"), (NOT_KEPT, name.partition(":")[0])]
    assert not_kept(kept) == (name.partition(":")[0],)


@pytest.mark.parametrize("value", AV_PAIRS)
def test_a_secret_in_a_cisco_pair_is_left_out(value: str) -> None:
    pairs = (("Cisco-AVPair", value), ("Cisco-AVPair", "audit-session-id=0A0A"))
    assert recorded(request(*pairs)) == (("Cisco-AVPair", "audit-session-id=0A0A"), (NOT_KEPT, "Cisco-AVPair"))


def test_no_secret_is_in_a_decision() -> None:
    pairs = tuple(SECRETS.items()) + tuple(("Cisco-AVPair", value.replace("x", SECRET)) for value in AV_PAIRS)
    made = describe(request(*WIRED_EAP_TLS, *pairs), Trail("0" * 24, NOW, lambda: NOW))
    assert SECRET not in made.to_json()
    assert "hunter2" not in repr(made)


@pytest.mark.parametrize(
    "name",
    [
        "NAS-IP-Address",
        "NAS-Port-Type",
        "Called-Station-Id",
        "Acct-Session-Id",
        "Service-Type",
        "Connect-Info",
        "Tunnel-Client-Endpoint:0",
        "Aruba-Essid-Name",
        "Airespace-Wlan-Id",
        "Attr-26.9999.1",
        "TLS-Client-Cert-Serial",
        "TLS-Client-Cert-Subject-Alt-Name-Uri",
        "TLS-Client-Cert-X509v3-Subject-Key-Identifier",
        "TLS-Cert-Issuer",
        "EAP-Type",
        "MDM-Vendor-Family",
        "MDM-Client-Name",
        "MDM-Client-Address",
        "WLAN-AKM-Suite",
        "Tmp-String-0",
    ],
)
def test_everything_else_is_kept(name: str) -> None:
    assert recorded(request((name, "value"))) == ((name, "value"),)


@pytest.mark.parametrize("pairs", [WIRED_EAP_TLS, MAB, VPN], ids=["wired", "mab", "vpn"])
def test_it_is_the_same_request_again(pairs: tuple[tuple[str, str], ...]) -> None:
    """Kind of access, method, MAC and every attribute that a rule can name."""
    asked = request(*pairs)
    first = describe(asked, Trail("0" * 24, NOW, lambda: NOW))
    again = request_of(first.request, first.method)
    assert describe(again, Trail("0" * 24, NOW, lambda: NOW)) == first
    assert (again.nas_kind, again.is_eap, again.is_mab) == (asked.nas_kind, asked.is_eap, asked.is_mab)
    names = {name.partition(":")[0] for name, _ in pairs} - {"EAP-Message"}
    assert {name: again.all(name) for name in names} == {name: asked.all(name) for name in names}


def test_a_value_is_kept_as_it_was_decided_on_however_long_it_is() -> None:
    """rlm_python3 hands on 1023 bytes at most; the hooks decide on that, and refuse a certificate's name of 1000."""
    pairs = (("User-Name", "x" * 999), ("TLS-Client-Cert-Common-Name", "x" * 1023))
    assert recorded(request(*pairs)) == pairs


def test_what_is_too_much_is_left_out_and_named() -> None:
    # RFC 2865 section 3: 4096 bytes, 20 of them the header; an attribute has 3 at least.
    tiny = tuple(("Class", f"0x{number % 256:02x}") for number in range((4096 - 20) // 3))
    assert recorded(request(*tiny)) == tiny
    large = tuple(("Connect-Info", "x" * 1000) for _ in range(50))
    assert recorded(request(*large)) == (*large[:40], (NOT_KEPT, "Connect-Info"))


def test_what_else_the_decision_depends_on_is_kept() -> None:
    """The place says EAP-TLS, a reply that is part full has less room, and URI names may not be told one by one."""
    asked = request(*MAB, control=[("MDM-Place", "eap-tls")], reply=[("Cisco-AVPair", "a=b")])
    again = request_of(recorded(asked), "MAB")
    assert (again.request, again.control_value("MDM-Place")) == (MAB, "eap-tls")
    assert (room_for(again), room_for(asked)) == (4058 - 11, 4058 - 11)  # RFC 2865: 2 + 4 + 2 + 3 bytes
    eap = request(*WIRED_EAP_TLS, ("Proxy-State", "0xab"), reply=[("Class", "0x01"), ("MS-MPPE-Send-Key", "0x00")])
    assert room_for(request_of(recorded(eap), "EAP-TLS")) == room_for(eap)
    printed = request((PRINTED, "DNS:laptop.example"))
    assert has_uri_attribute(recorded(printed, has_uri_attribute=True))
    assert not has_uri_attribute(recorded(printed, has_uri_attribute=False))
    assert has_uri_attribute(recorded(request((PRINTED, f"URI:{URI}"), (URI_ATTRIBUTE, URI)), has_uri_attribute=True))


def test_no_attribute_of_a_request_can_pass_for_that() -> None:
    forged = ((NOT_KEPT, "Class"), ("MDM-Place", "eap-tls"), ("MDM-Reply-Taken", "4000"), ("MDM-No-Uri-Names", "yes"))
    kept = recorded(request(*forged))
    assert kept == ((NOT_KEPT, "MDM-Not-Kept MDM-Place MDM-Reply-Taken MDM-No-Uri-Names"),)


def test_repeated_attributes_keep_their_order() -> None:
    pairs = (("Class", "0x01"), ("Cisco-AVPair", "a=1"), ("Class", "0x02"), ("Cisco-AVPair", "a=2"))
    assert recorded(request(*pairs)) == pairs
