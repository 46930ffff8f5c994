"""Steps 5 to 7, 10 and 13: names, TLS and time of the three hosts."""

from __future__ import annotations

import email.utils
from urllib.parse import urlsplit

from ...config.model import Server
from ...errors import SourceError
from ...mdm.codes import MdmCode
from ...mdm.dialing import host_and_port, resolve
from ...mdm.http import HttpResponse
from ...mdm.http_errors import translate
from ...mdm.tls_probe import PresentedCertificate, presented, wanted_root
from ...mdm.trust import system_bundle
from ..codes import OperationCode
from .model import Outcome, StepFailed, StepState
from .walk import Walk

_LIMIT = 1 << 20
WARN_SKEW, MOST_SKEW = 60.0, 300.0  # seconds; Entra and its simulator take 300
_NTP = "set this machine's clock right (NTP): Entra takes an assertion only within 300 s of its own time"
_PRESENTED = "; presented: "  # what the client's error adds; here the chain has lines of its own


def login_dns(walk: Walk) -> Outcome:
    """The addresses of the login host, or of what is dialed in its place."""
    return Outcome((_resolved(walk.server, walk.server.cloud.login_host),))


def login_tls(walk: Walk) -> Outcome:
    """The chain of the login host."""
    return Outcome(_trusted(walk, walk.server.cloud.login_host, _oidc(walk.server)))


def graph_host(walk: Walk) -> Outcome:
    """Name and chain of the Graph host."""
    return _both(walk, walk.server.cloud.graph_host)


def crs_host(walk: Walk) -> Outcome:
    """Name and chain of the host that discovery has named."""
    return _both(walk, walk.crs_host)


def clock(walk: Walk) -> Outcome:
    """Our clock against the Date header of the login host (RFC 9110 section 6.6.1), over a connection that is open."""
    host = walk.server.cloud.login_host
    before, began = walk.wall(), walk.clock()
    response = _get(walk, _oidc(walk.server))
    trip = walk.clock() - began
    theirs = _date(response)
    if theirs is None:
        return Outcome((f"{host} sent no date to compare with",), StepState.WARNING)
    # The header has whole seconds, so half a second is added; the answer was made halfway through the round trip.
    ahead = before + trip / 2 - (theirs + 0.5)
    text = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} {host}"
    if abs(ahead) < 2:
        text = f"the same as that of {host}"
    text = f"{text}, measured to {0.5 + trip / 2:.1f} s"
    if abs(ahead) > MOST_SKEW:
        raise StepFailed(OperationCode.CLOCK_WRONG.value, (f"this machine's clock is {text}",), _NTP)
    if abs(ahead) > WARN_SKEW:
        return Outcome((text,), StepState.WARNING, _NTP)
    return Outcome((text,))


def _both(walk: Walk, host: str) -> Outcome:
    dialed = _resolved(walk.server, host)
    url = f"https://{host}/v1.0/" if host == walk.server.cloud.graph_host else f"https://{host}/"
    first, *chain = _trusted(walk, host, url)
    return Outcome((f"{host}: {first}", dialed, *chain))


def _resolved(server: Server, host: str) -> str:
    """What is dialed for `host`, and its addresses."""
    if server.proxy:
        address = urlsplit(server.proxy)
        name, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
        how = f"not asked here: proxy {name}:{port} looks it up; the proxy has "
    elif server.connect_to:
        name, port = host_and_port(server.connect_to)
        how = f"not asked: connect_to leads to {name}:{port}, which has "
    else:
        name, port, how = host, 443, f"{host} has "
    try:
        found = resolve(name, port)
    except (OSError, UnicodeError) as error:
        raise StepFailed.of(translate(error, name).as_source_error()) from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return how + ", ".join(addresses)


def _trusted(walk: Walk, host: str, url: str) -> tuple[str, ...]:
    """One exchange in which chain and name are verified, then a look at the chain. Any HTTP status will do."""
    try:
        _get(walk, url)
    except SourceError as error:
        if error.code == MdmCode.TLS:
            raise _distrusted(walk, host, error) from None
        raise
    chain, why = _chain(walk, host)
    root = wanted_root(chain)
    return (f"trusted{f', root {root}' if root else ''}", *map(str, chain), *([why] if why else []))


def _distrusted(walk: Walk, host: str, error: SourceError) -> StepFailed:
    detail = error.detail.partition(_PRESENTED)[0]
    chain, why = _chain(walk, host)
    text = [*map(str, chain), *([why] if why else [])]
    if chain:
        places = " and ".join(str(path) for path in (system_bundle(), walk.server.ca_file) if path)
        text.append(f"the root it wants: {wanted_root(chain)}; trusted are the roots in {places}")
    return StepFailed(str(error.code), (detail, *text), _tls_advice(detail, host) or error.advice)


def _tls_advice(detail: str, host: str) -> str:
    """The next step for what OpenSSL says (its texts for X509_V_ERR codes)."""
    if "expired" in detail or "not yet valid" in detail:
        return "compare the dates with this machine's clock; if the clock is right, what answers there is at fault"
    if "mismatch" in detail or "not valid for" in detail:
        return f"something else answers for {host}: check DNS, proxy and connect_to"
    if "self-signed" in detail or "unable to get" in detail:
        return (
            "if a TLS inspecting proxy of yours has that root, put the root into a PEM file and name it in ca_file; "
            "if it is Microsoft's, update ca-certificates"
        )
    return ""


def _chain(walk: Walk, host: str) -> tuple[tuple[PresentedCertificate, ...], str]:
    """The certificates that were sent, or why they can't be shown."""
    server = walk.server
    try:
        return presented(host, server.connect_to, server.proxy, walk.source.http.exchange_limit), ""
    except Exception as error:  # a diagnosis must not hide what it is about
        return (), f"the chain can't be shown: {error or type(error).__name__}"


def _get(walk: Walk, url: str) -> HttpResponse:
    """An exchange without any token: what counts is that there is an answer."""
    try:
        return walk.source.http.get(url, {"Accept": "application/json"}, _LIMIT)
    except SourceError as error:
        if error.code == MdmCode.PROTOCOL:  # an odd body, but a body
            return HttpResponse(200, {}, b"")
        raise


def _oidc(server: Server) -> str:
    """The document that MSAL fetches first."""
    return f"https://{server.cloud.login_host}/{server.tenant}/v2.0/.well-known/openid-configuration"


def _date(response: HttpResponse) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except ValueError:
        return None
    age = response.headers.get("age", "0")  # of an answer from a cache (RFC 9111 section 5.1)
    return moment + (float(age) if age.isdecimal() else 0.0)
