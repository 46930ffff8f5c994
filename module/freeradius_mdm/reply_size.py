"""How many bytes a reply has on the wire. FreeRADIUS sends 4,096 at most and drops or cuts the rest without an error.

Sizes are those of RFC 2865 section 5 (2 bytes of header, 6 more for a vendor's id), RFC 2868 section 3 (a tag before
text), RFC 3579 section 3.2 (Message-Authenticator, 18), RFC 2548 section 2.4.2 (keys: 2 bytes of salt, then length
and key in blocks of 16), and what FreeRADIUS 3.2 does where these leave a choice. Standard library only: radiusd
imports this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from .attribute_type import FIXED, Form, Type
from .dictionaries import Dictionary, DictionaryAttribute
from .pairs import Operator, Pair
from .reply_types import TYPES

if TYPE_CHECKING:  # request.py needs the vendor families, which need the encoder, which needs this
    from .request import Pairs, Request

LARGEST_PACKET = 4096  # RFC 2865 section 3
_HEADER = 20
_SIGNATURE = 18  # Message-Authenticator, which every reply has
_KEY = 58  # an MS-MPPE key of 32 bytes, as every EAP method with TLS gives it
_FRAMED_MTU = 6
_EAP_SUCCESS = 6
MOST_ROOM = LARGEST_PACKET - _HEADER - _SIGNATURE
_NAS_FILTER_RULE = "NAS-Filter-Rule"
# What the inner reply of a tunnel holds and the outer one does not: policy.d/mdm takes it out.
_STAYS_INSIDE = {
    "User-Name",
    "Message-Authenticator",
    "EAP-Message",
    "Proxy-State",
    "MS-CHAP2-Success",
    "MS-MPPE-Encryption-Types",
    "MS-MPPE-Encryption-Policy",
    "MS-MPPE-Send-Key",
    "MS-MPPE-Recv-Key",
}
_NUMBER_SIZES = {"byte": 1, "short": 2, "integer": 4, "signed": 4, "date": 4, "integer64": 8}
_LONGEST_WHOLE_TEXT = 999  # rlm_python3 hands on 1023 bytes of a value, see request.py
_EXTENDED_HEADER = 9  # RFC 6929: at most 4 bytes, and 5 of a vendor's
_WIDEST = 255
_SERVERS_OWN = re.compile(r"MDM-|TLS-|EAP-(?!Message|Key-Name)|REST-|Module-|Post-Auth-Type|Auth-Type|Tmp-")


def _known(name: str, kind: Type) -> DictionaryAttribute:
    return DictionaryAttribute(
        name=name,
        number=kind.number if kind.size else 3600,
        vendor=kind.vendor,
        type=kind.form.value,
        tagged=kind.tagged,
        encrypted=2 if name.startswith("MS-MPPE-") else 0,
        flags=frozenset({"concat"} if name == "EAP-Message" else ()),
    )


# What is known without a dictionary; RFC 2865 sections 5.1, 5.12 and 5.33.
_SENT = {name: _known(name, kind) for name, kind in TYPES.items()} | {
    "User-Name": DictionaryAttribute("User-Name", 1, 0, "string"),
    "Framed-MTU": DictionaryAttribute("Framed-MTU", 12, 0, "integer"),
    "Proxy-State": DictionaryAttribute("Proxy-State", 33, 0, "octets"),
}


def of_pairs(pairs: Sequence[Pair], types: Mapping[str, Type]) -> int:
    """Bytes of attributes that a reply list gets from these pairs. A name that is not in `types` counts as text."""
    total = sum(map(nas_filter_rules, rule_runs(pairs)))
    for pair in pairs:
        kind = pair.type or types.get(pair.name, Type())
        if kind.size and pair.operator is not Operator.CLEAR and pair.name != _NAS_FILTER_RULE:
            total += _of_pair(pair, kind)
    return total


def rule_runs(pairs: Sequence[Pair]) -> list[list[int]]:
    """The lengths of NAS-Filter-Rules that stand one after another in a list."""
    return [
        [len(str(pair.value).encode(errors="replace")) for pair in run]
        for name, run in groupby(pairs, key=lambda pair: pair.name)
        if name == _NAS_FILTER_RULE
    ]


def _of_pair(pair: Pair, kind: Type) -> int:
    text = str(pair.value)
    if pair.name == "Message-Authenticator":
        return 0  # every reply has one, and room is kept for it
    if kind.form is Form.NUMBER:
        return kind.size + kind.width
    if kind.form is Form.OCTETS:
        length = len(text) // 2 - 1
        if (kind.vendor, kind.number) in ((311, 16), (311, 17)):
            length = _encrypted(length)
        return _split(length) if kind.size == 2 else kind.size + length
    if kind.form in FIXED:
        return kind.size + FIXED[kind.form]
    return kind.size + (1 if pair.tag else 0) + len(text.encode(errors="replace"))


def nas_filter_rules(lengths: Sequence[int]) -> int:
    """Bytes of NAS-Filter-Rules that stand one after another, whose texts have these lengths.

    FreeRADIUS puts them together with a zero byte between two (RFC 4849 section 2), and splits that into attributes. It
    begins a new one, which stays empty when nothing follows, as soon as one is full.
    """
    full, rest = divmod(sum(lengths) + len(lengths) - 1, 253)
    return full * 255 + 2 + rest


def ends_full(lengths: Sequence[int]) -> bool:
    """True when such rules fill their last attribute, so that FreeRADIUS adds an empty one."""
    return (sum(lengths) + len(lengths) - 1) % 253 == 0


def of_reply(reply: Pairs, dictionary: Dictionary | None) -> int:
    """Bytes of the packet that holds this reply list, as a hook in post-auth sees it; never too few.

    Values that a hook sees cut, attributes that are split and those that the dictionary does not know count with the
    most they can have; without a dictionary all but those of TYPES do. Message-Authenticator counts also while it is
    not there yet. What can't be seen is a zero byte in the text of another module, behind which the text goes on.
    """
    attributes = dictionary.attributes if dictionary else _SENT
    total, signatures = 0, 0
    for full_name, run in groupby(reply, key=lambda pair: pair[0]):
        name, _, tag = full_name.partition(":")
        values = [value for _, value in run]
        if name == "Message-Authenticator":
            signatures += len(values)
        elif name == _NAS_FILTER_RULE:
            total += nas_filter_rules([len(value.encode(errors="replace")) for value in values])
        else:
            known = attributes.get(name)
            total += sum(_of_value(known, value, tag) if known else _most(name, value) for value in values)
    return _HEADER + max(1, signatures) * _SIGNATURE + total


def _most(name: str, value: str) -> int:
    """The most that an attribute of which nothing is known can take: a vendor's header, and 18 bytes for a prefix."""
    if _SERVERS_OWN.match(name):
        return 0
    return min(_WIDEST, 10 + max(18, len(value.encode(errors="replace"))))


def _of_value(known: DictionaryAttribute, value: str, tag: str) -> int:
    if not known.sent or not value:
        return 0
    header = 2
    if known.extended:
        header = _EXTENDED_HEADER
    elif known.vendor:
        header = 6 + known.format.number + known.format.length + known.format.continued
    header += 2 * (known.depth - 1)
    data = _data(known, value)
    if known.encrypted == 1:
        data = -(-data // 16) * 16
    elif known.encrypted == 2:
        data = _encrypted(data) + known.tagged
    elif known.encrypted == 3:
        data = 16
    elif known.tagged and known.type == "string" and tag not in ("", "0"):
        data += 1
    if known.extended or known.format.continued or "concat" in known.flags:
        return _split(data, header)
    return min(header + data, _WIDEST)


def _data(known: DictionaryAttribute, value: str) -> int:
    """Bytes of a value that is seen as this text."""
    if known.type in _NUMBER_SIZES:
        return _NUMBER_SIZES[known.type]
    if known.type in set(FIXED):
        return FIXED[Form(known.type)]
    if known.type == "combo-ip":
        return 16 if ":" in value else 4
    length = len(value.encode(errors="replace"))
    if length > _LONGEST_WHOLE_TEXT:  # cut, so only what is split can be longer than one attribute
        split = "concat" in known.flags or known.extended or known.format.continued
        return LARGEST_PACKET if split else _WIDEST
    if known.type == "string":
        return length
    return length // 2 - 1 if value[:2] == "0x" else _WIDEST


def _encrypted(length: int) -> int:
    """RFC 2868 section 3.5: salt, then one byte of length and the text in blocks of 16."""
    return 2 + -(-(length + 1) // 16) * 16


def _split(length: int, header: int = 2) -> int:
    """A value that goes into as many attributes as it needs (RFC 3579 section 3.1)."""
    return length + -(-length // (_WIDEST - header)) * header


def room_for(request: Request, dictionary: Dictionary | None = None) -> int:
    """Bytes that our own attributes may take in the reply to this request, less than none when it is full already.

    At the time of the decision. What is in the reply list stays there, Proxy-State among it where there is no EAP.
    With EAP, success, two keys, the user's name and Framed-MTU are added later, and the Proxy-State of the outer
    request. Where a tunnel's request shows that twice, and for what the server would replace, it is less than there is.
    """
    if not request.is_eap:
        return LARGEST_PACKET - of_reply(request.reply, dictionary) - request.reply_taken
    stays = [pair for pair in request.reply if pair[0] not in _STAYS_INSIDE]
    names = [len(name.encode(errors="replace")) for name in request.all("User-Name")]
    room = LARGEST_PACKET - of_reply(stays, dictionary) - request.reply_taken
    room -= _EAP_SUCCESS + 2 * _KEY + _FRAMED_MTU + (2 + max(names) if names else 0)
    return room - _proxy_states(request)


def taken(request: Request) -> int:
    """How much less `room_for` gives for what this request's reply list and its Proxy-State hold."""
    if not request.reply and not request.all("Proxy-State"):
        return 0
    stays = [pair for pair in request.reply if not (request.is_eap and pair[0] in _STAYS_INSIDE)]
    used = of_reply(stays, None) - _HEADER - _SIGNATURE
    return used + (_proxy_states(request) if request.is_eap else 0)


def _proxy_states(request: Request) -> int:
    return sum(1 + len(value) // 2 for value in request.all("Proxy-State"))
