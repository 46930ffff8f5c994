"""VPN logins as an ASA with AnyConnect sends them (ise.md sections 4 and 5.7): who it is, and what it gets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.lab.raddb import AUTHORIZE_ONLY_CLIENT, UNSIGNED_CLIENT, VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import NoReply, RadiusClient, Reply, RetryPolicy
from freeradius_mdm.lab.radius.vpn import AnyConnectDevice, VpnHeadend, VpnLogin, log_in, mobile
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
HEADEND = VpnHeadend(started=1_700_000_000)
LOGIN = VpnLogin(VPN_USER, VPN_PASSWORD)
EMPLOYEE = expect.dacl("PERMIT-INTRANET")  # no VLAN, no Session-Timeout, no Termination-Action
QUARANTINE = expect.dacl("QUARANTINE")
ENROLMENT = [("Filter-Id", None, "ENROLMENT-ONLY")]  # a headend takes the plain name
NOBODY = "This device is not allowed here"  # reply_message of the profile Reject
LAPTOP = AnyConnectDevice()
_ports = itertools.count(16385)  # each login has a port, and so an audit-session-id, of its own


def login(
    site: Site,
    device: AnyConnectDevice,
    how: VpnLogin = LOGIN,
    headend: VpnHeadend = HEADEND,
    source: str | None = None,
) -> tuple[Reply, Decision]:
    """Log in, and give the reply with its decision, which is found by the port number."""
    headend = replace(headend, nas_port=next(_ports))
    with site.client(source) as client:
        reply = log_in(client, headend, device, how)
    (made,) = expect.decisions(site, audit_session_id=headend.session)
    return reply, made


@pytest.mark.parametrize("platform", ["apple-ios", "android"])
@pytest.mark.parametrize(
    ("compliant", "results", "rule"), [(True, EMPLOYEE, "Compliant"), (False, QUARANTINE, "Not compliant")]
)
def test_a_managed_phone(
    platform: str, compliant: bool, results: expect.Attributes, rule: str, site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=compliant)

    reply, made = login(site, mobile(endpoint.device_id, platform))

    assert reply.accepted
    assert reply.message_authenticator_first
    assert expect.results(reply) == results
    assert expect.surroundings(reply) == ["Class", expect.SIGNATURE]
    assert (made.rule, made.identity, made.identity_source) == (rule, endpoint.device_id, "vpn-device-id")
    assert (made.identity_proven, made.access, made.method, made.user) == (False, "vpn", "PAP", VPN_USER)
    assert (made.nas_address, made.nas_name) == ("192.0.2.20", "lab-switch")


def test_an_unknown_device(site: Site, new_endpoint: NewEndpoint) -> None:
    reply, made = login(site, mobile(new_endpoint(site).device_id))
    assert expect.results(reply) == ENROLMENT
    assert made.rule == "Not registered"


HASHES = {
    "as captured": LAPTOP,
    "32 digits, as many as a GUID has": replace(LAPTOP, uid="0d9f6f0e53a44f0b9d252a7e6f1c4b11"),
    "a bare GUID": replace(LAPTOP, uid="0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"),
    "no device-uid-global": replace(LAPTOP, uid_global=None),
    "none at all": replace(LAPTOP, uid=None, uid_global=None),
}


@pytest.mark.parametrize("case", HASHES)
def test_a_hash_is_no_device_id(case: str, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    reply, made = login(site, replace(HASHES[case], macs=(endpoint.mac,), public_mac=endpoint.mac))
    assert expect.results(reply) == EMPLOYEE
    assert (made.identity, made.identity_source) == (endpoint.mac.replace("-", "").upper(), "mac")


FORMS: dict[str, Callable[[str], AnyConnectDevice]] = {
    "trailing blanks": lambda device_id: replace(mobile(device_id), uid=f"ID:Intune:DeviceID:{device_id}  "),
    "commas around it": lambda device_id: replace(mobile(device_id), type="iPhone, 15, 2", user_agent="a=b, c=d"),
    "upper case": lambda device_id: mobile(device_id.upper()),
    "behind hashes": lambda device_id: replace(LAPTOP, extra=(f"device-uid=ID:Intune:DeviceID:{device_id}",)),
    "in device-uid-global": lambda device_id: replace(
        LAPTOP, uid_global=f"ID:Intune:DeviceID:{device_id}", macs=("00-50-56-00-99-99",)
    ),
    "twice the same": lambda device_id: replace(
        mobile(device_id), extra=(f"device-uid=ID:Intune:DeviceID:{device_id}",)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_device_id_in_every_form(form: str, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    reply, made = login(site, FORMS[form](endpoint.device_id))
    assert expect.results(reply) == EMPLOYEE
    assert (made.identity, made.identity_source) == (endpoint.device_id, "vpn-device-id")


@pytest.mark.parametrize(
    ("uid", "code"),
    [
        ("ID:Intune:DeviceID:0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11", "M1110"),
        ("ID:Intune:DeviceID:{{DeviceId}}", "M1113"),
        ("ID:Intune:DeviceID:laptop-7", "M1116"),
    ],
)
def test_a_device_id_beside_another_is_refused(uid: str, code: str, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()

    reply, made = login(site, replace(mobile(endpoint.device_id), extra=(f"device-uid={uid}",)))

    (said,) = reply.values("Reply-Message")
    assert str(said).startswith(f"{code} ")  # the reason reaches the user (ise.md section 5.1)
    assert expect.refused(reply, str(said))
    assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, code, "")
    assert made.attributes == (("Reply-Message", said),)


def test_a_device_id_comes_before_a_mac(site: Site, new_endpoint: NewEndpoint) -> None:
    """A device that is not compliant, with the MAC of one that is, such as a dock's."""
    device, dock = new_endpoint(site), new_endpoint(site)
    device.enrol(compliant=False)
    dock.enrol(macs=[dock.mac])
    reply, made = login(site, replace(mobile(device.device_id), macs=(dock.mac,)))
    assert expect.results(reply) == QUARANTINE
    assert made.identity == device.device_id


def test_two_macs_are_refused(site: Site) -> None:
    reply, made = login(site, replace(LAPTOP, macs=("00-50-56-a1-b2-c3", "00-50-56-a1-b2-c4")))
    assert (reply.accepted, made.reason_code) == (False, "M1110")


def test_the_calling_station_is_no_identity(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    headend = replace(HEADEND, client_address=endpoint.mac)

    reply, made = login(site, mobile(None), headend=headend)

    assert expect.refused(reply, NOBODY)
    assert (made.reason_code, made.identity, made.identity_source, made.mac) == ("M1305", "", "none", "")


def test_a_login_name_is_no_identity(site: Site) -> None:
    reply, made = login(site, mobile(None), replace(LOGIN, ms_chap=True))
    assert not reply.accepted
    assert (made.user, made.method, made.identity_source) == (VPN_USER, "MS-CHAPv2", "none")


def test_ms_chap(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    reply, made = login(site, mobile(endpoint.device_id), replace(LOGIN, ms_chap=True))
    assert reply.message_authenticator_first
    assert [at for at in expect.results(reply) if not at[0].startswith("MS-")] == EMPLOYEE
    assert (made.outcome, made.method) == (Outcome.ACCEPT, "MS-CHAPv2")


@pytest.mark.parametrize("ms_chap", [False, True], ids=["PAP", "MS-CHAPv2"])
def test_a_wrong_password(ms_chap: bool, site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    reply, made = login(site, mobile(endpoint.device_id), VpnLogin(VPN_USER, "not it", ms_chap=ms_chap))
    assert not reply.accepted
    assert reply.message_authenticator_first
    assert {at.name for at in reply.attributes} <= {expect.SIGNATURE, "MS-CHAP-Error"}
    assert (made.outcome, made.reason_code, made.identity) == (Outcome.REJECT, "M1003", "")
    assert made.reason


def test_authorize_only_is_not_let_in_without_a_password(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    reply, made = login(site, mobile(endpoint.device_id), replace(LOGIN, password=None))
    assert expect.refused(reply)
    assert made.reason_code == "M1702"


def test_authorize_only_from_a_headend_that_checks_its_users_itself(site: Site, new_endpoint: NewEndpoint) -> None:
    """ise.md section 4: without password only from network devices set so. The policy decides as always."""
    endpoint = new_endpoint(site)
    endpoint.enrol()
    alone = replace(LOGIN, user="nobody-in-particular", password=None)

    reply, made = login(site, mobile(endpoint.device_id), alone, source=AUTHORIZE_ONLY_CLIENT)

    assert expect.results(reply) == EMPLOYEE
    assert reply.message_authenticator_first
    assert (made.outcome, made.rule, made.family, made.access) == (Outcome.ACCEPT, "Compliant", "cisco-asa", "vpn")

    unknown, _ = login(site, LAPTOP, alone, source=AUTHORIZE_ONLY_CLIENT)
    assert expect.results(unknown) == ENROLMENT
    # A password is checked as ever where one is sent.
    wrong, made = login(site, mobile(endpoint.device_id), replace(LOGIN, password="no"), source=AUTHORIZE_ONLY_CLIENT)  # noqa: S106
    assert expect.refused(wrong)
    assert made.reason_code == "M1003"


def test_an_unsigned_authorize_only_request_gets_no_answer(site: Site) -> None:
    unsigned = replace(LOGIN, password=None, sign=False)
    for source in (UNSIGNED_CLIENT, AUTHORIZE_ONLY_CLIENT):
        with site.client(source) as named, RadiusClient(named.server, RetryPolicy(1, 0.3)) as client:
            try:
                reply = log_in(client, HEADEND, LAPTOP, unsigned)
            except NoReply:
                continue
            assert expect.refused(reply)


def test_an_unsigned_request_is_dropped(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    with site.client() as named, pytest.raises(NoReply), RadiusClient(named.server, RetryPolicy(1, 0.3)) as client:
        log_in(client, replace(HEADEND, nas_port=next(_ports)), mobile(endpoint.device_id), replace(LOGIN, sign=False))
    assert expect.all_decisions(site, identity=endpoint.device_id) == []


def test_a_headend_that_cannot_sign_is_let_off(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    unsigned = replace(LOGIN, sign=False)

    reply, made = login(site, mobile(endpoint.device_id), unsigned, source=UNSIGNED_CLIENT)
    wrong, _ = login(site, mobile(endpoint.device_id), replace(unsigned, password="no"), source=UNSIGNED_CLIENT)  # noqa: S106

    assert expect.results(reply) == EMPLOYEE
    assert reply.message_authenticator_first
    assert made.nas_name == "lab-headend"
    assert expect.refused(wrong)


@pytest.mark.parametrize("name", ["#ACSACL#-IP-QUARANTINE-00000000", "#acsacl#-ip-x"])
def test_a_dacl_name_never_logs_in(name: str, site: Site) -> None:
    acl = replace(LOGIN, user=name)
    with site.client() as client:
        reply = log_in(client, HEADEND, LAPTOP, acl)
    assert expect.refused(reply, "M1512 the name of a downloadable ACL without aaa:event=acl-download")

    # Unsigned it gets no answer at all, also from a headend that is let off (ise.md section 5.5).
    with (
        site.client(UNSIGNED_CLIENT) as named,
        pytest.raises(NoReply),
        RadiusClient(named.server, RetryPolicy(1, 0.3)) as client,
    ):
        log_in(client, HEADEND, LAPTOP, replace(acl, sign=False))
    assert expect.all_decisions(site, user=name) == []  # it is a refused download, see test_dacl_download.py


@pytest.mark.parametrize(("setting", "seconds"), [('"1h"', 3600), ('"compliance"', 14400), ('"9h"', 14400)])
def test_a_session_timeout_only_where_the_profile_asks(
    setting: str, seconds: int, own_site: Site, new_endpoint: NewEndpoint
) -> None:
    endpoint = new_endpoint(own_site)
    endpoint.enrol()

    profile = "[profiles.Employee]\n"
    with expect.changed(own_site, (own_site.mdm_toml, profile, f"{profile}vpn_session_timeout = {setting}\n")):
        reply, _ = login(own_site, mobile(endpoint.device_id))

    # Never with Termination-Action, and never longer than the record counts.
    assert expect.results(reply) == [*EMPLOYEE, ("Session-Timeout", None, seconds)]
