"""Exemptions made, ended and expired: stored first, then the sessions of the endpoint are looked at, then told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from ..compliance import EndpointKey
from ..config.model import Config
from ..errors import StoreError
from ..exemption import KEPT, LONGEST, Exemption, check
from ..store.exemptions import ExemptionQueries
from ..store.write import StoreWriter
from .changes import Changes
from .events import EventLog
from .lines import moment

_SOONEST = 60.0  # seconds; what is over sooner is a mistake in the date


class NotExemptedError(ValueError):
    """An exemption can't be made or ended: what is wrong, what is allowed, what to do next."""

    def __init__(self, what: str, *, allowed: str = "", next_: str = "") -> None:
        self.what, self.allowed, self.next = what, allowed, next_
        super().__init__(what)


class Exemptions:
    """Belongs to the event loop. `share` is called with each exemption that was made or ended here."""

    def __init__(
        self,
        writer: StoreWriter,
        queries: ExemptionQueries,
        changes: Changes,
        config: Callable[[], Config],
        events: EventLog,
        wall: Callable[[], float],
    ) -> None:
        self._writer = writer
        self.queries = queries
        self._changes = changes
        self._config = config
        self._events = events
        self._wall = wall
        self._told: dict[str, bool] = {}  # by id: what `changes` has been told of, and has not settled yet
        self._missing: frozenset[str] = frozenset()
        self._unlearnt: list[Exemption] = []  # from other nodes, which do not tell them again
        self.share: list[Callable[[Exemption], None]] = []

    async def make(self, key: EndpointKey, profile: str, until: float, reason: str, author: str) -> Exemption:
        """Give the endpoint that profile. Raises NotExemptedError, StoreError."""
        config, now = self._config(), self._wall()
        if profile not in config.profiles:
            raise NotExemptedError(
                f"there is no authorization profile {profile[:80]!r}",
                allowed=", ".join(config.profiles),
                next_="name one of these; one that rejects is how an endpoint is blocked",
            )
        if all(server.name != key.server for server in config.servers):
            names = ", ".join(server.name for server in config.servers)
            raise NotExemptedError(f"there is no MDM server {key.server[:80]!r}", allowed=names)
        if not now + _SOONEST <= until <= now + LONGEST:
            raise NotExemptedError(
                "its end is in the past, in less than a minute, or too far away",
                allowed=f"from a minute to {LONGEST / 86400:.0f} days from now",
                next_="make it shorter, and renew it while it is in force",
            )
        asked = Exemption(secrets.token_hex(6), key, profile, author, reason.strip(), now, until)
        _checked(asked)
        made = await asyncio.to_thread(self._writer.make_exemption, asked)
        self._events.info("exemption_made", **_shown(made))
        await self._changed(made)
        return made

    async def end(self, identifier: str, reason: str, author: str) -> Exemption:
        """End one before its time. Raises NotExemptedError, LookupError, StoreError."""
        now = self._wall()
        known = await asyncio.to_thread(self.queries.exemption, identifier)
        if known is None:
            raise LookupError(f"no exemption has the id {identifier[:40]!r}")
        if not known.in_force(now):
            when = "ended" if known.ended_at is not None else "expired"
            raise NotExemptedError(f"exemption {known.id} has {when} already", next_="mdmctl exempt list --all")
        _checked(Exemption(known.id, known.key, known.profile, author, reason.strip(), known.made_at, known.until))
        ended = await asyncio.to_thread(self._writer.end_exemption, known.id, now, author, reason.strip())
        if ended is None:
            raise NotExemptedError(f"exemption {known.id} was ended by somebody else just now")
        self._events.info("exemption_ended", **_shown(ended))
        await self._changed(ended)
        return ended

    async def learn(self, told: Sequence[Exemption]) -> None:
        """What another node knows. Raises StoreError, after which `look` stores it as soon as that is possible."""
        now = self._wall()
        self._unlearnt += [each for each in told if each.until > now - KEPT]
        await self.look()
        await asyncio.to_thread(self.look_at_profiles)

    async def look(self) -> bool:
        """Have sessions looked at for what was made, ended or has expired. Call it at the start, and once a second.

        Raises StoreError.
        """
        now = self._wall()
        while self._unlearnt:
            told = list(self._unlearnt)
            for each in await asyncio.to_thread(self._writer.merge_exemptions, told):
                self._events.info("exemption_elsewhere", **_shown(each))
            # Not by their number: another look may have been here meanwhile.
            self._unlearnt = [each for each in self._unlearnt if each not in told]
        for each in await asyncio.to_thread(self._writer.unsettled_exemptions, now):
            over = not each.in_force(now)
            if self._told.get(each.id) is over:
                continue
            self._told[each.id] = over
            if over and each.ended_at is None:
                self._events.info("exemption_expired", **_shown(each))
            self._changes.endpoint_changed(each.key, self._settling(each.id, over))
        return False

    def look_at_profiles(self) -> None:
        """Tell of exemptions that name a profile which mdm.toml does not have (any more). Blocks for the store."""
        profiles = self._config().profiles
        found = self.queries.exemptions(self._wall())
        missing = {each.exemption.id: each.exemption for each in found if each.exemption.profile not in profiles}
        for identifier, exemption in missing.items():
            if identifier not in self._missing:
                advice = "end it with mdmctl exempt end, or give mdm.toml that profile back"
                self._events.warning("exemption_ignored", code="M1308", **_shown(exemption), next=advice)
        self._missing = frozenset(missing)

    def body(self) -> dict[str, Any]:
        """For /v1/health. `ignored`: those whose profile is missing. Blocks for the store; raises StoreError."""
        found = self.queries.exemptions(self._wall())
        profiles = self._config().profiles
        return {
            "in_force": len(found),
            "next_over_at": found[0].exemption.until if found else None,
            "ignored": [each.exemption.id for each in found if each.exemption.profile not in profiles],
        }

    def everything(self) -> list[Exemption]:
        """What other nodes should know. Blocks; raises StoreError."""
        now = self._wall()
        found = self.queries.exemptions(now, every=True)
        return [each.exemption for each in found if each.exemption.until > now - LONGEST]

    async def _changed(self, exemption: Exemption) -> None:
        for share in self.share:
            share(exemption)
        try:
            await self.look()
        except StoreError as error:  # it is in the store, and looked at a second later
            self._events.error("exemptions_wait", error=error, next="it is tried again")

    def _settling(self, identifier: str, over: bool) -> Callable[[], None]:
        def settle() -> None:
            self._writer.settle_exemption(identifier, over=over)
            if self._told.get(identifier) is over:
                del self._told[identifier]

        return settle


def _checked(exemption: Exemption) -> None:
    try:
        check(exemption)
    except ValueError as error:
        raise NotExemptedError(str(error)) from error


def _shown(exemption: Exemption) -> dict[str, object]:
    by, reason = exemption.author, exemption.reason
    if exemption.ended_at is not None:
        by, reason = exemption.ended_by, exemption.end_reason
    return {
        "exemption": exemption.id,
        "endpoint": exemption.key,
        "profile": exemption.profile,
        "by": by,
        "reason": reason,
        "until": moment(exemption.until),
    }
