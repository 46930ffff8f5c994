"""`mdmctl cert new | show | switch`: the certificate with which mdmd signs in to Entra."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from ...operations.codes import OperationCode
from ..command import Command, Exit
from ..context import Context
from ..parser import Formatter
from ..show import colours
from ..show.calendar import about
from ..show.table import safe
from ..show.times import moment

if TYPE_CHECKING:
    from ...operations.certificate.files import Files
    from ...operations.certificate.show import CertificateView, ServerCertificates

_DESCRIPTION = """\
Makes, shows and renews the certificate with which mdmd signs in to Microsoft Entra as an application.

A renewal without an outage: `new` makes the next certificate beside the one in use, you upload it, and `switch` takes
it into use after Entra has proved that it knows it. mdmd signs in with the old one until then, and is not restarted."""

_NEW = """\
Makes an RSA key and a self-signed certificate for a server: where certificate_file and key_file name them, when
neither is there yet, else beside them as NAME.next.pem and NAME.next.key. Nothing is ever overwritten. The key belongs
to the user of the key in use, else to mdmd, and only that user can read it.

With --csr it makes a certificate signing request for a PKI of your own; put the certificate that is issued for it where
the command says."""

_SHOW = """\
Shows the certificate in use, the next and the previous one: subject, dates, thumbprints as the portal shows them,
whether key and certificate belong together, and what wants attention.

Exit status: 0 when nothing wants attention; 1 when something does."""

_SWITCH = """\
Asks Entra for tokens with the next certificate. Only when it gives them the next pair takes the place of the one in
use, which is kept as NAME.previous.pem and NAME.previous.key. An interrupted switch leaves mdmd able to sign in, and
is completed by running it again.

Exit status: 0 when it was done; 1 when Entra does not take the next certificate, or the files can't be exchanged."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="new|show|switch", required=True, dest="action")
    new = _action(actions, "new", "make a key and a certificate", _NEW)
    _server(new)
    new.add_argument(
        "--name", default="", help="the subject's common name (default: freeradius-mdm and the host's name)"
    )
    new.add_argument("--days", type=int, default=730, help="how long it is valid, 1095 at most (default: %(default)s)")
    new.add_argument(
        "--bits", type=int, choices=(2048, 3072, 4096), default=3072, help="size of the RSA key (default: %(default)s)"
    )
    new.add_argument("--csr", action="store_true", help="make a signing request for a PKI instead of a certificate")
    new.set_defaults(act=_new)
    show = _action(actions, "show", "show the certificates of a server, or of every server", _SHOW)
    _server(show, "?")
    show.set_defaults(act=_show)
    switch = _action(actions, "switch", "take the next certificate into use", _SWITCH)
    _server(switch)
    switch.set_defaults(act=_switch)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help_: str, description: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=help_, description=description, formatter_class=Formatter)
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON document instead of text")
    return parser


def _server(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    parser.add_argument("server", nargs=nargs, metavar="SERVER", help="name of a [[servers]] entry")


def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    done: Exit = arguments.act(context, arguments)
    return done


def _new(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.certificate import new
    from ...operations.connection import configuration

    config = configuration.read(context.existing_file(), arguments.server)
    server = configuration.find(config, arguments.server)
    wanted = new.Wanted(arguments.name, arguments.days, arguments.bits, arguments.csr)
    with _progress(context, f"making an RSA key of {wanted.bits} bits"):
        made = new.new(server, wanted, context.wall(), config.service.state_directory)
    if context.as_json:
        context.print_json(dataclasses.asdict(made))
        return Exit.DONE
    what = "signing request" if made.csr_file else "certificate"
    context.out.print(f"New key and {what} for {made.server}{', not yet in use' if made.next else ''}")
    rows = [("key", f"{made.key_file}, mode 0600, owned by {made.owner}")]
    rows += [("request", str(made.csr_file))] if made.csr_file else [("certificate", str(made.certificate_file))]
    rows += [("subject", made.subject)]
    if made.not_after is not None:
        rows += [
            ("valid until", f"{moment(made.not_after)}, {about(made.not_after, context.wall())}"),
            ("SHA-1", made.sha1),
            ("SHA-256", made.sha256),
        ]
    _rows(context, rows)
    for warning in made.warnings:
        context.out.print(Text(f"  {OperationCode.CERTIFICATE_NOTED} {safe(warning)}", style=colours.WARNING))
    _steps(context, made.steps)
    return Exit.DONE


def _show(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.certificate.show import show
    from ...operations.connection import configuration

    name = arguments.server or ""
    config = configuration.read(context.existing_file(), name)
    if name:
        servers = [configuration.find(config, name)]
    else:
        servers = [server for server in config.servers if server.certificate_file is not None]
    found = [show(server, context.wall()) for server in servers]
    if context.as_json:
        context.print_json([dataclasses.asdict(each) for each in found])
    else:
        for number, each in enumerate(found):
            if number:
                context.out.print()
            _server_certificates(context, each)
        if not found:
            context.out.print("no server signs in with a certificate")
    return Exit.FAILED if any(view.warnings for each in found for view in each.certificates) else Exit.DONE


def _server_certificates(context: Context, found: ServerCertificates) -> None:
    context.out.print(Text(safe(f"{found.server}, client id {found.client_id}"), style=colours.HEAD))
    for view in found.certificates:
        _view(context, view)
    for note in found.notes:
        context.out.print(Text(f"  {safe(note)}", style=colours.WARNING))


def _view(context: Context, view: CertificateView) -> None:
    now = context.wall()
    context.out.print(f"  {view.stage.replace('-', ' ')}")
    rows = [("certificate", str(view.certificate_file)), ("key", str(view.key_file))]
    if view.sha1:
        belongs = {True: ", belongs to the certificate", False: ", does NOT belong to the certificate", None: ""}
        rows[1] = ("key", f"{view.key_file}, {view.key_type} {view.key_bits} bits{belongs[view.belongs]}")
        rows += [
            ("subject", view.subject),
            ("issuer", "itself" if view.self_signed else view.issuer),
            ("serial", view.serial),
            ("valid from", f"{moment(view.not_before)}, {about(view.not_before or 0, now)}"),
            ("valid until", f"{moment(view.not_after)}, {about(view.not_after or 0, now)}"),
            ("SHA-1", view.sha1),
            ("SHA-256", view.sha256),
        ]
    _rows(context, rows, indent=4)
    for warning in view.warnings:
        context.out.print(Text(f"    {OperationCode.CERTIFICATE_NOTED} {safe(warning)}", style=colours.WARNING))


def _switch(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...config.model import Server
    from ...operations.certificate.prove import prove
    from ...operations.certificate.switch import switch
    from ...operations.connection import configuration

    server = configuration.find(configuration.read(context.existing_file(), arguments.server), arguments.server)

    def proved(server: Server, files: Files) -> None:
        with _progress(context, f"asking {server.cloud.login_host} whether it takes {files.certificate}"):
            prove(server, files, context.wall)

    done = switch(server, proved)
    if context.as_json:
        context.print_json(dataclasses.asdict(done))
        return Exit.DONE
    context.out.print(f"{done.server} signs in with {done.certificate_file} now; Entra has given tokens for it")
    _rows(context, [("subject", done.subject), ("SHA-1", done.sha1), ("SHA-256", done.sha256)])
    if done.completed:
        context.out.print("an interrupted switch has been completed")
    _steps(context, done.steps)
    return Exit.DONE


@contextmanager
def _progress(context: Context, text: str) -> Iterator[None]:
    """What is under way, on standard error when that is a terminal."""
    if not context.err.is_terminal:
        yield
        return
    with context.err.status(f"{safe(text)} ..."):
        yield


def _rows(context: Context, rows: Iterable[tuple[str, str]], indent: int = 2) -> None:
    listed = list(rows)
    width = max(len(name) for name, _ in listed)
    for name, value in listed:
        context.out.print(f"{' ' * indent}{name:<{width}}  {safe(value)}")


def _steps(context: Context, steps: Iterable[str]) -> None:
    context.out.print("next")
    for number, step in enumerate(steps, 1):
        context.out.print(f"  {number}. {safe(step)}")


COMMAND = Command(
    name="cert",
    help="the application's certificate: make, show, renew without an outage",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    json=False,
    examples=(
        ("mdmctl cert new Intune", "key and certificate for a new site, or the next ones of a renewal"),
        ("mdmctl cert show", "when do our certificates expire, and which thumbprint does the portal have to show?"),
        ("mdmctl cert switch Intune", "take the next certificate into use once it has been uploaded"),
        ('mdmctl cert new Intune --csr --name "radius1.example.net"', "a signing request for a PKI of your own"),
    ),
)
