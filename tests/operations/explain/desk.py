"""A radiusd without a network: requests go through the hooks' own code, the journal and the store, and are explained.

What FreeRADIUS does between the hooks, writing what they return into its lists, is done here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from freeradius_mdm.compliance import ComplianceAnswer, EndpointKey, IdKind
from freeradius_mdm.config.model import Config
from freeradius_mdm.config.reader import load
from freeradius_mdm.decision import Decision
from freeradius_mdm.enforcement import Enforcement
from freeradius_mdm.operations.explain import (
    Explainer,
    Explanation,
    Finder,
    Kind,
    PasteOptions,
    subject_of,
)
from freeradius_mdm.operations.explain.paste import parse, quoted
from freeradius_mdm.operations.explain.surroundings import Surroundings
from freeradius_mdm.reply import encode
from freeradius_mdm.request import Request
from freeradius_mdm.result import Result
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.journal_reader import JournalReader
from freeradius_mdm.service.sessions import SessionKeeper
from freeradius_mdm.store.exemptions import ExemptionQueries
from freeradius_mdm.store.lookup import StoreLookup
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.builders import NOW, TOML, write_toml

Pairs = Sequence[tuple[str, str]]


@dataclass
class Desk:
    """One directory with mdm.toml, store and journal; the clock is `now`, set by hand, and goes on by `tick` a look."""

    directory: Path
    toml: str = TOML
    now: float = NOW
    has_uri_attribute: bool = True
    tick: float = 0.0
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.directory / "state" / "journal").mkdir(parents=True)
        self.file = write_toml(self.directory, self.toml)
        self.store = StoreWriter(self.directory / "state")
        keeper = SessionKeeper(self.store, EventLog(io.StringIO(), self.clock), self.now, "radius1")
        journal = self.directory / "state" / "journal"
        self.reader = JournalReader(journal, self.store, keeper, self.clock, lambda _: None)
        self.enforcement = Enforcement(
            self.file,
            has_uri_attribute=self.has_uri_attribute,
            info=lambda _: None,
            error=self.errors.append,
            clock=self.clock,
        )

    def clock(self) -> float:
        self.now += self.tick
        return self.now

    def close(self) -> None:
        self.enforcement.close()
        self.store.close()

    @property
    def config(self) -> Config:
        return load(self.file)

    @property
    def lookup(self) -> StoreLookup:
        return StoreLookup(self.directory / "state" / "store.sqlite")

    def rewrite(self, *changes: tuple[str, str]) -> None:
        """Another mdm.toml, which the hooks have not seen yet."""
        text = self.file.read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} is not there once"
            text = text.replace(old, new)
        write_toml(self.directory, text)

    def answer(self, key: EndpointKey, answer: ComplianceAnswer, age: float = 0.0) -> None:
        self.store.put_answer(key, answer, self.now - age)

    def authenticate(
        self,
        pairs: Pairs,
        control: Pairs = (),
        reply: Pairs = (),
        *,
        waits: bool = True,
        answered: ComplianceAnswer | None = None,
        tamper: Callable[[tuple[str, str]], tuple[str, str]] = lambda pair: pair,
    ) -> Decision:
        """One authentication as policy.d/mdm runs it.

        `answered`: what mdmd is told during the wait; `tamper`: what another policy does to the reply behind ours.
        """
        lists = {"request": pairs, "config": list(control), "reply": list(reply), "session-state": None}
        result = self._call(lists)
        if waits and any(name == "MDM-Wait-Value" for name, _ in lists["config"]):
            if answered is not None:
                told = dict(lists["config"])
                key = EndpointKey(told["MDM-Wait-Server"], IdKind(told["MDM-Wait-Kind"]), told["MDM-Wait-Value"])
                self.store.put_answer(key, answered, self.now)
            lists["config"].append(("MDM-Waited", "yes"))  # type: ignore[union-attr]
            result = self._call(lists)
        lists["reply"][:] = map(tamper, lists["reply"])  # type: ignore[index, arg-type]
        if result.accept:
            result = self.enforcement.confirm_accept(Request.from_hook(lists))  # type: ignore[arg-type]
            self._write(lists, result)
        if not result.accept:
            self.enforcement.confirm_reject(Request.from_hook(lists))  # type: ignore[arg-type]
        self.reader.poll()
        identifier = next(value for name, value in lists["reply"] if name == "MDM-Decision-Id")  # type: ignore[union-attr]
        (stored,) = self.lookup.decisions_beginning(identifier)
        return stored

    def _call(self, lists: dict[str, object]) -> Result:
        result = self.enforcement.decide(Request.from_hook(lists))  # type: ignore[arg-type]
        self._write(lists, result)
        return result

    @staticmethod
    def _write(lists: dict[str, object], result: Result) -> None:
        """freeradius.md section 2.4: `:=` replaces the first of its name, `+=` appends, `!*` removes all of a name."""
        for name, pairs in encode(result.lists).items():
            held: list[tuple[str, str]] = lists[name]  # type: ignore[assignment]
            for attribute, operator, value in pairs:
                plain = attribute.partition(":")[0]
                if operator == "!*":
                    held[:] = [pair for pair in held if pair[0].partition(":")[0] != plain]
                    continue
                places = [place for place, pair in enumerate(held) if pair[0].partition(":")[0] == plain]
                if operator == ":=" and places:
                    held[places[0]] = (attribute, value)
                else:
                    held.append((attribute, value))

    def explainer(self) -> Explainer:
        file = self.directory / "state" / "store.sqlite"
        return Explainer(self.config, StoreReader(file), ExemptionQueries(file).exemption, self.clock)

    def explain(self, what: str, kind: Kind | None = None) -> Explanation:
        return self.explainer().explain(Finder(self.config, self.lookup).find(what, kind))

    def explain_pasted(self, text: str, options: PasteOptions | None = None) -> Explanation:
        around = Around(self.config, has_uri_attribute=self.has_uri_attribute)
        return self.explainer().explain(subject_of(parse(text), around, options or PasteOptions(), "the paste"))


class Around(Surroundings):
    """Of a machine without FreeRADIUS."""

    def __init__(self, config: Config, *, has_uri_attribute: bool) -> None:
        super().__init__(config, Path("/nowhere"))
        object.__setattr__(self, "_has", has_uri_attribute)

    @property
    def has_uri_attribute(self) -> bool:
        return self._has  # type: ignore[attr-defined, no-any-return]


def as_pasted(pairs: Pairs) -> str:
    """A request as `radiusd -X` prints it."""
    lines = (f"(7)   {name} = {quoted(value)}" for name, value in pairs)
    return "\n".join(["(7) Received Access-Request Id 5 from 192.0.2.10:49152 to 192.0.2.1:1812 length 180", *lines])
