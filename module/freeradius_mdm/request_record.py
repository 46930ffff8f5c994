"""What of a request is kept with its decision, so that the same decision can be made again later.

Everything but secrets and what belongs to that one exchange. Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .request import FAMILY, LONGEST_WHOLE_VALUE, Pairs, Request

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
_MOST_RECORDED = 300  # pairs; a packet of 4096 bytes can hold more only by repeating the tiniest


def recorded(request: Request) -> tuple[tuple[str, str], ...]:
    """The pairs to keep, in their order; never a cut value, since half of one would mean something else."""
    kept = [
        pair
        for pair in request.request
        if _is_kept(pair[0]) and len(pair[1]) <= LONGEST_WHOLE_VALUE and not _is_secret_pair(*pair)
    ]
    return tuple(kept[:_MOST_RECORDED])


def request_of(pairs: Pairs, method: str) -> Request:
    """The request as `decide` needs it, from what was kept; `method` is the decision's, for EAP itself is not kept."""
    is_eap = method.startswith("EAP") or method == "PEAP"
    return Request((*pairs, ("EAP-Message", "0x")) if is_eap else tuple(pairs))


@lru_cache(maxsize=2048)
def _is_kept(name: str) -> bool:
    plain = name.partition(":")[0]
    return bool(_KEPT_ALL_THE_SAME.fullmatch(plain)) or not _LEFT_OUT.match(plain)


@lru_cache(maxsize=2048)
def _is_av_pair(name: str) -> bool:
    return name.lower().endswith(("avpair", "av-pair"))


def _is_secret_pair(name: str, value: str) -> bool:
    return _is_av_pair(name) and bool(_SECRET_AV_PAIR.match(value))
