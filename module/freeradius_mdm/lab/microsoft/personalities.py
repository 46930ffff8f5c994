"""Every fault the simulator can show, in one table (intune.md section 11).

A personality says which operations it touches, how often it acts unless told otherwise, and which options it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .operations import CRS_OPERATIONS, Operation


@dataclass(frozen=True, slots=True)
class Personality:
    """`operations` None: any. `times` None: until switched off. `connection`: acts before a request is read."""

    name: str
    group: str
    summary: str
    operations: frozenset[Operation] | None = None
    times: int | None = None
    options: tuple[str, ...] = ()
    connection: bool = False


_TOKEN = frozenset({Operation.TOKEN})
_LOGIN = frozenset({Operation.TOKEN, Operation.OIDC})
_ENDPOINTS = frozenset({Operation.ENDPOINTS})
_DEVICE = frozenset({Operation.DEVICE})
_BULK = frozenset({Operation.BULK})
_LISTS = frozenset({Operation.DEVICE, Operation.BULK})
_MANAGED = frozenset({Operation.MANAGED_DEVICES, Operation.BATCH})


def _group(
    group: str, operations: frozenset[Operation] | None, rows: Iterable[tuple[str, str]]
) -> Iterable[Personality]:
    return [Personality(name, group, summary, operations) for name, summary in rows]


_ROWS: tuple[Iterable[Personality], ...] = (
    _group(
        "token",
        _TOKEN,
        [
            ("cert-unknown", "AADSTS700027, the key was not found at the application"),
            ("cert-expired", "AADSTS700027, the key used is expired"),
            ("clock-skew", "AADSTS700024, assertion outside its time range"),
            ("secret-bad", "AADSTS7000215, wrong secret"),
            ("app-missing", "AADSTS700016, application unknown in the tenant"),
            ("app-disabled", "AADSTS7000112, application disabled"),
            ("ca-block", "AADSTS53003, Conditional Access blocks the application"),
            ("role-less", "tokens without the roles claim, as if nothing were consented"),
            ("no-expires-in", "answer without expires_in"),
            ("200-error-body", "an error body under HTTP 200"),
        ],
    ),
    [
        Personality("tenant-missing", "token", "AADSTS90002, or invalid_tenant for the OIDC document", _LOGIN),
        Personality("alg-refused", "token", "AADSTS5002738, or `code`: algorithm refused", _TOKEN, options=("code",)),
        Personality("aadsts", "token", "any row of the AADSTS table, `code`", _TOKEN, options=("code",)),
        Personality("consent-later", "token", "the next token has no roles, the one after it has", _TOKEN, 1),
        Personality("short-token", "token", "a token of 299 or `seconds` seconds", _TOKEN, options=("seconds",)),
        Personality("html-403", "token", "an HTML page of a proxy under HTTP 403"),
        Personality("307-offsite", "token", "redirect to a host of an attacker"),
        Personality("429-seconds", "throttle", "429 with Retry-After: 7, or `seconds`", options=("seconds",)),
        Personality("429-http-date", "throttle", "429 with an HTTP date, 7 or `seconds` ahead", options=("seconds",)),
        Personality("429-no-header", "throttle", "429 without Retry-After"),
        Personality("503-once", "throttle", "one 503, `seconds` as Retry-After", times=1, options=("seconds",)),
        Personality("503-sticky", "throttle", "503 until switched off", options=("seconds",)),
        Personality("500", "throttle", "500 until switched off"),
        Personality(
            "bulk-window", "throttle", "bulk calls get 503 as after their first hour", _BULK, None, ("seconds",)
        ),
        Personality(
            "busy-wait-seconds",
            "throttle",
            "server_busy_wait_seconds in CRS answers",
            CRS_OPERATIONS,
            options=("seconds",),
        ),
        Personality(
            "evil-uri",
            "discovery",
            "the CRS record has a bad uri; `kind` other-host, look-alike, suffix-glued, userinfo, http or port",
            _ENDPOINTS,
            options=("kind", "uri"),
        ),
        Personality(
            "scale-unit-move",
            "discovery",
            "discovery names host `to`; the old host is `old` = dead, 404 or 302",
            _ENDPOINTS | CRS_OPERATIONS,
            options=("to", "old"),
        ),
        Personality("nextlink-offsite", "discovery", "nextLink to another host", _ENDPOINTS | _MANAGED),
        Personality("huge-body", "crs", "padded to 2 MiB (bulk: 9 MiB) or `bytes`", CRS_OPERATIONS, None, ("bytes",)),
        Personality("legacy-v1", "crs", "NAC 1.x answers on the retired paths", frozenset({Operation.RETIRED})),
        Personality("paging-loop", "crs", "bulk pages name themselves as the next", _BULK),
        Personality("paging-cut", "crs", "connection reset on the second bulk page", _BULK),
        Personality("state-new-value", "graph", "a complianceState nobody knows, `value`", _MANAGED, None, ("value",)),
    ],
    _group(
        "discovery",
        _ENDPOINTS,
        [
            ("crs-missing", "no record of the Compliance Retrieval Service"),
            ("only-nac-v1", "records of the retired NAC API only"),
            ("endpoints-403", "Application.Read.All refused"),
            ("endpoints-404", "service principal absent"),
            ("endpoints-paged", "50 records a page, with nextLink on the same host"),
            ("duplicate-record", "two CRS records with different addresses"),
        ],
    ),
    _group(
        "crs",
        _DEVICE,
        [
            ("unknown-empty", "an unknown device is `<deviceList/>` (the default)"),
            ("unknown-nolist", "an unknown device is an answer without deviceList"),
            ("unknown-nil", "an unknown device is a nil deviceList"),
            ("unknown-false", "an unknown device is listed with register_status false"),
            ("unknown-404", "an unknown device is HTTP 404"),
            ("nil-compliance", "registered, Compliance nil"),
            ("wrong-guid", "the answer is about another, compliant device"),
            ("two-devices", "another, compliant device stands before the one asked for"),
        ],
    ),
    _group(
        "crs",
        CRS_OPERATIONS,
        [
            ("lowercase-no-ns", "Cisco's spelling: lower case, no namespace"),
            ("json-instead", "JSON under 200"),
            ("html-200", "an HTML page under 200"),
            ("utf16-bom", "UTF-16 with byte order mark"),
            ("dtd-entity", "a document type with an entity"),
        ],
    ),
    _group(
        "graph",
        _MANAGED,
        [
            ("filter-ignored", "every $filter is ignored: all devices"),
            ("or-bug", "of `a or b` only a counts (also the default)"),
            ("mac-null", "hardware addresses are null everywhere"),
            ("grace-period", "devices are in their grace period for a day"),
            ("retire-pending", "devices are about to be retired"),
            ("re-enrolled-twins", "an older record with the same azureADDeviceId comes first"),
        ],
    ),
    _group(
        "transport",
        None,
        [
            ("slow-250", "the answer starts 250 ms late"),
            ("slow-350", "the answer starts 350 ms late"),
            ("slow-10s", "the answer starts 10 s late"),
            ("trickle", "the answer comes a byte at a time"),
            ("reset", "the connection is reset instead of an answer"),
            ("half-close", "half an answer, then the sending side is closed"),
            ("proxy-407", "407 as from a proxy that wants a password"),
        ],
    ),
    [
        Personality(name, "transport", summary, connection=True)
        for name, summary in (
            ("refuse", "connections are refused; with `host`, reset in the TLS handshake"),
            ("dns-gone", "the name is left out of /hosts; connections to it are reset in the TLS handshake"),
            ("tls-expired", "expired server certificate"),
            ("tls-wrong-name", "server certificate for another name"),
            ("tls-unknown-ca", "server certificate of an unknown CA"),
            ("tls-1.1", "no TLS version above 1.1"),
        )
    ],
)

PERSONALITIES = {personality.name: personality for row in _ROWS for personality in row}
