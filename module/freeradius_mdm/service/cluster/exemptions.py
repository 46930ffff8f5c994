"""Exemptions: what an operator has made at one node counts at all of them."""

from __future__ import annotations

from collections.abc import Iterable

from .line import Line
from .outbox import Outbox, Parcel
from .protocol import SharedExemption
from .scripts import Scripts

_GIVE_UP = 5.0  # seconds


class Exemptions:
    """A few at most, so that all of them are in one hash."""

    def __init__(self, outbox: Outbox, scripts: Scripts) -> None:
        self._outbox = outbox
        self._scripts = scripts

    def put(self, one: SharedExemption) -> None:
        """See Cluster.put_exemption."""
        forgotten_at = int(one.until * 1000)
        command = self._scripts.call("put_exemption", one.id, repr(one.changed_at), forgotten_at, one.text)
        self._outbox.add(f"e:{one.id}", Parcel(lambda: command, rank=one.changed_at))

    def put_missing(self, exemptions: Iterable[SharedExemption], known: Iterable[str]) -> None:
        """Those that Redis does not hold as they are."""
        texts = set(known)
        for one in exemptions:
            if one.text not in texts:
                self.put(one)

    async def read_all(self, line: Line) -> list[str]:
        """The text of every one that Redis holds. Raises what the line raises."""
        flat = await line.one(("HGETALL", self._scripts.key("exemptions")), _GIVE_UP)
        return [value.decode(errors="replace").split(" ", 2)[-1] for value in flat[1::2]]
