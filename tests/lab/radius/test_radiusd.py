"""Everything at once, against a real FreeRADIUS in normal (not debug) mode."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from freeradius_mdm.lab.radius import (
    Code,
    EapCode,
    EapTlsResult,
    EapTlsSupplicant,
    NoReply,
    RadiusClient,
    RetryPolicy,
    TlsProfile,
    TlsVersion,
    access,
    accounting,
    vpn,
)
from freeradius_mdm.lab.radius.accounting import Session, Status
from tests.lab.radius import pki
from tests.lab.radius.radiusd import Radiusd, has_ipv6

PASSWORD = "lab password"  # noqa: S105
PORT = access.WiredPort("005056a1b2c3", access.audit_session_id("192.0.2.10", 1, 1700000000))
HEADEND = vpn.VpnHeadend(started=1700000000)
LAPTOP = vpn.AnyConnectDevice()

both_versions = pytest.mark.parametrize("version", list(TlsVersion), ids=lambda version: version.value)


def profile(
    authority: pki.Authority, name: str, version: TlsVersion, *, expired: bool = False, server_name: str | None = None
) -> TlsProfile:
    files = authority.issue(name, expired=expired)
    return TlsProfile(files, minimum=version, maximum=version, server_name=server_name)


def authenticate(client: RadiusClient, used: TlsProfile, identity: str = "host/laptop") -> EapTlsResult:
    return EapTlsSupplicant(client, used).authenticate(identity, PORT.dot1x())


@both_versions
@pytest.mark.parametrize("fragment_size", [100, 200, 1300, 3000])
def test_eap_tls(client: RadiusClient, authority: pki.Authority, version: TlsVersion, fragment_size: int) -> None:
    used = profile(authority, "device", version, server_name=pki.SERVER_NAME)
    supplicant = EapTlsSupplicant(client, used, fragment_size)
    result = supplicant.authenticate("host/laptop", PORT.dot1x())
    assert (result.accepted, result.eap_code, result.contradictory) == (True, EapCode.SUCCESS, False)
    assert (result.tls_version, result.tls_error, result.resumed) == (f"TLSv{version.value}", None, False)
    assert result.reply.has_mppe_keys
    assert result.reply.has_message_authenticator
    assert 0 < result.seconds < 30

    resumed = supplicant.authenticate("host/laptop", PORT.dot1x(), result.session)
    assert (resumed.accepted, resumed.eap_code, resumed.resumed) == (True, EapCode.SUCCESS, True)
    assert resumed.round_trips < result.round_trips


@both_versions
def test_smaller_fragments_need_more_round_trips(
    client: RadiusClient, authority: pki.Authority, version: TlsVersion
) -> None:
    used = profile(authority, "device", version)
    small, large = (EapTlsSupplicant(client, used, size).authenticate("x", ()) for size in (200, 1300))
    assert small.round_trips > large.round_trips


def test_more_than_fifty_round_trips(client: RadiusClient, authority: pki.Authority) -> None:
    """FreeRADIUS then ends the session with a bare Access-Reject; it is no error of ours."""
    supplicant = EapTlsSupplicant(client, profile(authority, "device", TlsVersion.TLS_1_3), fragment_size=16)
    result = supplicant.authenticate("host/laptop", PORT.dot1x())
    assert (result.accepted, result.eap_code) == (False, None)
    assert 50 < result.round_trips < 55


def test_the_reply_in_wire_order(client: RadiusClient, authority: pki.Authority) -> None:
    reply = authenticate(client, profile(authority, "device", TlsVersion.TLS_1_3)).reply
    assert [(at.name, at.tag) for at in reply.attributes][:5] == [
        ("MS-MPPE-Recv-Key", None),
        ("MS-MPPE-Send-Key", None),
        ("EAP-Message", None),
        ("Message-Authenticator", None),
        ("User-Name", None),
    ]
    assert reply.attributes[5:] == (
        ("Tunnel-Type", 1, 13),
        ("Tunnel-Medium-Type", 1, 6),
        ("Tunnel-Private-Group-Id", 1, "663"),
        ("Session-Timeout", None, 14400),
        ("Termination-Action", None, 1),
        ("Cisco-AVPair", None, "url-redirect-acl=ACL-MDM"),
        ("Cisco-AVPair", None, "profile-name=Lab"),
        ("ASA-Group-Policy", None, "GP-Lab"),
        ("Class", None, b"LAB"),
    )
    assert reply.values("Cisco-AVPair") == ("url-redirect-acl=ACL-MDM", "profile-name=Lab")
    assert reply.value("Tunnel-Private-Group-Id", tag=2) is None
    assert not reply.message_authenticator_first


@both_versions
@pytest.mark.parametrize("expired", [True, False], ids=["expired", "unknown CA"])
def test_a_certificate_the_server_refuses(
    client: RadiusClient, authority: pki.Authority, version: TlsVersion, expired: bool
) -> None:
    issuer = authority if expired else pki.authority(authority.directory / "strangers", "stranger")
    files = replace(issuer.issue("bad", expired=expired), ca=authority.file)
    result = authenticate(client, TlsProfile(files, minimum=version, maximum=version))
    assert (result.accepted, result.eap_code, result.session) == (False, EapCode.FAILURE, None)
    assert (result.reply.code, result.reply.has_mppe_keys) == (Code.ACCESS_REJECT, False)


@both_versions
def test_a_reject_inside_eap(client: RadiusClient, authority: pki.Authority, version: TlsVersion) -> None:
    result = authenticate(client, profile(authority, "refused", version))
    assert (result.accepted, result.eap_code, result.contradictory) == (False, EapCode.FAILURE, False)


@both_versions
def test_a_reject_in_post_auth_contradicts_eap(
    client: RadiusClient, authority: pki.Authority, version: TlsVersion
) -> None:
    result = authenticate(client, profile(authority, "device", version), identity="late-reject")
    assert (result.accepted, result.eap_code, result.contradictory) == (False, EapCode.SUCCESS, True)


@both_versions
def test_a_server_we_refuse(client: RadiusClient, authority: pki.Authority, version: TlsVersion) -> None:
    stranger = pki.authority(authority.directory / "others", "other")
    files = replace(authority.issue("device"), ca=stranger.file)
    result = authenticate(client, TlsProfile(files, minimum=version, maximum=version))
    assert (result.accepted, result.eap_code) == (False, EapCode.FAILURE)
    assert result.tls_error is not None
    assert "self-signed certificate in certificate chain" in result.tls_error

    named = profile(authority, "device", version, server_name="another.example.org")
    result = authenticate(client, named)
    assert not result.accepted
    assert result.tls_error is not None
    assert "Hostname mismatch" in result.tls_error


def test_many_at_once(server: Radiusd, authority: pki.Authority) -> None:
    """Also more exchanges than one socket has identifiers, and more than the 256 requests of a bare configuration."""
    used = profile(authority, "device", TlsVersion.TLS_1_3)

    def run(_: int) -> int:
        with RadiusClient(server.server()) as client:
            supplicant = EapTlsSupplicant(client, used)
            return sum(supplicant.authenticate("many", PORT.dot1x()).accepted for _ in range(20))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(4))) == [20] * 4


@pytest.mark.parametrize("ms_chap", [False, True], ids=["PAP", "MS-CHAPv2"])
@pytest.mark.parametrize(("password", "code"), [(PASSWORD, Code.ACCESS_ACCEPT), ("wrong", Code.ACCESS_REJECT)])
@pytest.mark.parametrize("sign", [True, False])
def test_vpn(client: RadiusClient, ms_chap: bool, password: str, code: Code, sign: bool) -> None:
    reply = vpn.log_in(client, HEADEND, LAPTOP, vpn.VpnLogin("employee", password, sign=sign, ms_chap=ms_chap))
    assert (reply.code, reply.eap_code) == (code, None)
    if reply.accepted:
        # the server understood the tunnel group and counted the pairs
        assert reply.value("Reply-Message") == "DefaultWEBVPNGroup 11"
        assert reply.message_authenticator_first


def test_a_server_that_signs_nothing(client: RadiusClient) -> None:
    """FreeRADIUS before 3.2.5, left alone."""
    assert not access.authenticate_mab(client, PORT).has_message_authenticator


@pytest.mark.parametrize("sign", [True, False])
def test_mab(client: RadiusClient, sign: bool) -> None:
    reply = access.authenticate_mab(client, PORT, sign=sign)
    assert (reply.code, reply.eap_code, reply.has_mppe_keys) == (Code.ACCESS_ACCEPT, None, False)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6(server: Radiusd, authority: pki.Authority) -> None:
    with RadiusClient(server.server("::1")) as client:
        assert access.authenticate_mab(client, PORT).accepted
        assert authenticate(client, profile(authority, "device", TlsVersion.TLS_1_3)).accepted


@pytest.mark.parametrize(
    ("sign", "why"),
    [
        # the server drops a request with a wrong signature, and answers one without in a way we can't believe
        (True, "no answer to 1 requests; does the server know"),
        (False, "wrong Response Authenticator; do both sides have the same secret"),
    ],
)
def test_wrong_secret(server: Radiusd, sign: bool, why: str) -> None:
    stranger = replace(server.server(), secret=b"wrong")
    with RadiusClient(stranger, RetryPolicy(1, 0.5)) as client, pytest.raises(NoReply, match=why):
        access.authenticate_mab(client, PORT, sign=sign)


def test_accounting(server: Radiusd, client: RadiusClient) -> None:
    reply = vpn.log_in(client, HEADEND, LAPTOP, vpn.VpnLogin("employee", PASSWORD))
    session = Session("employee", "0000A1", accounting.vpn_access(HEADEND, LAPTOP), reply)
    with RadiusClient(server.accounting) as accountant:
        for status in Status:
            answer = accounting.send(accountant, session.attributes(status, seconds=60))
            assert answer.code is Code.ACCOUNTING_RESPONSE
    for line in (
        "Acct-Status-Type = Start",
        "Acct-Status-Type = Interim-Update",
        "Acct-Status-Type = Stop",
        "Class = 0x4c4142",
        'Cisco-AVPair = "mdm-tlv=device-platform-version=10.0.19044 "',
        "ASA-SessionType = AnyConnect-Client-SSL-VPN",
    ):
        assert line in server.detail
