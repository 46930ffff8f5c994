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
    r"|.*(?:Password|Secret|-Key$)"
)
_MOST_RECORDED = 200


def differences(expected: Iterable[Pair], reply: Pairs) -> list[str]:
    """One sentence for each attribute that was decided and is not in the reply as decided."""
    found: list[str] = []
    for pair in expected:
        names = {pair.full_name, pair.name} if pair.tag == 0 else {pair.full_name}
        values = [_unescape(value) for name, value in reply if name in names]
        if pair.operator is Operator.ADD:
            if str(pair.value) not in values:
                found.append(f"{pair.full_name} = {pair.value} is missing")
        elif values != [str(pair.value)]:
            found.append(f"{pair.full_name} is {', '.join(values) or 'missing'}, decided was {pair.value}")
    return found


def recorded(reply: Pairs) -> tuple[tuple[str, str], ...]:
    """The attributes of a reply as a decision keeps them."""
    kept = [(name, value) for name, value in reply if not _NOT_RECORDED.match(name)]
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


def _unescape(value: str) -> str:
    """FreeRADIUS prints a backslash and a quote with a backslash in front."""
    return re.sub(r'\\([\\"])', r"\1", value)
