"""The RADIUS endpoints on the command line: `eap-tls`, `hold`, `mab`, `vpn`, `dacl`.

Exit status: 0 Access-Accept (of `hold`: until Ctrl-C), 1 Access-Reject, 2 no answer, a broken protocol or wrong usage.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from freeradius_mdm.lab.processes import deferred_interrupts, interrupted
from freeradius_mdm.lab.radius import access, dacl_download, vpn
from freeradius_mdm.lab.radius.arguments import make_parser
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient, RetryPolicy, Server
from freeradius_mdm.lab.radius.errors import CredentialsError, LabRadiusError, RequestError
from freeradius_mdm.lab.radius.hold import Device, Hold
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood, NasSettings
from freeradius_mdm.lab.radius.printing import printable, reply_text, result_text
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.supplicant import EapTlsSupplicant
from freeradius_mdm.lab.radius.tls import Certificates, TlsProfile, TlsVersion

ACCEPTED, REJECTED, FAILED = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; the reply goes to standard output, an error to standard error."""
    try:
        options = make_parser().parse_args(argv)
    except SystemExit as ended:  # argparse has said what it had to say
        return ended.code if isinstance(ended.code, int) else FAILED
    run = {"eap-tls": _eap_tls, "hold": _hold, "mab": _mab, "vpn": _vpn, "dacl": _dacl}[options.command]
    try:
        with RadiusClient(_server(options), RetryPolicy(options.tries, options.wait)) as client:
            return ACCEPTED if run(options, client) else REJECTED
    except LabRadiusError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return FAILED


def _eap_tls(options: argparse.Namespace, client: RadiusClient) -> bool:
    supplicant, sent = EapTlsSupplicant(client, _profile(options), options.fragment_size), _port(options)
    result = supplicant.authenticate(options.identity, sent)
    print(result_text(result))
    for _ in range(options.again if result.accepted else 0):
        result = supplicant.authenticate(options.identity, sent, result.session)
        print(result_text(result))
    return result.accepted


def _hold(options: argparse.Namespace, client: RadiusClient) -> bool:
    if options.error_cause is not None and options.mood != Mood.NAK.value:
        raise RequestError("--error-cause goes with --mood nak only")
    server, profile = _server(options), _profile(options)

    def sign_in(port: Attributes) -> Reply:
        with RadiusClient(server, client.retry) as own:  # one for each thread
            result = EapTlsSupplicant(own, profile, options.fragment_size).authenticate(options.identity, port)
        if result.tls_error is not None:
            _say(f"TLS error: {result.tls_error}")
        return result.reply

    nas = NasSettings(server.secret, options.coa_address, options.coa_port, access.nas_address(options.nas_address))
    told = replace(server, port=options.accounting_port or server.port + 1)
    device = Device(options.identity, lambda: _port(options), sign_in)
    behaviour = Behaviour(Mood(options.mood), options.error_cause)
    with deferred_interrupts(), RadiusClient(told, client.retry) as accounting:
        held = Hold(device, nas, behaviour, accounting, _say).run(interrupted)
    if not held:
        _say("is rejected; the server's decision says why (mdmctl decisions, freeradius -X)")
    return held


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _profile(options: argparse.Namespace) -> TlsProfile:
    only = None if options.tls is None else TlsVersion(options.tls)
    return TlsProfile(
        Certificates(options.cert, options.key, options.ca, _secret(options.key_password_file)),
        minimum=only or TlsVersion.TLS_1_2,
        maximum=only or TlsVersion.TLS_1_3,
        server_name=options.server_name,
    )


def _port(options: argparse.Namespace) -> Attributes:
    session = _session(options)
    if options.ssid is None:
        return access.WiredPort(options.mac, session, options.nas_address).dot1x()
    return access.WirelessStation(options.mac, session, options.ssid, options.nas_address).dot1x()


def _mab(options: argparse.Namespace, client: RadiusClient) -> bool:
    port = access.WiredPort(options.mac, _session(options), options.nas_address)
    reply = access.authenticate_mab(client, port, sign=not options.unsigned)
    print(reply_text(reply))
    return reply.accepted


def _vpn(options: argparse.Namespace, client: RadiusClient) -> bool:
    headend = vpn.VpnHeadend(int(time.time()), options.nas_address, tunnel_group=options.tunnel_group)
    if options.phone or options.device_id is not None:
        device = vpn.mobile(options.device_id)
    else:
        address = access.mac(options.mac).lower()
        device = vpn.AnyConnectDevice(macs=(address,), public_mac=address)
    password = None if options.authorize_only else (_secret(options.password_file) or options.password)
    login = vpn.VpnLogin(options.user, password, sign=not options.unsigned, ms_chap=options.ms_chap)
    reply = vpn.log_in(client, headend, device, login)
    print(reply_text(reply))
    return reply.accepted


def _dacl(options: argparse.Namespace, client: RadiusClient) -> bool:
    service = dacl_download.Service.HEADEND if options.headend else dacl_download.Service.SWITCH
    request = dacl_download.AclRequest(options.name, options.nas_address, service, sign=not options.unsigned)
    done = dacl_download.download(client, request)
    if not done.accepted:
        print(reply_text(done.replies[-1]))
        return False
    octets = [reply.length for reply in done.replies]
    print(f"{len(done.entries)} ACEs in {len(octets)} packets, the largest of {max(octets)} octets")
    for number, entry in enumerate(done.entries, 1):
        print(f"{number:6} {printable(entry)}")
    return True


def _server(options: argparse.Namespace) -> Server:
    host, port = options.server
    secret = _secret(options.secret_file) or options.secret
    return Server(host, port, secret.encode(), options.source)


def _session(options: argparse.Namespace) -> str:
    now = time.time()
    # The number only has to differ between sessions that begin in the same second.
    return access.audit_session_id(options.nas_address, int(now * 1000), int(now))


def _secret(path: Path | None) -> str | None:
    """The first line of a secret's file."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsError(f"{path}: {error}; write the secret as its first line") from error


if __name__ == "__main__":
    sys.exit(main())
