"""The whole of it: start the temporary server, ask for everything, compare, clean up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from ....coa.attributes import PacketError
from ....config.model import Config
from ....config.reader import load
from ....dictionaries import Dictionary
from ....errors import MdmError
from ...codes import OperationCode
from ..finding import Finding, Findings, Progress
from ..freeradius import FreeRadius
from ..links import dictionary_of
from ..site import Site
from ..syntax import errors_in
from . import compare, wire
from .cases import Case, cases, meant
from .directory import Made, Nas, Unfit, make, played
from .downloads import Fetch, differences, fetches
from .exchange import Exchange, NoAnswer
from .server import Interrupts, NotStarted, directory, free_port, running

_SERVER = Findings("loopback.server", OperationCode.SITE_LOOPBACK)
_PROFILES = Findings("loopback.profiles", OperationCode.SITE_REPLY)
_DACLS = Findings("loopback.dacls", OperationCode.SITE_REPLY)
_TOLD = 20  # differences
_TOLD_EACH = 4
_STARTS = 3  # another program can take the port meanwhile
_ADVICE = (
    "devices would get this too: see the release above, policy.d/mdm, and the dictionary; "
    "take the overlay and the package of one release of freeradius-mdm"
)


def check(site: Site, progress: Progress, temporary: Path | None = None) -> list[Finding]:
    """Every profile and ACL. `temporary`: where the temporary directory is made, None for the usual place."""
    server, config, dictionary = site.server, site.config, dictionary_of(site)
    if server is None or config is None or dictionary is None:
        missing = (
            "there is no FreeRADIUS here to run"
            if server is None
            else "mdm.toml has errors"
            if config is None
            else "FreeRADIUS's dictionary can't be read"
        )
        return [_SERVER.skipped(missing)]
    interrupts = Interrupts()
    try:
        with interrupts.handled():
            return _run(site, server, config, dictionary, progress, temporary, interrupts)
    except Unfit as error:
        return [_SERVER.skipped(f"{error}, so there is nothing to ask")]
    except NotStarted as error:
        advice = "see `radiusd -C` above; policy.d/mdm has to be the overlay's own, as it calls no module of the site's"
        return [_SERVER.error(f"a FreeRADIUS with the site's policy and package does not start: {error}", advice)]
    except (OSError, ValueError, MdmError) as error:
        return [_SERVER.error(f"it could not be made: {error}", "see the text")]


def _run(
    site: Site,
    server: FreeRadius,
    config: Config,
    dictionary: Dictionary,
    progress: Progress,
    temporary: Path | None,
    interrupts: Interrupts,
) -> list[Finding]:
    nas = played(list(config.network_devices.families))
    account = site.radiusd_account
    with ExitStack() as stack:
        top = stack.enter_context(directory(temporary, interrupts))
        for attempt in range(1, _STARTS + 1):
            below, port = top / str(attempt), free_port()
            below.mkdir()
            made = make(site, below, nas, port, account)
            if account is not None and attempt == 1:
                top.chmod(0o711)  # FreeRADIUS's user has to come through
            try:
                stack.enter_context(running(server, made.raddb, made.log, account, interrupts))
                break
            except NotStarted as error:
                if not error.said:  # its dictionary comes before its log
                    judged = server.run("-C", "-d", str(made.raddb), "-l", "stdout", account=account)
                    raise NotStarted(str(error), "; ".join(errors_in(judged.text))) from None
                if attempt == _STARTS or "Address already in use" not in error.said:
                    raise
        present = load(made.toml, dictionary)
        return [
            *_profiles(present, nas, port, dictionary, made, progress),
            *_dacls(present, nas, port, dictionary, progress),
        ]


def _profiles(
    config: Config, nas: Sequence[Nas], port: int, dictionary: Dictionary, made: Made, progress: Progress
) -> Iterator[Finding]:
    asked = cases(config, nas)
    faults: dict[tuple[str, str], list[str]] = {}  # the same on several kinds of access is told once
    with ExitStack() as stack:
        exchanges = {each.family: stack.enter_context(Exchange(each, port)) for each in nas}
        for number, case in enumerate(asked, 1):
            progress(f"loopback: {case.name}, {number} of {len(asked)}")
            wrong = _case(case, exchanges[case.family], config, dictionary, made)
            if wrong:
                faults.setdefault((case.receiver, _some(wrong)), []).append(case.kind.value)
    told = [f"{receiver} ({', '.join(kinds)}): {wrong}" for (receiver, wrong), kinds in faults.items()]
    yield from _told(_PROFILES, told)
    if not faults:
        families = ", ".join(config.network_devices.families)
        yield _PROFILES.ok(f"{len(asked)} replies of {len(config.profiles)} profiles to {families} came as meant")


def _case(case: Case, exchange: Exchange, config: Config, dictionary: Dictionary, made: Made) -> list[str]:
    try:
        reply = exchange.ask(case.attributes)
    except (NoAnswer, PacketError) as error:
        return [str(error)]
    verdict = meant(case, config, compare.decision_id(reply), time.time(), lambda name: made.addresses.get(name, ""))
    wrong = compare.wrong_code(verdict.accept, reply, "" if verdict.accept else verdict.decision.reason)
    if wrong:
        return [wrong]
    wanted = wire.meant(verdict.attributes, dictionary)
    return compare.differences(wanted, wire.received(reply.attributes, dictionary), signed=reply.signed)


def _dacls(
    config: Config, nas: Sequence[Nas], port: int, dictionary: Dictionary, progress: Progress
) -> Iterator[Finding]:
    asked = fetches(config, nas)
    faults = []
    for number, fetch in enumerate(asked, 1):
        progress(f"loopback: {fetch.title}, {number} of {len(asked)}")
        wrong = _fetch(fetch, port, dictionary)
        if wrong:
            faults.append(f"{fetch.title}: {_some(wrong)}")
    yield from _told(_DACLS, faults)
    if asked and not faults:
        yield _DACLS.ok(f"{len(asked)} downloadable ACLs came as meant")


def _fetch(fetch: Fetch, port: int, dictionary: Dictionary) -> list[str]:
    try:
        with Exchange(fetch.nas, port) as exchange:
            return differences(fetch, exchange, dictionary)
    except (NoAnswer, PacketError) as error:
        return [str(error)]


def _told(findings: Findings, faults: Sequence[str]) -> Iterator[Finding]:
    for fault in faults[:_TOLD]:
        yield findings.error(fault, _ADVICE)
    if len(faults) > _TOLD:
        yield findings.error(f"and {len(faults) - _TOLD} more", _ADVICE)


def _some(wrong: Sequence[str]) -> str:
    more = f"; and {len(wrong) - _TOLD_EACH} more" if len(wrong) > _TOLD_EACH else ""
    return "; ".join(wrong[:_TOLD_EACH]) + more
