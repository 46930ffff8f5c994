"""The last look at a reply: is what goes out what was decided?

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .reply import Operator, Pair
from .request import Pairs

# Secrets, EAP's own attributes and server-internal ones have no place in a record.
_NOT_RECORDED = re.compile(
    r"EAP-|MS-MPPE-|MS-CHAP|MDM-|TLS-|REST-|Message-Authenticator$|State$|Proxy-State$"
    r"|.*(?:Password|Passphrase|Secret|PSK|-Key$)"
)
_SECRET_AV_PAIR = re.compile(r"\s*psk\s*=", re.IGNORECASE)  # a WLAN's key for one device
_MOST_RECORDED = 200


def differences(expected: Iterable[Pair], reply: Pairs) -> list[str]:
    """One sentence for each attribute that was decided and is not in the reply as decided.

    What was set must be the only one of its name, with what was added to it behind it. Of what was added alone, others
    may stand beside it, as long as none has the same name before its `=`: the network device would choose.
    """
    decided: dict[str, list[Pair]] = {}
    for pair in expected:
        decided.setdefault(pair.name, []).append(pair)
    # rlm_python3 hands a value over as it is, and a tagged attribute with its tag, 0 included.
    sent: dict[str, list[tuple[str, str]]] = {name: [] for name in decided}
    for name, value in reply:
        sent.get(name.partition(":")[0], []).append((name, value))
    found: list[str] = []
    for name, pairs in decided.items():
        if all(pair.operator is Operator.ADD for pair in pairs):
            found += _not_added(pairs, sent[name])
        else:
            found += _not_set(pairs, sent[name])
    return found


def _not_added(pairs: Sequence[Pair], sent: Pairs) -> list[str]:
    wanted: dict[str, list[str]] = {}
    for pair in pairs:
        wanted.setdefault(_av_name(str(pair.value)), []).append(str(pair.value))
    seen: dict[str, list[str]] = {}
    for _, value in sent:
        seen.setdefault(_av_name(value), []).append(value)
    name = pairs[0].full_name
    return [
        f"{name} is {', '.join(seen.get(key, ())) or 'missing'}, decided was {', '.join(values)}"
        for key, values in wanted.items()
        if set(seen.get(key, ())) != set(values)
    ]


def _not_set(pairs: Sequence[Pair], sent: Pairs) -> list[str]:
    # A tagged attribute that was decided without a tag goes out with tag 0, which is none on the wire.
    if all(pair.tag is None for pair in pairs):
        sent = [(name.removesuffix(":0"), value) for name, value in sent]
    if [(pair.full_name, str(pair.value)) for pair in pairs] == list(sent):
        return []
    name = pairs[0].full_name
    values = [value if other == name else f"{other} = {value}" for other, value in sent]
    wanted = [str(p.value) if p.full_name == name else f"{p.full_name} = {p.value}" for p in pairs]
    return [f"{name} is {', '.join(values) or 'missing'}, decided was {', '.join(wanted)}"]


def recorded(reply: Pairs) -> tuple[tuple[str, str], ...]:
    """The attributes of a reply as a decision keeps them."""
    kept = [
        (name, "psk=..." if name == "Cisco-AVPair" and _SECRET_AV_PAIR.match(value) else value)
        for name, value in reply
        if not _NOT_RECORDED.match(name)
    ]
    return tuple(kept[:_MOST_RECORDED])


def eap_failure(reply: Pairs, unwanted: Sequence[Pair]) -> tuple[Pair, ...]:
    """Turn a reply that carries EAP-Success and keys into one with EAP-Failure and none (RFC 3748 section 4.2).

    `unwanted` are results that must not go out either. A reject in post-auth would else still say EAP-Success
    (freeradius.md section 6).
    """
    types = {pair.name: pair.type for pair in unwanted}
    pairs = [Pair(name, "", Operator.CLEAR, type=kind) for name, kind in types.items()]
    message = next((value for name, value in reply if name == "EAP-Message"), "")
    if not re.fullmatch(r"0x[0-9a-fA-F]{4,}", message):
        return tuple(pairs)
    identifier = message[4:6].lower()
    pairs += [Pair(name, "", Operator.CLEAR) for name in ("MS-MPPE-Recv-Key", "MS-MPPE-Send-Key", "EAP-Message")]
    pairs.append(Pair("EAP-Message", f"0x04{identifier}0004"))
    return tuple(pairs)


def _av_name(value: str) -> str:
    """`NAME` of `NAME=VALUE`: a second value of it would leave the network device to choose."""
    return value.partition("=")[0]
