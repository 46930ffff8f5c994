"""Access tokens for Graph and CRS, from one MSAL application object (intune.md section 2).

MSAL signs, speaks OAuth and keeps nothing for us: the tokens live here, with their absolute end, so that an outage
of the login server is ridden out with the token there is until shortly before its end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msal

from ..config.model import Server
from ..errors import SourceError
from ..log_line import quote
from . import credentials
from .codes import MdmCode
from .credentials import CertificateFacts
from .failures import failure, one_line
from .http import HttpClient
from .msal_http import MsalHttp, TokenRefused
from .token_claims import TokenClaims, read_claims
from .turn import Hold, Turn

log = logging.getLogger(__name__)
# At debug level MSAL writes its cache events, which hold parts of tokens.
logging.getLogger("msal").setLevel(logging.WARNING)

_LAST_USE = 30.0  # seconds before its end at which a token is no longer used
_RENEW_AT = 2 / 3  # of the lifetime: leaves a third of it, 20 minutes, to ride out an outage
_DEFAULT_LIFETIME = 600.0  # when expires_in is missing, as MSAL has it
_HOLD = 5.0  # seconds a failure is repeated without asking again
_UNKNOWN_CERTIFICATE = 700027  # AADSTS: the operator compares fingerprints
_DROP_EVERY = 30.0  # seconds; a token refused right after it was issued does not get better by asking again


class TokenUse(StrEnum):
    """Which API a token is for; one resource per request."""

    GRAPH = "graph"
    CRS = "crs"


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is secret and not in the repr. Times: epoch seconds. `claims`: None when the token can't be read."""

    value: str
    expires_at: float
    renew_at: float
    claims: TokenClaims | None

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at:.0f}, claims={self.claims})"

    def usable(self, now: float) -> bool:
        """True while it may still be sent."""
        return now < self.expires_at - min(_LAST_USE, (self.expires_at - self.renew_at) / 2)


class Tokens:
    """Thread safe; at most one token request runs at a time. Every failure is a SourceError."""

    def __init__(self, server: Server, http: HttpClient, clock: Callable[[], float]) -> None:
        self._server = server
        self._http = http
        self._clock = clock
        self._scopes = {
            TokenUse.GRAPH: f"https://{server.cloud.graph_host}/.default",
            TokenUse.CRS: server.cloud.scope,
        }
        self._turn = Turn("the login server")
        self._tokens: dict[TokenUse, Token] = {}
        self._holds = {use: Hold(clock) for use in TokenUse}
        self._app: Any = None
        self._stamp: tuple[Any, ...] = ()
        self._dropped_at = float("-inf")
        self.certificate: CertificateFacts | None = None

    def get(self, use: TokenUse) -> Token:
        """A token that may be sent now. Asks the login server only when there is none."""
        token = self._tokens.get(use)
        if token is not None and token.usable(self._clock()):
            return token
        with self._turn:
            token = self._tokens.get(use)
            if token is not None and token.usable(self._clock()):
                return token
            return self._obtain(use)

    def due(self, use: TokenUse) -> bool:
        """True when a token should be renewed ahead, in the background, and nothing speaks against trying."""
        token = self._tokens.get(use)
        return token is not None and self._clock() >= token.renew_at and self._failing(use) is None

    def renew(self, use: TokenUse) -> None:
        """Renew a token that is due; one that is not, or whose renewal is being tried, is left alone."""
        with self._turn:
            if self.due(use):
                self._obtain(use)

    def drop(self, refused: Token) -> bool:
        """Forget all tokens because an API refused this one. False when a new one would not be newer in effect.

        Both uses are dropped: they come from one application and one consent.
        """
        with self._turn:
            now = self._clock()
            if not any(token is refused for token in self._tokens.values()):
                return True  # another thread has dropped it already
            if now - self._dropped_at < _DROP_EVERY:
                return False
            self._dropped_at = now
            self._tokens.clear()
            return True

    def _failing(self, use: TokenUse) -> SourceError | None:
        """The failure still held; a credential file that has changed since ends it."""
        return self._holds[use].current(credentials.stamp(self._server))

    def _obtain(self, use: TokenUse) -> Token:
        """One token request; the caller has the lock."""
        failing = self._failing(use)
        if failing is not None:
            raise failing
        stamp = credentials.stamp(self._server)
        try:
            token = self._request(use, stamp)
        except SourceError as error:
            # A refused assertion is kept by MSAL for 540 s, with the clock it was made by: start afresh.
            self._app = None
            self._holds[use].keep(error, max(error.retry_after or 0.0, _HOLD), stamp)
            raise
        self._holds[use].clear()
        self._tokens[use] = token
        return token

    def _request(self, use: TokenUse, stamp: tuple[Any, ...]) -> Token:
        if self._app is None or stamp != self._stamp:
            self._app = self._build()
            self._stamp = stamp
        asked_at = self._clock()
        self._app.remove_tokens_for_client()
        result = self._call(lambda: self._app.acquire_token_for_client([self._scopes[use]]))
        value = result.get("access_token") if isinstance(result, dict) else None
        if not isinstance(value, str) or not value:
            raise failure(MdmCode.LOGIN_FAULT, f"{self._server.cloud.login_host}: the answer holds no access_token")
        lifetime = _seconds(result.get("expires_in"))
        claims = read_claims(value)
        concern = claims.concern(self._scopes[use]) if claims is not None and use is TokenUse.CRS else ""
        if concern:
            # CRS is the judge: what is odd to us may be right in a cloud we have not seen.
            log.warning("event=token_concern server=%s seen=%s", self._server.name, quote(one_line(concern)))
        return Token(value, asked_at + lifetime, asked_at + lifetime * _RENEW_AT, claims)

    def _build(self) -> Any:
        """The application object; making it fetches the OIDC document."""
        credential = credentials.load(self._server, self._clock())
        self.certificate = credential.certificate
        return self._call(
            lambda: msal.ConfidentialClientApplication(
                self._server.client_id,
                client_credential=credential.for_msal,
                authority=f"https://{self._server.cloud.login_host}/{self._server.tenant}",
                # Both would contact hosts nobody configured.
                instance_discovery=False,
                azure_region=False,
                http_client=MsalHttp(self._http, self._server.cloud.login_host, self._clock),
            )
        )

    def _call(self, work: Callable[[], Any]) -> Any:
        """Run a piece of MSAL, once more after a broken connection or a 5xx; whatever it raises is a SourceError."""
        try:
            return self._attempt(work)
        except TokenRefused as error:
            if _UNKNOWN_CERTIFICATE in error.refusal.codes and self.certificate is not None:
                detail = f"{error.detail}; our certificate: {self.certificate}"
                raise SourceError(error.code, detail, error.advice) from None
            raise
        except SourceError as error:
            if error.code not in (MdmCode.CONNECTION, MdmCode.LOGIN_FAULT) or error.retry_after is not None:
                raise
        return self._attempt(work)

    def _attempt(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except SourceError:
            raise
        except Exception as error:  # MSAL raises many kinds; its texts may hold what the server sent
            raise failure(
                MdmCode.LOGIN_FAULT,
                f"{self._server.cloud.login_host}: MSAL gave up with {type(error).__name__}",
                advice="check login_host and tenant; if they are right report a defect",
            ) from None


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        return _DEFAULT_LIFETIME
    return min(max(seconds, 0.0), 90_000.0)
