"""A network device that downloads ACLs: what it sends, and the answers that it can make nothing of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, attributes, cli, wire
from freeradius_mdm.lab.radius.dacl_download import AclRequest, Download, Service, download
from freeradius_mdm.lab.radius.errors import DownloadError
from freeradius_mdm.lab.radius.wire import Code
from tests.lab.radius.scripted import ACCEPT, CHALLENGE, REJECT, SECRET, Answer, Script, serving, signed

NAME = "#ACSACL#-IP-OPEN-0a1b2c3d"


def av_pair(text: str) -> bytes:
    """Cisco-AVPair, RFC 2865 section 5.26: type 26, length, vendor 9, vendor type 1, vendor length, text."""
    value = text.encode()
    return bytes([26, 8 + len(value), 0, 0, 0, 9, 1, 2 + len(value)]) + value


def aces(*texts: str, first: int = 1, prefix: str = "ip:inacl") -> bytes:
    return b"".join(av_pair(f"{prefix}#{number}={text}") for number, text in enumerate(texts, first))


def state(value: bytes) -> bytes:
    """RFC 2865 section 5.24."""
    return bytes([24, 2 + len(value)]) + value


def run(*answers: Answer, request: AclRequest | None = None) -> tuple[Download, Script]:
    with serving(*answers) as script, RadiusClient(script.server, RetryPolicy(tries=1, wait=5)) as client:
        return download(client, request or AclRequest(NAME)), script


def sent(script: Script, number: int) -> list[tuple[str, object]]:
    """The attributes of the request with that number, by name."""
    packet = wire.parse(script.requests[number])
    return [(at.name, at.value) for key, raw in packet.attributes for at in [attributes.decode(key, raw)]]


def test_challenges_are_followed() -> None:
    done, script = run(
        signed(CHALLENGE, state(b"one") + aces("permit 1", "permit 2")),
        signed(CHALLENGE, aces("permit 3", first=3) + state(b"two")),
        signed(ACCEPT, aces("deny 4", first=4)),
    )
    assert done.accepted
    assert done.entries == ("permit 1", "permit 2", "permit 3", "deny 4")
    assert [reply.code for reply in done.replies] == [Code.ACCESS_CHALLENGE, Code.ACCESS_CHALLENGE, Code.ACCESS_ACCEPT]
    # The same attributes each time, and the State of the reply before.
    first, second, third = ([pair for pair in sent(script, n) if pair[0] != "Message-Authenticator"] for n in range(3))
    plain = [pair for pair in first if pair[0] != "User-Password"]
    assert plain == [
        ("User-Name", NAME),
        ("NAS-IP-Address", "192.0.2.10"),
        ("Cisco-AVPair", "aaa:service=ip_admission"),
        ("Cisco-AVPair", "aaa:event=acl-download"),
    ]
    for request, value in ((second, b"one"), (third, b"two")):
        assert [pair for pair in request if pair[0] not in ("User-Password", "State")] == plain
        assert [pair[1] for pair in request if pair[0] == "State"] == [value]
    for octets in script.requests:
        # Signed first (type 80, 18 octets), and a password of one block, which is none once it is unhidden.
        assert octets[20:22] == b"\x50\x12"
        packet = wire.parse(octets)
        assert [len(value) for key, value in packet.attributes if key == 2] == [16]


def test_a_headend_that_asks_for_ipv6() -> None:
    name = NAME.replace("-IP-", "-IPV6-")
    request = AclRequest(name, nas_address="2001:db8::10", service=Service.HEADEND, sign=False)
    done, script = run(signed(ACCEPT, aces("permit ipv6 any any", prefix="ipv6:inacl")), request=request)
    assert done.entries == ("permit ipv6 any any",)
    assert ("Cisco-AVPair", "aaa:service=vpn") in sent(script, 0)
    assert ("NAS-IPv6-Address", "2001:db8::10") in sent(script, 0)
    assert "Message-Authenticator" not in dict(sent(script, 0))


def test_a_reject_ends_it() -> None:
    done, script = run(signed(CHALLENGE, state(b"one") + aces("permit 1")), signed(REJECT, bytes([18, 4]) + b"no"))
    assert not done.accepted
    assert done.entries == ()
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([signed(ACCEPT, aces("permit 1", "permit 2", first=2))], "stands where number 1 belongs"),
        ([signed(ACCEPT, aces("permit 1") + aces("permit 3", first=3))], "stands where number 2 belongs"),
        ([signed(ACCEPT, aces("permit 1") + aces("permit 1"))], "stands where number 2 belongs"),
        ([signed(CHALLENGE, state(b"1") + aces("a")), signed(ACCEPT, aces("b"))], "stands where number 2 belongs"),
        ([signed(ACCEPT, aces("permit 1", prefix="ipv6:inacl"))], "is no ip:inacl#NUMBER=ACE"),
        ([signed(ACCEPT, av_pair("ip:inacl#01=permit"))], "is no ip:inacl#NUMBER=ACE"),
        ([signed(ACCEPT, av_pair("ip:inacl#1="))], "is no ip:inacl#NUMBER=ACE"),
        ([signed(ACCEPT)], "Access-Accept without a single ACE"),
        ([signed(CHALLENGE, aces("permit 1"))], "an Access-Challenge with 0 State"),
        ([signed(CHALLENGE, aces("permit 1") + state(b"1") + state(b"2"))], "an Access-Challenge with 2 State"),
    ],
)
def test_what_no_network_device_could_use(answers: list[Answer], why: str) -> None:
    with pytest.raises(DownloadError, match=why):
        run(*answers)


def test_without_an_end() -> None:
    answers = [signed(CHALLENGE, state(b"x") + aces("permit", first=number)) for number in range(1, 201)]
    with pytest.raises(DownloadError, match="200 packets, and no end"):
        run(*answers)


def command(script: Script) -> list[str]:
    return ["dacl", NAME, "--server", f"127.0.0.1:{script.server.port}", "--secret", SECRET.decode(), "--tries", "1"]


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (
            signed(ACCEPT, aces("permit udp any any eq 53", "deny ip any any")),
            0,
            ["2 ACEs in 1 packets, ", "     2 deny ip any any"],
        ),
        (signed(REJECT, bytes([18, 4]) + b"no"), 1, ["Access-Reject", 'Reply-Message = "no"']),
        (signed(ACCEPT), 2, ["dacl: Access-Accept without a single ACE"]),
        (signed(ACCEPT, aces("\x1b[2J")), 0, ["1 \\x1b[2J"]),
    ],
)
def test_command(answer: Answer, status: int, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run_cli: Callable[[list[str]], int] = cli.main
    with serving(answer) as script:
        assert run_cli(command(script)) == status
    printed = capsys.readouterr()
    for text in said:
        assert text in printed.out + printed.err
