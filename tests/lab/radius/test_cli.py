"""The command line: what it prints and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.lab.radius import cli
from freeradius_mdm.lab.radius.arguments import make_parser
from freeradius_mdm.lab.radius.attributes import Attribute
from freeradius_mdm.lab.radius.printing import attribute_text
from tests.lab.radius import pki
from tests.lab.radius.radiusd import SECRET, Radiusd
from tests.lab.radius.scripted import closed_port

GUID = "7f0c1a52-3f5e-4a5b-9d1f-0c6a2b1e4d3c"


@pytest.fixture
def common(server: Radiusd, tmp_path: Path) -> list[str]:
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    return ["--server", f"127.0.0.1:{server.port}", "--secret-file", str(tmp_path / "secret"), "--tries", "1"]


def device(authority: pki.Authority, name: str = "device") -> list[str]:
    files = authority.issue(name)
    return ["--cert", str(files.certificate), "--key", str(files.key), "--ca", str(files.ca)]


def test_eap_tls(common: list[str], authority: pki.Authority, capsys: pytest.CaptureFixture[str]) -> None:
    options = [*common, *device(authority), "--tls", "1.3", "--fragment-size", "200", "--again", "1", "--ssid", "corp"]
    assert cli.main(["eap-tls", *options]) == 0
    out = capsys.readouterr().out
    assert "EAP-Success, TLSv1.3, full handshake" in out
    assert "EAP-Success, TLSv1.3, resumed" in out
    assert "Access-Accept, 276 octets, Message-Authenticator right, not the first attribute" in out
    assert "    Tunnel-Type:1 = VLAN (13)\n" in out
    assert "    MS-MPPE-Send-Key = (50 octets, not shown)\n" in out


def test_eap_tls_reject(common: list[str], authority: pki.Authority, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["eap-tls", *common, *device(authority, "refused")]) == 1
    assert "EAP-Failure, TLSv1.3" in capsys.readouterr().out


def test_mab(common: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["mab", *common, "--mac", "0050.56a1.b2c3", "--unsigned"]) == 0
    assert "Access-Accept" in capsys.readouterr().out


@pytest.mark.parametrize("what", [[], ["--device-id", GUID], ["--phone"], ["--ms-chap"]])
def test_vpn(common: list[str], tmp_path: Path, what: list[str]) -> None:
    (tmp_path / "password").write_text("lab password\n", encoding="utf-8")
    user = ["--user", "employee", "--unsigned"]
    assert cli.main(["vpn", *common, *user, "--password-file", str(tmp_path / "password"), *what]) == 0
    assert cli.main(["vpn", *common, *user, "--password", "wrong", *what]) == 1
    assert cli.main(["vpn", *common, *user, "--authorize-only", *what]) == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--secret-file", "/nonexistent"], "/nonexistent: "),
        (["--mac", "printer"], "'printer' is no MAC address"),
    ],
)
def test_errors(options: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["mab", "--wait", "0.1", *options]) == 2
    assert f"mab: {why}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--coa-port", "99999"], "port '99999' is none of 1 to 65535"),
        (["--error-cause", "503"], "hold: --error-cause goes with --mood nak only"),
        (["--mood", "nak", "--error-cause", "many"], "allowed is a number of RFC 5176 section 3.5, such as 503"),
    ],
)
def test_errors_of_hold(options: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["hold", "--cert", "/c", "--key", "/k", "--ca", "/a", *options]) == 2
    assert why in capsys.readouterr().err


def test_hold_says_why_it_ends(
    common: list[str], authority: pki.Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = pki.authority(tmp_path / "other", "other")
    assert cli.main(["hold", *common, *device(authority, "laptop")[:4], "--ca", str(other.issue("any").ca)]) == 1
    told = [line[9:] for line in capsys.readouterr().out.splitlines() if line[2:3] == ":"]
    assert told == [
        "TLS error: the server's certificate is not accepted: self-signed certificate in certificate chain",
        "signs in: Access-Reject",
        "is rejected; the server's decision says why (mdmctl decisions, freeradius -X)",
    ]


def test_closed_port(capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{closed_port()}"
    assert cli.main(["mab", "--server", address]) == 2
    assert f"mab: {address}: nothing listens there; is the server running?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("radius", ("radius", 1812)),
        ("192.0.2.1:1645", ("192.0.2.1", 1645)),
        ("2001:db8::1", ("2001:db8::1", 1812)),
        ("[2001:db8::1]", ("2001:db8::1", 1812)),
        ("[2001:db8::1]:1645", ("2001:db8::1", 1645)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert make_parser().parse_args(["mab", "--server", text]).server == address


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        ([], 2),
        (["vpn"], 2),
        (["mab", "--server", "127.0.0.1:0"], 2),
        (["mab", "--server", "[::1"], 2),
        (["mab", "--nas-address", "here"], 2),
        (["eap-tls", "--cert", "c", "--key", "k", "--ca", "a", "--fragment-size", "10"], 2),
        (["eap-tls", "--cert", "/nonexistent", "--key", "k", "--ca", "a"], 2),
    ],
)
def test_usage(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == status
    said = capsys.readouterr()
    assert (said.err or said.out).strip()


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        (Attribute("Session-Timeout", None, 14400), "Session-Timeout = 14400"),
        (Attribute("Class", None, b"LAB"), 'Class = 0x4c4142 "LAB"'),
        (Attribute("Class", None, b"\x00\xff"), "Class = 0x00ff"),
        (Attribute("Tunnel-Password", 1, b"123"), "Tunnel-Password:1 = (3 octets, not shown)"),
        (Attribute("Reply-Message", None, "a\x1b[2J"), 'Reply-Message = "a\\x1b[2J"'),
    ],
)
def test_attribute_text(attribute: Attribute, text: str) -> None:
    assert attribute_text(attribute) == text
