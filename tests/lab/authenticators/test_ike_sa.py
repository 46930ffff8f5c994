"""`swanctl --list-sas --raw`: the text is what swanctl 5.9.8 printed, shortened."""

from __future__ import annotations

from freeradius_mdm.lab.authenticators import ike_sa

UP = (
    "list-sa event {vpn {uniqueid=7 version=2 state=ESTABLISHED local-host=203.0.113.1 local-port=4500 "
    "local-id=vpn.lab.example remote-host=203.0.113.2 remote-port=4500 remote-id=C=CH, O=Lab, CN=laptop one "
    "remote-eap-id=IntuneDeviceId://11111111 nat-remote=yes encr-keysize=128 established=0 reauth-time=12960 "
    "remote-vips=[198.51.100.1 2001:db8::1] child-sas {net-1 {name=net uniqueid=1 state=INSTALLED mode=TUNNEL "
    "local-ts=[10.99.0.0/24] remote-ts=[198.51.100.1/32]}}}}\n"
)
WITHOUT_TUNNEL = (
    "list-sa event {vpn {uniqueid=8 version=2 state=ESTABLISHED remote-host=203.0.113.3 established=0 "
    "rekey-time=13054 tasks-queued=[IKE_MOBIKE] child-sas {}}}\n"
)
CONNECTING = "list-sa event {vpn {uniqueid=9 version=2 state=CONNECTING child-sas {}}}\n"
END = "list-sas reply {}\n"


def test_what_is_up() -> None:
    (session,) = ike_sa.parse(UP + END)
    assert (session.connection, session.number, session.state) == ("vpn", 7, "ESTABLISHED")
    assert (session.peer, session.eap_identity) == ("203.0.113.2", "IntuneDeviceId://11111111")
    assert session.virtual_addresses == ("198.51.100.1", "2001:db8::1")
    assert session.reauthentication == 12960
    assert session.children == ("INSTALLED",)
    assert session.is_up


def test_what_is_not() -> None:
    first, second = ike_sa.parse(WITHOUT_TUNNEL + CONNECTING + END)
    assert (first.number, first.children, first.reauthentication, first.is_up) == (8, (), None, False)
    assert (second.state, second.peer, second.is_up) == ("CONNECTING", "", False)
    assert ike_sa.parse(END) == []
