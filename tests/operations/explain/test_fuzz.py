"""Whatever is decided is explained as it was decided: by the decision's id, and by the same request pasted.

The decision is made by the hooks' code, journaled, taken into the store by mdmd's, and explained from there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from freeradius_mdm.compliance import ComplianceAnswer
from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.errors import ConfigError
from freeradius_mdm.exemption import Exemption
from freeradius_mdm.operations.explain.model import Cause, Explanation, Looked, Result
from freeradius_mdm.operations.explain.paste import parse
from freeradius_mdm.request import Request
from freeradius_mdm.request_record import REPLY_TAKEN
from tests.builders import URI_ATTRIBUTE
from tests.operations.explain import worlds
from tests.operations.explain.desk import Desk, Pairs, as_pasted

PHASES = [Phase.reuse, Phase.generate, Phase.shrink]  # explaining a failure takes minutes
FIELDS = (
    *("outcome", "rule", "profile", "would_be_rule", "would_be_profile", "reason_code", "reason", "family"),
    *(
        "identity",
        "identity_kind",
        "identity_source",
        "identity_proven",
        "server",
        "exemption",
        "mac",
        "access",
        "user",
    ),
    *("registration", "compliance", "managed", "reachable", "record_source", "record_age"),
)


@settings(max_examples=150, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_every_decision_is_explained_as_it_was_made(data: st.DataObject) -> None:
    toml = data.draw(worlds.tomls())
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "dacls").mkdir()
        (Path(directory) / "dacls" / "LONG.acl").write_text(worlds.LONG_ACL, encoding="utf-8")
        try:
            desk = Desk(Path(directory), toml, has_uri_attribute=data.draw(st.booleans()))
        except ConfigError:
            event("a policy that is refused")
            assume(False)
            raise
        try:
            fill(desk, data.draw(st.lists(worlds.known, min_size=1, max_size=5, unique_by=lambda each: each.key)))
            desk.tick = data.draw(st.sampled_from([0.0, 0.003]))
            for _ in range(data.draw(st.integers(1, 4))):
                pairs = data.draw(worlds.requests())
                if not desk.has_uri_attribute:  # FreeRADIUS shows no attribute that its dictionary does not have
                    pairs = [pair for pair in pairs if pair[0] != URI_ATTRIBUTE]
                place, reply = data.draw(worlds.places), data.draw(worlds.replies)
                check(desk, pairs, place, reply, data.draw(st.one_of(st.none(), worlds.answers)))
        finally:
            desk.close()


def fill(desk: Desk, known: Sequence[worlds.Known]) -> None:
    desk.store.put_redirect_url("Intune", "https://portal.manage.example/enrol?x=1", desk.now)
    for number, each in enumerate(known):
        if each.answer is not None:
            desk.answer(each.key, each.answer, each.age)
        if each.failure:
            desk.store.put_failure(each.key, each.failure, desk.now - 5)
        if each.exempted:
            found = Exemption(
                f"{number:012x}", each.key, each.exempted, "operator", "a test", desk.now - 60, desk.now + 7000.5
            )
            desk.store.make_exemption(found)


def check(desk: Desk, pairs: Pairs, place: Pairs, reply: Pairs, answered: ComplianceAnswer | None) -> None:
    made = desk.authenticate(pairs, place, reply, answered=answered)
    told = desk.explain(made.id)
    assert told.comparison is not None
    then = told.comparison.then
    assert then is not None, told.comparison.why
    event(f"{made.outcome} {made.reason_code}")
    unsure = [name for rule in then.rules if rule.looked is not Looked.NOT_REACHED for name in rule.not_kept]
    if unsure:
        event("a rule looks at what is not kept")
    else:
        assert told.comparison.overruled == "", made.reason
        same(made, then, reply)
        causes = {change.cause for change in told.comparison.changes}
        assert causes <= {Cause.RECORD}, told.comparison
    pasted(desk, made, told, pairs, place, unsure=bool(unsure), waited=waited(made))


def same(made: Decision, then: Result, reply: Pairs) -> None:
    again = then.decision
    assert {name: getattr(again, name) for name in FIELDS} == {name: getattr(made, name) for name in FIELDS}
    sent = list(made.attributes)
    for pair in reply if made.outcome is Outcome.ACCEPT else ():
        if pair in sent:
            sent.remove(pair)  # what other modules had put there
    assert without_timer(sent) == without_timer(then.sent)
    assert abs(timer(sent) - timer(then.sent)) <= 1


def pasted(
    desk: Desk, made: Decision, told: Explanation, pairs: Pairs, place: Pairs, *, unsure: bool, waited: bool
) -> None:
    """The paste has every attribute, and knows nothing of the reply that others had begun to fill."""
    if any(name == REPLY_TAKEN for name, _ in made.request):
        event("the reply was part full")
        return
    seen = Request.from_hook({"request": pairs}).request
    text = as_pasted((*seen, *place))
    assert [(name, value) for name, value, _ in parse(text).pairs] == [*seen, *place]
    again = desk.explain_pasted(text).now
    if not unsure:
        assert gives(again) == gives(told.now)
    if not waited and not desk.tick and made.record_source != "Live":
        event("a paste beside the decision itself")
        assert {name: getattr(again.decision, name) for name in FIELDS} == {
            name: getattr(made, name) for name in FIELDS
        }


def waited(made: Decision) -> bool:
    return any(step.code == "M1241" for step in made.steps)


def gives(result: Result) -> tuple[object, ...]:
    """Without Class, which holds the decision's id."""
    *rest, attributes = result.gives
    assert isinstance(attributes, tuple)
    return (*rest, tuple(pair for pair in attributes if pair[0] != "Class"))


def without_timer(sent: Pairs) -> list[tuple[str, str]]:
    return sorted((name.removesuffix(":0"), value) for name, value in sent if name != "Session-Timeout")


def timer(sent: Pairs) -> int:
    return next((int(value) for name, value in sent if name == "Session-Timeout"), 0)
