"""No profile, request or ACL can make the encoder return what rlm_python3 would skip, cut, zero or lose.

The judge is `reply_oracle`, which knows nothing of the encoder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from freeradius_mdm.dacl import Dacl, DaclError, read_directory
from freeradius_mdm.errors import ReplyError, ReplyTooLong
from freeradius_mdm.free_attributes import parse_free
from freeradius_mdm.nas_kind import NasKind
from freeradius_mdm.profiles.family import FAMILIES, Family
from freeradius_mdm.profiles.model import NOT_ON_VPN, ONLY_ON_VPN, Connectivity, DaclDelivery, Results, Timer
from freeradius_mdm.profiles.render import ProfileError, Situation, render
from freeradius_mdm.reply import List, Operator, Pair, encode, names
from freeradius_mdm.reply_size import LARGEST_PACKET, MOST_ROOM, of_pairs, room_for
from freeradius_mdm.reply_types import TYPES
from tests import reply_oracle
from tests.builders import request
from tests.installed_dictionary import INSTALLED, installed
from tests.reply_oracle import HEADER, SIGNATURE

needs_dictionary = pytest.mark.skipif(not INSTALLED.exists(), reason="FreeRADIUS's dictionaries are not installed")

nasty_text = st.text(st.one_of(st.sampled_from("\\\"'%{}\0\n\r\t0127nrxé=#: "), st.characters(exclude_categories=())))
near_limits = st.builds(
    lambda length, sign, end: sign * length + end,
    st.sampled_from([1, 230, 245, 246, 247, 248, 251, 252, 253, 254]),
    st.sampled_from(["x", "\\", "é", "€"]),
    st.sampled_from(["", "\\", "y", "\0"]),
)
any_text = st.one_of(nasty_text, near_limits)
good_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1, max_size=250)
any_octets = st.binary(max_size=260).map(lambda octets: "0x" + octets.hex())
any_number = st.one_of(st.integers(-1, 5), st.integers(), st.sampled_from([2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32]))
wild_pair = st.builds(
    Pair,
    name=st.one_of(st.sampled_from(sorted(names())), st.text(max_size=20)),
    value=st.one_of(any_text, any_number, any_octets, st.none(), st.booleans(), st.binary(max_size=4), st.floats()),
    operator=st.one_of(st.sampled_from(Operator), st.sampled_from(["=", "==", "-=", ":=", "^="])),
    tag=st.one_of(st.none(), st.integers(-1, 40), st.booleans()),
)


@st.composite
def likely_pairs(draw: st.DrawFn) -> Pair:
    """A pair that mostly is right, so that what the encoder lets through is looked at often."""
    name = draw(st.sampled_from(sorted(reply_oracle.SENT)))
    known = reply_oracle.SENT[name]
    value: str | int
    if known.names:
        value = draw(st.sampled_from(sorted(known.names)))
    elif known.type == "integer":
        value = draw(st.one_of(st.integers(1, 4094), any_number))
    elif known.type == "octets":
        value = draw(any_octets)
    else:
        value = draw(st.one_of(good_text, any_text))
    tag = draw(st.one_of(st.none(), st.integers(0, 31))) if known.tagged else None
    return Pair(name, value, draw(st.sampled_from([Operator.ADD, Operator.ADD, Operator.SET])), tag)


@settings(max_examples=400)
@given(st.lists(st.one_of(wild_pair, likely_pairs()), max_size=6), st.lists(wild_pair, max_size=2))
def test_any_pairs(reply: list[Pair], control: list[Pair]) -> None:
    try:
        given_back = encode({List.REPLY: reply, List.CONTROL: control})
    except ReplyError:
        return
    reply_oracle.check(given_back)
    assert sum(map(len, given_back.values())) == len(reply) + len(control)


@settings(max_examples=400)
@given(likely_pairs())
def test_a_value_arrives_as_it_was_meant(pair: Pair) -> None:
    try:
        ((name, operator, value),) = encode({List.REPLY: [pair]})["reply"]
    except ReplyError:
        return
    tag = ":0" if reply_oracle.SENT[pair.name].tagged and pair.tag is None else ""
    assert (name, operator) == (pair.full_name + tag, pair.operator.value)
    if reply_oracle.SENT[pair.name].type == "string":
        assert reply_oracle.unescaped(value) == pair.value
    else:
        assert value == str(pair.value)


@settings(max_examples=300)
@given(st.lists(likely_pairs(), max_size=30), st.integers(1, 247), st.sampled_from(["Cisco-AVPair", "Reply-Message"]))
def test_sizes_are_those_of_the_wire(some: list[Pair], last: int, name: str) -> None:
    """AV pairs fill the packet up to somewhere near its end, so that both sides of the limit are seen."""
    pairs = [pair for pair in some if _is_taken(pair)]
    while of_pairs(pairs, TYPES) + 208 < MOST_ROOM - last:
        pairs.append(Pair("Cisco-AVPair", "x" * 200, Operator.ADD))
    pairs.append(Pair(name, "z" * last, Operator.ADD))
    triples = tuple((pair.full_name, "+=", str(pair.value).replace("\\", "\\\\")) for pair in pairs)
    size = HEADER + SIGNATURE + sum(2 + len(octets) for _, octets in reply_oracle.wire(triples))
    assert HEADER + SIGNATURE + of_pairs(pairs, TYPES) == size + _empty_rules(triples)
    try:
        encode({List.REPLY: pairs})
    except ReplyError:
        event("refused")
        return
    event("fits")
    assert size <= LARGEST_PACKET


def _is_taken(pair: Pair) -> bool:
    try:
        encode({List.REPLY: [pair]})
    except ReplyError:
        return False
    return True


def _empty_rules(triples: tuple[tuple[str, str, str], ...]) -> int:
    """2 bytes for each run of NAS-Filter-Rules that fills its last attribute: an empty one follows (test_bare.py)."""
    texts = "\n".join(name for name, _, _ in triples)
    runs = re.findall(r"(?:^NAS-Filter-Rule\n?)+", texts, re.MULTILINE)
    values = iter([len(reply_oracle.unescaped(v).encode()) for n, _, v in triples if n == "NAS-Filter-Rule"])
    lengths = [[next(values) for _ in range(run.count("NAS"))] for run in runs]
    return sum(2 for run in lengths if (sum(run) + len(run) - 1) % 253 == 0)


@st.composite
def free_texts(draw: st.DrawFn, directory: Path = INSTALLED) -> str:
    dictionary, _ = installed(directory)
    name = draw(st.sampled_from(sorted(dictionary.attributes)))
    attribute = dictionary.attributes[name]
    texts = [any_text, good_text, any_number.map(str), any_octets]
    if attribute.values.numbers:
        texts = [st.sampled_from(sorted(attribute.values.numbers)), *texts[2:]]
    elif attribute.type in ("ipaddr", "ipv4prefix"):
        texts = [st.ip_addresses(v=4).map(str), st.sampled_from(["10.0.0.0/8", "192.0.2.1/33", "1.2.3"]), any_text]
    elif attribute.type in ("ipv6addr", "ipv6prefix"):
        texts = [
            st.ip_addresses(v=6).map(str),
            st.sampled_from(["2001:DB8::/32", "::ffff:1.2.3.4", "::/129"]),
            any_text,
        ]
    elif attribute.type in ("ether", "ifid"):
        texts = [st.sampled_from(["00:50:56:A1:B2:C3", "200:5eff:fe00:5301", "1:2:3:4", "00:50", "0:0:0:01"]), any_text]
    tag = draw(st.sampled_from(["", "", ":0", ":1", ":31", ":32"] if attribute.tagged else ["", "", "", ":1"]))
    operator = draw(st.sampled_from([" := ", "+=", " += ", ":=", " = ", " -= "]))
    return f"{draw(st.sampled_from([name, name, name.lower()]))}{tag}{operator}{draw(st.one_of(texts))}"


@needs_dictionary
@settings(max_examples=1500, suppress_health_check=[HealthCheck.too_slow])
@given(free_texts())
def test_attributes_of_an_operators_choice(text: str) -> None:
    dictionary, known = installed()
    try:
        found = parse_free(text, dictionary, TYPES)
    except ReplyError:
        return
    event("taken")
    given_back = encode({List.REPLY: [found.pair]})
    reply_oracle.check(given_back, known)
    size = HEADER + SIGNATURE + of_pairs([found.pair], TYPES)
    assert size == HEADER + SIGNATURE + sum(2 + len(o) for _, o in reply_oracle.wire(given_back["reply"], known))
    assert "assword" not in found.pair.name
    assert known[found.pair.name].number < 256 or known[found.pair.name].vendor


ACE = st.builds(
    "{} {} {} {}{}{}".format,
    st.sampled_from(["permit", "deny"]),
    st.sampled_from(["ip", "tcp", "udp"]),
    st.sampled_from(["any", "host 10.1.2.3", "10.0.0.0 0.0.0.255"]),
    st.sampled_from(["any", "host 192.0.2.7", "192.0.2.0 0.0.0.255", "10.0.0.0 0.255.255.255"]),
    st.sampled_from(["", "", " eq 443", " range 1000 2000", " gt 1023"]),
    st.sampled_from(["", "", " log", " remark \\", " \\"]),
)
some_name = st.one_of(*[st.sampled_from(["GUEST", "a" * 200, "back\\slash", "end\\"])] * 9, good_text, any_text)


@st.composite
def dacls(draw: st.DrawFn, directory: Path) -> Mapping[str, Dacl]:
    """ACL files, read as the configuration is read: a file with a fault in it has no ACL."""
    for file in directory.glob("*.acl"):
        file.unlink()
    count = draw(st.sampled_from([0, 1, 3, 20, 60, 100]))
    lines = draw(st.lists(ACE, min_size=min(count, 1), max_size=6)) * (count // 5 + 1)
    kind = draw(st.sampled_from(["acl", "ipv6.acl", "agnostic.acl"]))
    (directory / f"ONE.{kind}").write_text("\n".join(lines[:count]) + "\n", encoding="utf-8", errors="replace")
    six = ["permit ipv6 any any", "deny ipv6 any host 2001:db8::1"] * draw(st.sampled_from([1, 30]))
    (directory / "SIX.ipv6.acl").write_text("\n".join(six) + "\n", encoding="utf-8")
    return read_directory(directory).dacls


@st.composite
def profiles(draw: st.DrawFn, acls: Mapping[str, Dacl]) -> Results:
    def maybe(strategy: st.SearchStrategy[str]) -> str:
        return draw(st.one_of(st.just(""), strategy))

    return Results(
        vlan=maybe(st.one_of(st.sampled_from(["20", "EMPLOYEES"]), some_name)),
        vlan_tag=draw(st.integers(0, 31)),
        dacl=maybe(st.sampled_from(sorted(acls))) if acls else "",
        dacl_ipv6=maybe(st.sampled_from(sorted(acls))) if acls else "",
        dacl_delivery=draw(st.sampled_from(DaclDelivery)),
        filter_id=maybe(some_name),
        airespace_acl=maybe(some_name),
        role=maybe(some_name),
        group_policy=maybe(some_name),
        vpn_vlan=draw(st.sampled_from([0, 0, 1, 4094, 4094, 4095])),
        reauthentication=draw(st.sampled_from([Timer.COMPLIANCE, Timer.NONE, 60.0])),
        connectivity=draw(st.sampled_from(Connectivity)),
        idle_timeout=draw(st.sampled_from([0, 0, 60, 3600, 86400, 2**31])),
        sgt=draw(st.sampled_from([0, 0, 17, 4000, 65535, 65536])),
        voice=draw(st.booleans()),
        interface_template=maybe(some_name),
        redirect_acl=maybe(some_name),
        redirect_url="https://enrol.example/",
    )


def only(results: Results, family: Family, kind: NasKind) -> Results:
    """What the family can express for this kind of access, and a timer."""
    able = {str(result) for result in family.results}
    able -= {str(result) for result in (NOT_ON_VPN if kind is NasKind.VPN else ONLY_ON_VPN)}
    if "redirect" in able:
        able |= {"redirect_acl", "redirect_url"}
    if family.masks is None:
        able -= {"dacl", "dacl_ipv6"}
    asked = {"vlan", "dacl", "dacl_ipv6", "filter_id", "airespace_acl", "role", "group_policy", "vpn_vlan"}
    asked |= {"idle_timeout", "sgt", "voice", "interface_template", "redirect_acl"}
    empty = Results()
    return replace(results, **{name: getattr(empty, name) for name in asked - able})


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_whole_profiles(tmp_path: Path, data: st.DataObject) -> None:
    acls = data.draw(dacls(tmp_path))
    results = data.draw(profiles(acls))
    family = FAMILIES[data.draw(st.sampled_from(sorted(FAMILIES)))]
    kind = data.draw(st.sampled_from(sorted(family.kinds)))
    if data.draw(st.sampled_from([True, True, True, False])):  # so that something is left to express
        results = only(results, family, kind)
    timer = data.draw(st.one_of(st.none(), st.integers(1, 2**31 - 1), st.integers(1, 86400), any_number))
    url = data.draw(some_name)
    situation = Situation(kind, timer, timer if kind is NasKind.VPN else None, acls, url)
    try:
        pairs = render(results, family, situation)
    except (ProfileError, DaclError) as error:
        event(f"not rendered: {type(error).__name__}")
        return
    try:
        given_back = encode({List.REPLY: pairs})
    except ReplyError:
        event("not encoded")
        return
    event("encoded" if pairs else "empty")
    reply_oracle.check(given_back)
    # Complete, and in the order in which it was rendered.
    assert [name.removesuffix(":0") for name, _, _ in given_back.get("reply", ())] == [
        pair.full_name.removesuffix(":0") for pair in pairs
    ]
    for (_, _, value), pair in zip(given_back.get("reply", ()), pairs, strict=True):
        assert reply_oracle.unescaped(value) == str(pair.value) or str(pair.value).startswith("0x")


any_request = st.lists(
    st.tuples(
        st.sampled_from(["User-Name", "EAP-Message", "Proxy-State", "Cisco-AVPair", "NAS-Port-Type", "Nothing:1"]),
        st.one_of(nasty_text, any_octets, st.text(max_size=1100)),
    ),
    max_size=20,
)


@settings(max_examples=200)
@given(any_request, any_request)
def test_room_is_known_for_any_request(pairs: list[tuple[str, str]], reply: list[tuple[str, str]]) -> None:
    asked = request(*pairs, reply=reply)
    room = room_for(asked)
    assert room <= MOST_ROOM
    filler = [Pair("Cisco-AVPair", "x" * 200, Operator.ADD)] * 20
    with pytest.raises(ReplyTooLong):  # 20 x 208 bytes
        encode({List.REPLY: filler}, room=room)
