"""What of a request is kept with its decision, so that the same decision can be made again later.

Everything but secrets and what belongs to that one exchange. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .identity.certificate import PRINTED_ATTRIBUTE, URI_ATTRIBUTE
from .reply_size import taken
from .request import FAMILY, Pairs, Request

# Passwords and keys; what proves the knowledge of one and can be searched offline (CHAP, MS-CHAP, the EAPOL frames that
# a WLAN hands over for its per-device keys); EAP; this packet's own parts; FreeRADIUS's and our internal attributes.
_LEFT_OUT = re.compile(
    r"EAP-|MS-|CHAP-|ARAP-|Digest-|Kerberos-|Yubikey-|FreeRADIUS-|MDM-|TLS-|REST-|LDAP-|SQL-|Cache-|Packet-"
    r"|Message-Authenticator|State|Proxy-State|Module-(?:Failure|Success)-Message|NT-Hash|LM-Hash|WLAN-PSK"
    r"|.*(?:Password|Passwd|Passphrase|Secret|PSK|Pre-?Shared|One-Time|OTP|TOTP|Master-Key|Hash|Anonce|EAPoL)"
    r"|.*(?:-Key|Key-Msg|-Pin)(?::\d+)?$",
    re.IGNORECASE,
)
_KEPT_ALL_THE_SAME = re.compile(
    rf"EAP-Type|{FAMILY}|MDM-Client-(?:Name|Address)|TLS-(?:Client-)?Cert-(?!.*(?:Private|-Key$)).*"
)
# Cisco's pairs have their names inside of the value: psk=, ipsec:tunnel-password=, 8021x-data= beside anonce=.
_SECRET_AV_PAIR = re.compile(
    r"[^=]*(?:psk|passw|passphrase|secret|preshared|pre-shared|-key|anonce|8021x-data|hash|otp)[^=]*=", re.IGNORECASE
)
# Names and values together, so that no line of the journal is longer than mdmd reads at once. A packet of 4096 bytes
# has less, even if it repeats the tiniest attribute; a certificate can have more.
_MOST_CHARACTERS = 40 * 1024

# What was decided on and is no attribute of the request stands behind its pairs. No packet can carry such a name.
NOT_KEPT = "MDM-Not-Kept"  # the names of which a value was left out, with blanks between
PLACE = "MDM-Place"  # the control attribute of that name, as sites-available/mdm-eap-tls sets it
NO_URI_NAMES = "MDM-No-Uri-Names"  # this FreeRADIUS shows URI names one by one, and the certificate had none
REPLY_TAKEN = "MDM-Reply-Taken"  # Request.reply_taken
_ASIDES = {NOT_KEPT, PLACE, NO_URI_NAMES, REPLY_TAKEN}


def recorded(request: Request, *, has_uri_attribute: bool = False) -> tuple[tuple[str, str], ...]:
    """The pairs to keep, in their order, as they were decided on; then what else it depends on."""
    kept: list[tuple[str, str]] = []
    left_out: dict[str, None] = {}
    room = _MOST_CHARACTERS
    for name, value in request.request:
        room -= len(name) + len(value)
        if room < 0 or not is_kept(name) or _is_secret_pair(name, value):
            left_out[name.partition(":")[0]] = None
        else:
            kept.append((name, value))
    if left_out:
        kept.append((NOT_KEPT, " ".join(left_out)[:_MOST_CHARACTERS]))
    if place := request.control_value(PLACE):
        kept.append((PLACE, place))
    if has_uri_attribute and request.first(PRINTED_ATTRIBUTE) and not request.first(URI_ATTRIBUTE):
        kept.append((NO_URI_NAMES, "yes"))
    if used := taken(request):
        kept.append((REPLY_TAKEN, str(used)))
    return tuple(kept)


def request_of(pairs: Pairs, method: str) -> Request:
    """The request as `decide` needs it, from what was kept; `method` is the decision's, for EAP itself is not kept."""
    is_eap = method.startswith("EAP") or method == "PEAP"
    asides = dict(pair for pair in pairs if pair[0] in _ASIDES)
    own = [pair for pair in pairs if pair[0] not in _ASIDES]
    used = asides.get(REPLY_TAKEN, "")
    return Request(
        (*own, ("EAP-Message", "0x")) if is_eap else tuple(own),
        control=((PLACE, asides[PLACE]),) if PLACE in asides else (),
        reply_taken=int(used) if used.isdecimal() else 0,
    )


def has_uri_attribute(pairs: Pairs) -> bool:
    """Whether the FreeRADIUS that decided knows an attribute for URI names, as far as it matters for these pairs."""
    return any(name in (URI_ATTRIBUTE, NO_URI_NAMES) for name, _ in pairs)


def not_kept(pairs: Pairs) -> tuple[str, ...]:
    """The names of attributes of which a value was left out: a rule that looks at one can't be gone through again."""
    return tuple(name for of, value in pairs if of == NOT_KEPT for name in value.split())


@lru_cache(maxsize=2048)
def is_kept(name: str) -> bool:
    """Whether values of an attribute of that name are kept with a decision."""
    plain = name.partition(":")[0]
    return bool(_KEPT_ALL_THE_SAME.fullmatch(plain)) or not _LEFT_OUT.match(plain)


@lru_cache(maxsize=2048)
def _is_av_pair(name: str) -> bool:
    return name.lower().endswith(("avpair", "av-pair"))


def _is_secret_pair(name: str, value: str) -> bool:
    return _is_av_pair(name) and bool(_SECRET_AV_PAIR.match(value))
