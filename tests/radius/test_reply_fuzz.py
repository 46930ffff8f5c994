"""What the encoder lets through, sent by a real FreeRADIUS in `-f` and compared with the wire, attribute by attribute.

The lists are those of tests/test_reply_fuzz.py: of our own attributes, of an operator's choice, and whole profiles.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from freeradius_mdm import confirm
from freeradius_mdm.dacl import DaclError
from freeradius_mdm.errors import ReplyError
from freeradius_mdm.free_attributes import parse_free
from freeradius_mdm.lab.radiusd import Host
from freeradius_mdm.profiles.family import FAMILIES
from freeradius_mdm.profiles.render import ProfileError, Situation, render
from freeradius_mdm.reply import List, Operator, Pair, encode
from freeradius_mdm.reply_size import MOST_ROOM, of_pairs, of_reply
from freeradius_mdm.reply_types import TYPES
from tests import reply_oracle
from tests.installed_dictionary import installed
from tests.radius import bare
from tests.test_reply_fuzz import dacls, free_texts, likely_pairs, only, profiles

CHROOT = os.environ.get("MDM_TEST_CHROOT", "")
DICTIONARIES = Path(f"{CHROOT}/usr/share/freeradius")
OWN, FREE, PROFILES = 100, 100, 40  # lists of each kind
_quietly = settings(
    database=None,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def sample(directory: Path) -> list[list[Pair]]:
    """Lists that the encoder lets through."""
    found: dict[str, list[list[Pair]]] = {"own": [], "free": [], "profiles": []}
    free_pairs: dict[str, Pair] = {}

    def keep(kind: str, pairs: list[Pair]) -> None:
        try:
            encode({List.REPLY: pairs})
        except ReplyError:
            return
        # FreeRADIUS's unlang signs; an attribute of the list's own is replaced there.
        if pairs and all(pair.name != "Message-Authenticator" for pair in pairs):
            found[kind].append(pairs)

    @settings(_quietly, max_examples=OWN * 12)
    @given(st.lists(likely_pairs(), min_size=1, max_size=8))
    def own(pairs: list[Pair]) -> None:
        keep("own", pairs)

    @settings(_quietly, max_examples=FREE * 30)
    @given(free_texts(DICTIONARIES))
    def free(text: str) -> None:
        try:
            pair = parse_free(text, installed(DICTIONARIES)[0], TYPES).pair
        except ReplyError:
            return
        free_pairs[pair.name] = pair

    @settings(_quietly, max_examples=PROFILES * 6)
    @given(st.data())
    def whole(data: st.DataObject) -> None:
        acls = data.draw(dacls(directory))
        family = FAMILIES[data.draw(st.sampled_from(sorted(FAMILIES)))]
        kind = data.draw(st.sampled_from(sorted(family.kinds)))
        results = only(data.draw(profiles(acls)), family, kind)
        situation = Situation(kind, 14400, 28800, acls, "https://enrol.example/?a=\\b")
        try:
            keep("profiles", list(render(results, family, situation)))
        except (ProfileError, DaclError):
            return

    own()
    free()
    whole()
    one_each = list(free_pairs.values())
    for start in range(0, len(one_each), 4):
        keep("free", one_each[start : start + 4])
    chosen = {"own": OWN, "free": FREE, "profiles": PROFILES}
    for kind, most in chosen.items():
        found[kind] = sorted(found[kind], key=len, reverse=True)[:most]
        assert len(found[kind]) == most, kind
    entries = (f"ip:inacl#{number}=permit tcp any host 192.0.2.{number} eq 443" for number in range(1, 61))
    acl = [Pair("Cisco-AVPair", entry, Operator.ADD) for entry in entries]
    return [acl, *(pairs for lists in found.values() for pairs in lists)]


Lists = tuple[list[list[Pair]], list[bare.Encoded], bare.BareServer]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    lists = sample(tmp_path_factory.mktemp("acls"))
    encoded = [encode({List.REPLY: pairs})["reply"] for pairs in lists]
    host = Host(Path(CHROOT) if CHROOT else None)
    with bare.running(host, tmp_path_factory.mktemp("bare"), encoded) as server:
        yield lists, encoded, server


def test_the_wire_holds_what_was_encoded(sent: Lists) -> None:
    lists, encoded, server = sent
    dictionary, known = installed(DICTIONARIES)
    known = {**known, **reply_oracle.SENT}
    for number, pairs in enumerate(lists):
        answer = server.ask(number)
        expected = reply_oracle.wire(encoded[number], known)
        assert [_readable(each) for each in answer.raw] == [_readable(each) for each in expected], pairs
        # The same list as the last look at a reply sees it, and both sizes.
        assert confirm.differences(pairs, answer.seen) == []
        length = len(answer.packet.octets)
        assert (of_reply(answer.seen, dictionary), 4096 - MOST_ROOM + of_pairs(pairs, TYPES)) == (length, length), pairs


def _readable(attribute: tuple[int, bytes]) -> tuple[int, bytes]:
    """An MS-MPPE key is encrypted: its header and its length are compared."""
    number, value = attribute
    if number == 26 and value[:5] in (b"\0\0\x01\x37\x10", b"\0\0\x01\x37\x11"):
        return number, value[:6] + bytes(len(value) - 6)
    return attribute


def test_there_is_something_to_compare(sent: Lists) -> None:
    lists, encoded, _ = sent
    names = {pair.name for pairs in lists for pair in pairs}
    assert names >= {"Cisco-AVPair", "Tunnel-Private-Group-Id", "Class", "NAS-Filter-Rule", "Session-Timeout"}
    assert len(names) > 150
    assert any(len(pairs) == 60 for pairs in lists)  # an ACL in full
    assert any("\\\\" in value for triples in encoded for _, _, value in triples)
