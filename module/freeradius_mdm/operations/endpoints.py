"""Which endpoint, or which session, an operator means by what he has of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .. import mac
from ..compliance import EndpointKey, IdKind
from ..config.model import Config
from ..decision import Decision
from ..identity.device_id import guid_of
from ..sessions.model import Session
from ..store.lookup import StoreLookup
from ..store.query import StoreQueries
from ..store.sessions import LIVE, SessionFilter, SessionQueries
from .codes import OperationCode
from .errors import OperationError

ALLOWED = "a device id (GUID), a MAC, a user name, the id of a session or of a decision, or SERVER/KIND/VALUE"
_DIGITS = re.compile(r"[0-9a-f]{6,24}")


@dataclass(frozen=True, slots=True)
class Meant:
    """An endpoint, and how it was found, for the operator to see."""

    key: EndpointKey
    how: str


class Endpoints:
    """Looks in the store. Methods raise OperationError when nothing, or more than one, is meant; StoreError."""

    def __init__(self, config: Config) -> None:
        self._config = config
        file = config.service.store_file
        self._lookup, self._sessions, self._queries = StoreLookup(file), SessionQueries(file), StoreQueries(file)

    def endpoint(self, text: str) -> Meant:
        """The one endpoint that is meant."""
        text = text.strip()
        found = {meant.key: meant for meant in reversed(self._meant(text) if text else [])}
        if not found:
            raise OperationError(
                OperationCode.NOT_FOUND,
                f"nothing here is called {text[:80]!r}",
                allowed=ALLOWED,
                next="mdmctl sessions and mdmctl decisions list what there is",
            )
        if len(found) > 1:
            raise OperationError(
                OperationCode.SEVERAL_MEANT,
                f"{text[:80]!r} is {len(found)} endpoints",
                allowed=", ".join(sorted(map(str, found))[:10]),
                next="name one of these",
            )
        return next(iter(found.values()))

    def session(self, text: str) -> Session:
        """The one live session that is meant: by its id, an Acct-Session-Id, a MAC, a device id or a user name."""
        text = text.strip()
        found = self._live_sessions(text) if text else []
        if not found:
            ended = self._lookup.sessions_called(text) if text else []
            what = f"that session has ended: {ended[0].end_cause}" if ended else f"no live session is {text[:80]!r}"
            raise OperationError(
                OperationCode.NOT_FOUND,
                what,
                allowed="the id of a live session, an Acct-Session-Id, a MAC, a device id or a user name",
                next="mdmctl sessions lists them",
            )
        if len(found) > 1:
            raise OperationError(
                OperationCode.SEVERAL_MEANT,
                f"{text[:80]!r} has {len(found)} live sessions",
                allowed="; ".join(
                    f"{each.id} on {each.nas_name or each.nas} {each.nas_port_id}" for each in found[:10]
                ),
                next="name one of them by its id",
            )
        return found[0]

    def _meant(self, text: str) -> list[Meant]:
        """Nothing, one, or several; the first reading of the text that says something counts."""
        if text.count("/") == 2 and (exact := _exact(text)) is not None:
            return [Meant(exact, "as named")]
        guid, digits = guid_of(text), mac.parse(text)
        if guid:
            return self._of_device(guid)
        if digits is not None:
            return self._of_mac(digits)
        if (named := self._lookup.sessions_called(text)) and (keys := _keys(named)):
            return [Meant(key, "by its session") for key in keys]
        if _DIGITS.fullmatch(text.lower()) and (made := self._lookup.decisions_beginning(text.lower(), 3)):
            return [Meant(key, f"by decision {each.id}") for each in made if (key := key_of(each)) is not None]
        live = _keys(self._sessions.sessions(SessionFilter(user=text, state=LIVE)))
        if live:
            return [Meant(key, "by the user of its live session") for key in live]
        last = self._lookup.latest_decision("user", text)
        key = None if last is None else key_of(last)
        return [] if key is None else [Meant(key, "by the user of its latest decision")]

    def _of_device(self, guid: str) -> list[Meant]:
        known = [record.key for record in self._queries.records() if record.key.value == guid]
        known += _keys(self._sessions.sessions(SessionFilter(identity=guid)))
        if known:
            return [Meant(key, "by its device id") for key in dict.fromkeys(known)]
        last = self._lookup.latest_decision("identity", guid)
        if last is not None and (key := key_of(last)) is not None:
            return [Meant(key, "by its latest decision")]
        how = "not seen yet, by the kinds of device id that mdm.toml looks for"
        return [Meant(EndpointKey(server, kind, guid), how) for server, kind in self._kinds()]

    def _kinds(self) -> list[tuple[str, IdKind]]:
        """What a device id can be: of which enabled MDM server, and of which kind."""
        enabled = {server.name for server in self._config.servers if server.enabled}
        found = [(source.server, each.kind) for source in self._config.identity for each in source.patterns]
        return list(dict.fromkeys(pair for pair in found if pair[0] in enabled))

    def _of_mac(self, digits: str) -> list[Meant]:
        """What the station is identified by: by its MAC only when nothing better is known of it."""
        live = _keys(self._sessions.sessions(SessionFilter(mac=digits, state=LIVE)))
        if live:
            return [Meant(key, "by the MAC of its live session") for key in live]
        last = self._lookup.latest_decision("mac", digits)
        if last is not None and (key := key_of(last)) is not None:
            return [Meant(key, "by the MAC of its latest decision")]
        known = [record.key for record in self._queries.records() if record.key.value == digits]
        if known:
            return [Meant(key, "by its MAC") for key in known]
        enabled = [server.name for server in self._config.servers if server.enabled]
        return [Meant(EndpointKey(name, IdKind.MAC, digits), "not seen yet, by its MAC") for name in enabled]

    def _live_sessions(self, text: str) -> list[Session]:
        found = [session for session in self._lookup.sessions_called(text) if session.live]
        if found:
            return found
        if digits := mac.parse(text):
            return self._sessions.sessions(SessionFilter(mac=digits, state=LIVE))
        if guid := guid_of(text):
            return self._sessions.sessions(SessionFilter(identity=guid, state=LIVE))
        if _DIGITS.fullmatch(text.lower()):
            made = self._lookup.decisions_beginning(text.lower())
            found = [session for each in made for session in self._lookup.sessions_of(each.id) if session.live]
            if found:
                return list({session.id: session for session in found}.values())
        return self._sessions.sessions(SessionFilter(user=text, state=LIVE))


def key_of(decision: Decision) -> EndpointKey | None:
    """Whom a decision was about; None when nothing was identified."""
    try:
        return EndpointKey(decision.server, IdKind(decision.identity_kind), decision.identity)
    except ValueError:
        return None


def _keys(sessions: Iterable[Session]) -> list[EndpointKey]:
    return list(dict.fromkeys(key for session in sessions if (key := session.key) is not None))


def _exact(text: str) -> EndpointKey | None:
    server, kind, value = text.split("/")
    try:
        which = IdKind(kind)
        return EndpointKey(server, which, (mac.parse(value) or value) if which is IdKind.MAC else value.lower())
    except ValueError:
        return None
