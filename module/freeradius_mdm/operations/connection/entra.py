"""Steps 8, 9, 11 and 14: tokens, their roles, and the application's entry in the directory (intune.md section 2)."""

from __future__ import annotations

from ...errors import SourceError
from ...mdm.codes import MdmCode
from ...mdm.credential_files import common_name, facts_of
from ...mdm.graph_application import ApplicationEntry, UploadedKey
from ...mdm.token_claims import COMPLIANCE_ROLE, INTUNE_API
from ...mdm.tokens import Token, TokenUse
from .model import Outcome, StepFailed, StepState, skipped
from .walk import EXPIRES_SOON, Walk

COMPLIANCE_ROLE_ID = "7ec88bad-30c7-4928-a005-4455362cfd98"
# Any of them opens the endpoint list; the first has the least power (intune.md section 2.1).
_OPENING = ("Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All")
_GRANT_GRAPH = (
    "App registrations, the application, API permissions: add Microsoft Graph, Application permissions, "
    "Application.Read.All, then grant admin consent"
)
_GRANT_CRS = (
    f"App registrations, the application, API permissions: add Intune (Microsoft Intune API, {INTUNE_API}), "
    f"Application permissions, {COMPLIANCE_ROLE} (role id {COMPLIANCE_ROLE_ID}), then grant admin consent"
)
_UPLOAD = "upload this certificate to the app registration, Certificates & secrets, and compare the fingerprints"
_RENAME = (
    "Cisco's guide wants them equal: in the application's manifest set displayName of that keyCredentials entry "
    "to the certificate's CN"
)


def graph_token(walk: Walk) -> Outcome:
    """A token for Graph; what Entra says against it comes with the remedy of its AADSTS code."""
    return Outcome((_life(walk, walk.source.tokens.get(TokenUse.GRAPH)),))


def graph_roles(walk: Walk) -> Outcome:
    """What the token opens; whether that is enough is seen at the endpoint list."""
    claims = walk.source.tokens.get(TokenUse.GRAPH).claims
    if claims is None:
        return skipped("this token can't be looked into: roles not checked")
    good = [role for role in _OPENING if role in claims.roles]
    if good:
        return Outcome((", ".join(claims.roles),))
    text = f"none that is known to open the endpoint list; roles in the token: {claims.show_roles()}"
    return Outcome((text,), StepState.WARNING, _GRANT_GRAPH)


def application(walk: Walk) -> Outcome:
    """Whether our certificate is uploaded under its own name, and what expires soon. Never a failure."""
    try:
        entry = walk.source.application.fetch(walk.server.client_id)
    except SourceError as error:
        advice = _GRANT_GRAPH if error.code == MdmCode.GRAPH_REFUSED else error.advice
        text = ("not readable, so uploaded certificate and name are not compared", error.detail)
        return Outcome(text, StepState.WARNING, advice, str(error.code))
    first, concern, advice = _own_secret(walk, entry) if walk.leaf is None else _own_certificate(walk, entry)
    ending, ended = _expiring(walk, entry)
    seen = (f"{entry.name}: {first}", *([concern] if concern else []), *ending, *ended)
    advice = advice or ("renew those that are still used, switch, then remove the old ones" if ending else "")
    return Outcome(seen, StepState.WARNING if advice else StepState.OK, advice)


def crs_token(walk: Walk) -> Outcome:
    """A token for CRS, its audience and its role. Entra issues one even when nobody has consented to anything."""
    token = walk.source.tokens.get(TokenUse.CRS)
    claims = token.claims
    life = _life(walk, token)
    if claims is None:
        return Outcome((life, "it can't be looked into: audience and role not checked"))
    audience = f"audience {claims.audience}"
    if COMPLIANCE_ROLE not in claims.roles:
        lacks = f"the token lacks a permission: {COMPLIANCE_ROLE}; roles in the token: {claims.show_roles()}"
        raise StepFailed(MdmCode.ROLE_MISSING.value, (lacks, audience), _GRANT_CRS)
    concern = claims.concern(walk.server.cloud.scope)
    text = (f"{COMPLIANCE_ROLE}, {life}", audience)
    if concern:
        advice = "check scope, which ends in two slashes before .default, tenant and cloud"
        return Outcome((*text, "that is not the audience asked for"), StepState.WARNING, advice)
    return Outcome(text)


def _life(walk: Walk, token: Token) -> str:
    return f"valid for {(token.expires_at - walk.wall()) / 60:.0f} min"


def _own_certificate(walk: Walk, entry: ApplicationEntry) -> tuple[str, str, str]:
    """What is seen of our certificate, what is wrong with it, and the next step."""
    assert walk.leaf is not None
    facts, name = facts_of(walk.leaf), common_name(walk.leaf)
    own = next((key for key in entry.keys if key.sha1 == facts.sha1), None)
    if own is None:
        seen = f"our certificate is not among the {len(entry.keys)} that it has"
        return seen, f"ours: SHA-1 {facts.sha1}; there: {_fingerprints(entry.keys)}", _UPLOAD
    until = f" until {own.ends:%Y-%m-%d}" if own.ends else ""
    seen = f"our certificate is uploaded, displayName {own.name!r}{until}"
    if own.name.upper().removeprefix("CN=") != name.upper():
        return seen, f"displayName {own.name!r} is not the certificate's CN, {name!r}", _RENAME
    return seen, "", ""


def _own_secret(walk: Walk, entry: ApplicationEntry) -> tuple[str, str, str]:
    by_id = next((secret for secret in entry.secrets if secret.id == walk.secret.lower()), None)
    if by_id is not None:
        return f"the file holds the ID of secret {by_id.name!r}", "", "put the secret's VALUE into the file"
    # Graph tells the first three characters only; several secrets may begin alike.
    alike = [secret for secret in entry.secrets if secret.hint and walk.secret.startswith(secret.hint)]
    if len(alike) != 1 or alike[0].ends is None:
        return f"{len(entry.secrets)} secrets, ours can't be told apart", "", ""
    return f"our secret is {alike[0].name!r}, until {alike[0].ends:%Y-%m-%d}", "", ""


def _expiring(walk: Walk, entry: ApplicationEntry) -> tuple[list[str], list[str]]:
    """One line for each credential that ends soon, and for each that has ended."""
    ending, ended = [], []
    for kind, credentials in (("certificate", entry.keys), ("secret", entry.secrets)):
        for each in credentials:
            if each.ends is None or (left := walk.days_left(each.ends)) >= EXPIRES_SOON:
                continue
            if left > 0:
                ending.append(f"{kind} {each.name!r} ends on {each.ends:%Y-%m-%d}, in {left:.0f} d")
            else:
                ended.append(f"{kind} {each.name!r} has ended on {each.ends:%Y-%m-%d}")
    return ending, ended


def _fingerprints(keys: tuple[UploadedKey, ...]) -> str:
    return ", ".join(key.sha1 or "unknown" for key in keys) or "none"
