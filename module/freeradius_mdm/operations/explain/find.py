"""Finding what an operator means: a decision, or the latest one of a device, a user or a session."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from ... import mac
from ...compliance import IdKind
from ...config.model import Config
from ...decision import Decision
from ...identity.device_id import guid_of
from ...request_record import has_uri_attribute, not_kept, request_of
from ...store.lookup import StoreLookup
from ..codes import OperationCode
from ..errors import OperationError
from . import made_up
from .model import Origin, Subject

_DIGITS = re.compile(r"[0-9a-f]{6,24}")
_MOST = 10  # decisions that are named when several are meant


class Kind(StrEnum):
    """How the operator's word is to be read."""

    DECISION = "decision"
    MAC = "mac"
    GUID = "guid"
    SESSION = "session"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks in the store; `config` says which identifiers a request that is made up has to carry."""

    config: Config
    store: StoreLookup

    def find(self, what: str, kind: Kind | None = None) -> Subject:
        """The subject. Without a kind it is read as what it can be, in the order of Kind.

        Raises OperationError when nothing has that name or several decisions could be meant, StoreError.
        """
        what = what.strip()
        for each in (Kind if kind is None else (kind,)) if what else ():
            # Twelve digits are rather a MAC, when there is a decision about it.
            if each is not kind and each is Kind.DECISION and self._by_mac(what):
                continue
            found = self._as(each, what)
            if found is not None:
                return found
        for each in (Kind.MAC, Kind.GUID):
            if kind in (None, each) and (subject := self._made_up(what, each)):
                return subject
        raise OperationError(
            OperationCode.NOT_FOUND,
            f"there is no {kind or 'decision, device, session or user'} {what[:80]!r}",
            allowed="an id of a decision or its first 6 digits, a MAC, a GUID, a session id, a user name, "
            "a file with a request, or - for a request on standard input",
            next="mdmctl decisions lists them",
        )

    def decision(self, what: str) -> Decision:
        """The one decision of that id or beginning. Raises OperationError, StoreError."""
        found = self._decision(what.strip())
        if found is None:
            raise OperationError(
                OperationCode.NOT_FOUND,
                f"there is no decision {what[:80]!r}",
                allowed="24 hexadecimal digits, or at least the first 6",
                next="mdmctl decisions lists them; mdmctl explain also takes a MAC, a GUID, a session or a user",
            )
        return found

    def _as(self, kind: Kind, what: str) -> Subject | None:
        match kind:
            case Kind.DECISION:
                return self._by_decision(what)
            case Kind.MAC:
                return self._by_mac(what)
            case Kind.GUID:
                return self._by_guid(what)
            case Kind.SESSION:
                return self._by_session(what)
            case Kind.USER:
                return self._by_user(what)

    def _decision(self, what: str) -> Decision | None:
        digits = what.lower()
        if not _DIGITS.fullmatch(digits):
            return None
        found = self.store.decisions_beginning(digits, _MOST)
        if len(found) > 1:
            raise OperationError(
                OperationCode.SEVERAL_MEANT,
                f"{len(found)}{' or more' if len(found) == _MOST else ''} decisions begin with {digits}",
                allowed=", ".join(each.id for each in found[:5]),
                next="write more digits",
            )
        return found[0] if found else None

    def _by_decision(self, what: str) -> Subject | None:
        found = self._decision(what)
        return self._of(found, f"decision {found.id}") if found else None

    def _by_mac(self, what: str) -> Subject | None:
        digits = mac.parse(what)
        found = digits and (self.store.latest_decision("mac", digits) or self.store.latest_decision("identity", digits))
        return self._of(found, f"the latest decision of MAC {digits}") if found else None

    def _by_guid(self, what: str) -> Subject | None:
        guid = guid_of(what)
        found = self.store.latest_decision("identity", guid) if guid else None
        return self._of(found, f"the latest decision of device {guid}") if found else None

    def _by_session(self, what: str) -> Subject | None:
        for session in self.store.sessions_called(what):
            for identifier in (session.decision_id, session.id):
                found = self.store.decisions_beginning(identifier)
                if found:
                    return self._of(found[0], f"session {session.id}, the decision in force for it")
        return None

    def _by_user(self, what: str) -> Subject | None:
        found = self.store.latest_decision("user", what)
        return self._of(found, f"the latest decision of user {what[:80]!r}") if found else None

    def _of(self, made: Decision, name: str) -> Subject:
        if not made.request:
            return made_up.of_decision(self.config, made, name)
        return Subject(
            name=name,
            origin=Origin.DECISION,
            request=request_of(made.request, made.method),
            has_uri_attribute=has_uri_attribute(made.request),
            decision=made,
            not_kept=not_kept(made.request),
        )

    def _made_up(self, what: str, kind: Kind) -> Subject | None:
        if kind is Kind.MAC:
            digits = mac.parse(what)
            return made_up.of_endpoint(self.config, IdKind.MAC, digits) if digits else None
        guid = guid_of(what)
        return made_up.of_endpoint(self.config, None, guid) if guid else None
