"""The options of the command line."""

from __future__ import annotations

import argparse
import ipaddress
from pathlib import Path
from uuid import UUID

from freeradius_mdm.lab.radius.eap_tls import LARGEST_FRAGMENT, SMALLEST_FRAGMENT
from freeradius_mdm.lab.radius.nas_request import Mood
from freeradius_mdm.lab.radius.tls import TlsVersion

_PORT = 1812


def make_parser() -> argparse.ArgumentParser:
    """The parser of `eap-tls`, `hold`, `mab`, `vpn` and `dacl`."""
    parser = argparse.ArgumentParser(
        prog="mdm-lab radius", description="Play a network device and the device behind it."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    common = _common()
    _eap_tls(commands.add_parser("eap-tls", parents=[common], help="802.1X with a certificate"))
    _hold(commands.add_parser("hold", parents=[common], help="802.1X, and a session that takes changes"))
    _mab(commands.add_parser("mab", parents=[common], help="MAC authentication bypass on a switch port"))
    _vpn(commands.add_parser("vpn", parents=[common], help="a VPN login at a Cisco ASA"))
    _dacl(commands.add_parser("dacl", parents=[common], help="download an ACL, as a switch or an ASA does"))
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    add = common.add_argument
    local = ("127.0.0.1", _PORT)
    add(
        "--server",
        type=_address,
        default=local,
        metavar="HOST[:PORT]",
        help="default: 127.0.0.1:1812; [::1]:1812 for IPv6",
    )
    add("--secret", default="testing123", help="a throwaway secret: other users can see it (default: %(default)s)")
    add("--secret-file", type=Path, help="file with the shared secret in its first line")
    add("--source", metavar="ADDRESS", help="local address to send from")
    add("--nas-address", type=_ip, default="192.0.2.10", help="how the network device calls itself")
    add("--mac", default="00-50-56-a1-b2-c3", help="the device's MAC address")
    add("--tries", type=int, default=3, help="how often a request is sent (default: %(default)s)")
    add("--wait", type=float, default=2.0, metavar="SECONDS", help="before the second try; doubles each time")
    return common


def _eap_tls(parser: argparse.ArgumentParser) -> None:
    _dot1x(parser)
    help_ = "then authenticate N more times, resuming the session"
    parser.add_argument("--again", type=int, default=0, metavar="N", help=help_)


def _hold(parser: argparse.ArgumentParser) -> None:
    _dot1x(parser)
    add = parser.add_argument
    add("--accounting-port", type=_port, metavar="PORT", help="default: one above the server's")
    add("--coa-address", default="127.0.0.1", metavar="ADDRESS", help="where to take requests (default: %(default)s)")
    add("--coa-port", type=_port, default=1700, metavar="PORT", help="Cisco's 1700 by default; 3799 is the standard's")
    moods = (
        "honest: as the session has it; nak: refused; silent: neither done nor answered; mute: done, not answered; "
        "forged: done, answered with a wrong Response Authenticator; twice: done, answered twice (default: %(default)s)"
    )
    add("--mood", choices=[mood.value for mood in Mood], default=Mood.HONEST.value, help=moods)
    add("--error-cause", type=_error_cause, metavar="NUMBER", help="of the NAKs of --mood nak, such as 503")


def _dot1x(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--cert", type=Path, required=True, help="the device's certificate, PEM, intermediates behind it")
    add("--key", type=Path, required=True, help="its key, PEM")
    add("--key-password-file", type=Path, help="file with the key's password in its first line")
    add("--ca", type=Path, required=True, help="CA of the RADIUS server, PEM")
    add("--server-name", help="DNS name the RADIUS server's certificate must have")
    add("--identity", default="anonymous", help="EAP identity (default: %(default)s)")
    add("--tls", choices=[version.value for version in TlsVersion], help="this TLS version only")
    add("--fragment-size", type=_fragment_size, default=1300, metavar="OCTETS", help="default: %(default)s")
    add("--ssid", help="authenticate on this wireless network instead of a switch port")


def _mab(parser: argparse.ArgumentParser) -> None:
    _unsigned(parser)


def _vpn(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--user", required=True)
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--password", help="for a throwaway password only: other users can see it")
    how.add_argument("--password-file", type=Path, help="file with the password in its first line")
    how.add_argument("--authorize-only", action="store_true", help="no password, Service-Type Authorize-Only")
    add("--ms-chap", action="store_true", help="MS-CHAPv2 instead of PAP")
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--device-id", type=UUID, metavar="GUID", help="a phone with this Intune device id")
    device.add_argument("--phone", action="store_true", help="a phone without an Intune device id")
    add("--tunnel-group", default="DefaultWEBVPNGroup", help="default: %(default)s")
    _unsigned(parser)


def _dacl(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="as an Access-Accept named it: '#ACSACL#-IP-NAME-VERSION'")
    parser.add_argument("--headend", action="store_true", help="ask as a VPN headend does")
    _unsigned(parser)


def _unsigned(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--unsigned", action="store_true", help="no Message-Authenticator, like an ASA")


def _address(text: str) -> tuple[str, int]:
    """HOST, HOST:PORT, an IPv6 address, or one in brackets with a port."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise argparse.ArgumentTypeError(f"{text!r} is no address; write [ADDRESS]:PORT")
        port = rest[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    return host, _port(port) if port else _PORT


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"port {text!r} is none of 1 to 65535")
    return int(text)


def _error_cause(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**32):
        raise argparse.ArgumentTypeError("allowed is a number of RFC 5176 section 3.5, such as 503")
    return int(text)


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fragment_size(text: str) -> int:
    if not (text.isdecimal() and SMALLEST_FRAGMENT <= int(text) <= LARGEST_FRAGMENT):
        raise argparse.ArgumentTypeError(f"allowed are {SMALLEST_FRAGMENT} to {LARGEST_FRAGMENT} octets")
    return int(text)
