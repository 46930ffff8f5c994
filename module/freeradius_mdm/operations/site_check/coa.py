"""Change of authorization: is there a secret for each network device, and does the device answer one?

What is sent names a session that can't exist, in the form that the device would get, so nothing is changed by it: RFC
5176 section 3.5 has Error-Cause 503 for that. Any answer that is signed with the secret will do.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...coa import clients_conf
from ...coa.clients import Client, ClientError, Clients
from ...coa.clients_conf import Sources
from ...coa.family import FAMILIES, Action
from ...coa.plan import CoaSession, Plan, plan
from ...coa.retransmission import RetransmissionPolicy
from ...coa.sender import Order, Outcome, Result, Sender
from ...config.model import CoaMode, Config
from ...errors import ConfigError, StoreError
from ...sessions.model import Session
from ...store.query import MAXIMUM_LIMIT
from ...store.sessions import LIVE, SessionFilter, SessionQueries
from ..codes import OperationCode
from .finding import Finding, Findings, Progress, State, few
from .site import Site

_CLIENTS = Findings("coa.clients", OperationCode.SITE_SECRET)
_SECRETS = Findings("coa.secrets", OperationCode.SITE_SECRET)
_DEVICES = Findings("coa.devices", OperationCode.SITE_COA)
_WITHIN = 3.0  # seconds
_AT_ONCE = 32
_ORDER = (Action.DISCONNECT, Action.REAUTHENTICATE, Action.REAUTHENTICATE_RERUN, Action.BOUNCE)


@dataclass(frozen=True, slots=True)
class Device:
    """A network device that can be told something. `sessions`: how many live ones it has."""

    address: str
    family: str
    sessions: int


def check(site: Site, progress: Progress, *, ask: bool) -> list[Finding]:
    """Secrets; with `ask` every device is sent a request. Blocks for some seconds then."""
    config = site.config
    if config is None:
        return [_SECRETS.skipped("mdm.toml has errors")]
    if config.coa.mode is CoaMode.OFF:
        return [_SECRETS.skipped("coa.mode is off")]
    try:
        sources = Sources(config.coa.clients, config.coa.secrets_file, config.coa.freeradius_version or site.version)
        known, _ = clients_conf.read(sources)
    except ConfigError as error:
        return [
            _CLIENTS.error(f"{problem.what}; allowed: {problem.allowed}", problem.next, problem.where)
            for problem in error.problems
        ]
    findings = [_CLIENTS.warning(text, "correct the client section, or remove it") for text in known.warnings]
    try:
        devices = _devices(config, known)
    except StoreError as error:
        advice = "see permissions above; without it the network devices that have sessions are not known"
        findings.append(_SECRETS.warning(str(error), advice))
        devices = _devices_of({}, config, known)
    findings += _secrets(devices, known)
    if not ask:
        count = "1 network device" if len(devices) == 1 else f"{len(devices)} network devices"
        what = f"whether {count} can be told of a change is not tried: it sends each of them a request"
        return [*findings, _DEVICES.skipped(what, "mdmctl check --coa")]
    return [*findings, *asyncio.run(_ask_all(devices, known, progress))]


def _devices(config: Config, known: Clients) -> list[Device]:
    """Raises StoreError."""
    live = SessionQueries(config.service.store_file).sessions(SessionFilter(state=LIVE), MAXIMUM_LIMIT)
    by_address: dict[str, list[Session]] = {}
    for session in live:
        if session.client:
            by_address.setdefault(session.client, []).append(session)
    return _devices_of(by_address, config, known)


def _devices_of(sessions: Mapping[str, Sequence[Session]], config: Config, known: Clients) -> list[Device]:
    """Whoever has sessions, and every client with one address that is not this machine."""
    default = config.network_devices.default.name
    found = {
        address: Device(address, next((each.family for each in of if each.family), default), len(of))
        for address, of in sessions.items()
    }
    for client in known.all:
        address = str(client.network.network_address)
        alone = client.network.prefixlen == client.network.max_prefixlen
        if alone and not ipaddress.ip_address(address).is_loopback:
            found.setdefault(address, Device(address, client.family or default, 0))
    return list(found.values())


def _secrets(devices: Sequence[Device], known: Clients) -> Iterator[Finding]:
    lacking = False
    for device in devices:
        try:
            known.find(device.address)
        except ClientError as error:
            lacking = True
            advice = "add a client section, or an entry to coa.secrets_file"
            yield _SECRETS.error(f"{_sessions(device)}, and can't be told of a change: {error}", advice)
    if not lacking:
        what = f"a secret is known for each of {len(devices)} network devices"
        yield _SECRETS.ok(what if devices else "no network device has an address or a session yet")


async def _ask_all(devices: Sequence[Device], known: Clients, progress: Progress) -> list[Finding]:
    sender = Sender(policy=RetransmissionPolicy(first_wait=1.0, longest_wait=1.0, count=3, duration=_WITHIN))
    turns, done = asyncio.Semaphore(_AT_ONCE), 0

    async def one(device: Device) -> Finding | None:
        nonlocal done
        async with turns:
            found = await _ask(device, known, sender)
        done += 1
        progress(f"coa: {done} of {len(devices)} network devices have been asked")
        return found

    try:
        found = await asyncio.gather(*map(one, devices))
    finally:
        sender.close()
    answered = [device.address for device, each in zip(devices, found, strict=True) if each and each.state is State.OK]
    kept = [each for each in found if each is not None and each.state is not State.OK]
    if answered:
        count = "1 network device answers" if len(answered) == 1 else f"{len(answered)} network devices answer"
        kept.insert(0, _DEVICES.ok(f"{count}: {few(answered)}"))
    return kept


async def _ask(device: Device, known: Clients, sender: Sender) -> Finding | None:
    """None where there is nothing to say that is not said already."""
    try:
        client = known.find(device.address)
    except ClientError:
        return None
    made = _plan(client.family or device.family)
    if made is None:
        what = f"{device.address}: family {client.family or device.family} takes no change of authorization"
        return _DEVICES.skipped(what)
    address, port = client.coa_address or device.address, client.coa_port or made.port
    result = await sender.send(Order(address, port, made.code, made.attributes), client.secret.octets)
    return _judge(device, client, f"{address} port {port}", result)


def _plan(family: str) -> Plan | None:
    """What names no session: random ids, that of every kind which a family knows a session by."""
    nonce = f"mdm-check-{secrets.token_hex(8)}"
    session = CoaSession(
        family=family,
        user_name=nonce,
        nas_identifier=nonce,
        calling_station_id="02-00-5E-00-53-FE",  # RFC 7042 section 2.1.2: nobody's
        acct_session_id=nonce,
        audit_session_id=nonce,
    )
    known = FAMILIES.get(family)
    for action in _ORDER if known is not None else ():
        made = plan(session, action)
        if isinstance(made, Plan):
            return made
    return None


def _judge(device: Device, client: Client, where: str, result: Result) -> Finding:
    if result.outcome in (Outcome.ACK, Outcome.NAK):
        return _DEVICES.ok(f"{where}: {result.outcome.value}, {result.detail}", client.where)
    if result.discarded:
        what = f"{where}: {_sessions(device)}, and its answer is not signed with our secret ({result.discarded[0]})"
        advice = f"write the secret that it has for CoA into the client section: {client.where}"
        return _DEVICES.error(what, advice, client.where)
    what = f"{where}: {_sessions(device)}, and does not answer a change of authorization: {result.detail}"
    advice = (
        "allow this server there (aaa server radius dynamic-author on Cisco) and on firewalls between; "
        "mdm_coa_port and mdm_coa_address where it listens elsewhere"
    )
    if device.sessions:
        return _DEVICES.error(what, advice, client.where)
    return _DEVICES.warning(what, advice, client.where)


def _sessions(device: Device) -> str:
    if not device.sessions:
        return f"{device.address} has no session"
    return f"{device.address} has {device.sessions} session{'' if device.sessions == 1 else 's'}"
