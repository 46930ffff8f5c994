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
    """One sentence for each attribute that was decided and is not in the reply as decided."""
    found: list[str] = []
    for pair in expected:
        # rlm_python3 hands a value over as it is, and a tagged attribute with its tag, 0 included.
        same = [(name, value) for name, value in reply if name.partition(":")[0] == pair.name]
        if pair.operator is Operator.ADD:
            values = [value for _, value in same if _av_name(value) == _av_name(str(pair.value))]
            if set(values) != {str(pair.value)}:
                found.append(f"{pair.full_name} is {', '.join(values) or 'missing'}, decided was {pair.value}")
        elif same != [(pair.full_name, str(pair.value))]:
            values = [value if name == pair.full_name else f"{name} = {value}" for name, value in same]
            found.append(f"{pair.full_name} is {', '.join(values) or 'missing'}, decided was {pair.value}")
    return found


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
    pairs = [Pair(name, "", Operator.CLEAR) for name in dict.fromkeys(pair.name for pair in unwanted)]
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
