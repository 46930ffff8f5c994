"""The last look at a reply."""

from __future__ import annotations

import time

import pytest

from freeradius_mdm.attribute_type import Form, Type
from freeradius_mdm.confirm import differences, eap_failure, recorded
from freeradius_mdm.reply import List, Operator, Pair, encode

DACL = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-OPEN-ba3efdc0"
DECIDED = (
    Pair("Tunnel-Type", "VLAN", tag=1),
    Pair("Tunnel-Medium-Type", "IEEE-802", tag=1),
    Pair("Tunnel-Private-Group-Id", "20", tag=1),
    Pair("Cisco-AVPair", DACL, Operator.ADD),
    Pair("Session-Timeout", 14400),
    Pair("Termination-Action", "RADIUS-Request"),
)
SENT = (
    ("Tunnel-Type:1", "VLAN"),
    ("Tunnel-Medium-Type:1", "IEEE-802"),
    ("Tunnel-Private-Group-Id:1", "20"),
    ("Cisco-AVPair", DACL),
    ("Session-Timeout", "14400"),
    ("Termination-Action", "RADIUS-Request"),
)


def test_as_decided() -> None:
    assert differences(DECIDED, SENT) == []
    others = (("MDM-Decision-Id", "1"), ("User-Name", "u"), ("Cisco-AVPair", "profile-name=laptop"), ("Class", "0x00"))
    assert differences(DECIDED, (*others, *SENT)) == []
    assert differences((), others) == []
    # A value that the tunnel and the outer reply both hold is one value.
    assert differences(DECIDED, (*SENT, ("Cisco-AVPair", DACL))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # Taken away, changed, or a second one beside it, of which the device would choose.
        ((("Session-Timeout", "14400"), None), "Session-Timeout is missing, decided was 14400"),
        ((("Session-Timeout", "14400"), ("Session-Timeout", "0")), "Session-Timeout is 0, decided was 14400"),
        ((None, ("Session-Timeout", "60")), "Session-Timeout is 14400, 60, decided was 14400"),
        ((("Cisco-AVPair", DACL), None), f"Cisco-AVPair is missing, decided was {DACL}"),
        (
            (None, ("Cisco-AVPair", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-ALL-1")),
            f"Cisco-AVPair is {DACL}, ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-ALL-1, decided was {DACL}",
        ),
        # A VLAN under another tag, or under none, which arrives as tag 0.
        (
            (None, ("Tunnel-Private-Group-Id:2", "30")),
            "Tunnel-Private-Group-Id:1 is 20, Tunnel-Private-Group-Id:2 = 30, decided was 20",
        ),
        (
            (None, ("Tunnel-Private-Group-Id:0", "30")),
            "Tunnel-Private-Group-Id:1 is 20, Tunnel-Private-Group-Id:0 = 30, decided was 20",
        ),
        ((("Tunnel-Type:1", "VLAN"), ("Tunnel-Type:1", "GRE")), "Tunnel-Type:1 is GRE, decided was VLAN"),
    ],
)
def test_not_as_decided(change: tuple[tuple[str, str] | None, tuple[str, str] | None], said: str) -> None:
    old, new = change
    sent = tuple(pair for pair in SENT if pair != old) + ((new,) if new else ())
    assert differences(DECIDED, sent) == [said]


def test_untagged() -> None:
    # Seen by running 3.2.1 and 3.2.7: an untagged attribute is handed over with tag 0.
    for tag in (0, None):
        assert differences([Pair("Tunnel-Type", "VLAN", tag=tag)], [("Tunnel-Type:0", "VLAN")]) == []
        assert differences([Pair("Tunnel-Type", "VLAN", tag=tag)], [("Tunnel-Type:1", "VLAN")]) != []


def test_what_was_added_to_what_was_set() -> None:
    decided = [Pair("Tunnel-Type", "VLAN", tag=1), Pair("Tunnel-Type", "GRE", Operator.ADD, tag=2)]
    sent = [("Tunnel-Type:1", "VLAN"), ("Tunnel-Type:2", "GRE")]
    assert differences(decided, sent) == []
    assert differences(decided, sent[:1]) == ["Tunnel-Type:1 is VLAN, decided was VLAN, Tunnel-Type:2 = GRE"]
    assert differences(decided, sent[::-1]) != []
    assert differences(decided, [*sent, ("Tunnel-Type:3", "VLAN")]) != []


def test_several_values_of_one_name_may_be_meant() -> None:
    decided = [Pair("Cisco-AVPair", f"service={name}", Operator.ADD) for name in ("a", "b")]
    assert differences(decided, [("Cisco-AVPair", "service=a"), ("Cisco-AVPair", "service=b")]) == []
    assert differences(decided, [("Cisco-AVPair", "service=a")]) == [
        "Cisco-AVPair is service=a, decided was service=a, service=b"
    ]


def test_a_long_acl_is_compared_quickly() -> None:
    """One hook call at a time: the time may grow with the number of entries, not with its square."""
    decided = [Pair("Cisco-AVPair", f"ip:inacl#{number}=permit ip any any", Operator.ADD) for number in range(3000)]
    began = time.process_time()
    assert differences(decided, [(pair.name, str(pair.value)) for pair in decided]) == []
    assert time.process_time() - began < 0.5


def test_an_operators_attribute_is_taken_back_too() -> None:
    pair = Pair("Framed-IP-Address", "192.0.2.1", type=Type(Form.IPV4, 8))
    assert encode({List.REPLY: eap_failure((), [pair])}) == {"reply": (("Framed-IP-Address", "!*", "ANY"),)}


@pytest.mark.parametrize("value", ["back\\slash", "two\\\\", 'a\\"b', "end\\", 'say "no"', "%{User-Name}", "café"])
def test_values_come_back_as_they_are(value: str) -> None:
    # Seen by running 3.2.1 and 3.2.7: rlm_python3 hands on `back\\slash "quoted"` without any escapes of its own.
    assert differences([Pair("Filter-Id", value)], [("Filter-Id", value)]) == []
    assert differences([Pair("Filter-Id", value)], [("Filter-Id", value + "x")]) != []


def test_recorded_leaves_out_secrets_and_what_is_not_sent() -> None:
    secret = (
        ("MS-MPPE-Recv-Key", "0x00"),
        ("MS-MPPE-Send-Key", "0x00"),
        ("EAP-MSK", "0x00"),
        ("EAP-EMSK", "0x00"),
        ("EAP-Session-Id", "0x00"),
        ("EAP-Message", "0x03"),
        ("Message-Authenticator", "0x00"),
        ("State", "0x00"),
        ("Tunnel-Password:1", "x"),
        ("Cleartext-Password", "x"),
        ("NT-Password", "x"),
        ("Aruba-MPSK-Passphrase", "x"),
        ("MS-CHAP2-Success", "0x00"),
        ("TLS-Session-Version", "TLS 1.3"),
        ("REST-HTTP-Status-Code", "204"),
        ("MDM-Decision-Id", "1"),
    )
    assert recorded((*secret, *SENT, ("User-Name", "u"))) == (*SENT, ("User-Name", "u"))
    # The WLAN key of one device, as a controller wants it.
    assert recorded((("Cisco-AVPair", "psk-mode=ascii"), ("Cisco-AVPair", "psk=hunter22"))) == (
        ("Cisco-AVPair", "psk-mode=ascii"),
        ("Cisco-AVPair", "psk=..."),
    )


def test_eap_success_becomes_failure_without_keys() -> None:
    # RFC 3748 section 4.2: code 4, the identifier of the Success, length 4.
    reply = (*SENT, ("MS-MPPE-Recv-Key", "0x00"), ("EAP-Message", "0x037B0004"))
    assert encode({List.REPLY: eap_failure(reply, DECIDED)})["reply"] == (
        ("Tunnel-Type", "!*", "ANY"),
        ("Tunnel-Medium-Type", "!*", "ANY"),
        ("Tunnel-Private-Group-Id", "!*", "ANY"),
        ("Cisco-AVPair", "!*", "ANY"),
        ("Session-Timeout", "!*", "ANY"),
        ("Termination-Action", "!*", "ANY"),
        ("MS-MPPE-Recv-Key", "!*", "ANY"),
        ("MS-MPPE-Send-Key", "!*", "ANY"),
        ("EAP-Message", "!*", "ANY"),
        ("EAP-Message", ":=", "0x047b0004"),
    )


def test_without_eap_only_results_are_taken_back() -> None:
    assert eap_failure(SENT, [Pair("Session-Timeout", 60)]) == (Pair("Session-Timeout", "", Operator.CLEAR),)
    assert eap_failure((), ()) == ()
    assert eap_failure([("EAP-Message", "garbage")], ()) == ()
