"""An explanation from its parts: the store is read once, the policy's code run as often as there are worlds to show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from ...compliance import ComplianceRecord, EndpointKey
from ...config.model import Config
from ...errors import StoreError
from ...exemption import Exemption
from . import compare, looks
from .judge import Judge, World, answered_now, reading, world_then
from .model import Comparison, Explanation, RecordLook, Result, Standing, Subject


class Store(Protocol):
    """What is read; StoreReader is one. Each raises StoreError."""

    def record(self, key: EndpointKey) -> ComplianceRecord | None: ...
    def exemption(self, key: EndpointKey) -> Exemption | None: ...
    def redirect_url(self, server: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Explainer:
    """`exemption_of` finds an exemption by its id, also one that is over. `wall`: seconds since the epoch."""

    config: Config
    store: Store
    exemption_of: Callable[[str], Exemption | None]
    wall: Callable[[], float]

    def explain(self, subject: Subject) -> Explanation:
        """The whole explanation. What the store can't say is told in it, as radiusd would decide without."""
        now = self.wall()
        identity, identity_look = looks.of_identity(
            subject.request, self.config, has_uri_attribute=subject.has_uri_attribute
        )
        judge = Judge(self.config, subject, identity)
        key = identity.key if identity.refusal is None else None
        record, exemption, trouble = self._known(key)
        record_look = looks.of_record(key, record, self.config.server(key.server), now, trouble) if key else None
        world = World(now, now, reading(record), lambda _: exemption, self._address)
        present = judge.verdict(world)
        if_answered = self._if_answered(judge, world, record, record_look)
        comparison = None
        if subject.decision is not None:
            comparison = self._compare(subject, judge, world, key, present, if_answered)
        return Explanation(
            subject=subject,
            at=now,
            identity=identity_look,
            record=record_look,
            exemption=exemption,
            asks_first=record_look is not None and record_look.standing is Standing.DUE,
            now=present,
            if_answered=if_answered,
            comparison=comparison,
        )

    def _known(self, key: EndpointKey | None) -> tuple[ComplianceRecord | None, Exemption | None, str]:
        """Record, exemption, and why the store could not be read."""
        if key is None:
            return None, None, ""
        try:
            return self.store.record(key), self.store.exemption(key), ""
        except StoreError as error:
            return None, None, str(error)

    def _address(self, server: str) -> str:
        try:
            return self.store.redirect_url(server)
        except StoreError:
            return ""

    def _if_answered(
        self, judge: Judge, world: World, record: ComplianceRecord | None, look: RecordLook | None
    ) -> Result | None:
        if look is None or look.standing is not Standing.DUE or record is None or record.answer is None:
            return None
        answered = reading(answered_now(record, world.at))
        return judge.verdict(replace(world, read_record=answered, asked_since=-math.inf))

    def _compare(
        self,
        subject: Subject,
        judge: Judge,
        world: World,
        key: EndpointKey | None,
        present: Result,
        if_answered: Result | None,
    ) -> Comparison:
        made = subject.decision
        assert made is not None
        exempting = self._exemption(made.exemption)
        then = judge.verdict(world_then(made, self.config, key, exempting, self._address))
        plain = judge.verdict(replace(world, read_exemption=lambda _: None))
        return compare.with_now(subject, made, then, if_answered or present, plain)

    def _exemption(self, identifier: str) -> Exemption | None:
        try:
            return self.exemption_of(identifier) if identifier else None
        except StoreError:
            return None
