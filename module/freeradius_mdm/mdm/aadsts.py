"""What the operator does about an Entra error code (intune.md section 2.5).

Microsoft says programs must not depend on these numbers, so they choose a hint and nothing else; a number that is
not listed is shown as it came. Statuses and texts differ between sources, the advice does not depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping

_ALGORITHM = 'set assertion_mode = "rs256" for this server, and check this machine\'s clock'

ADVICE: Mapping[int, str] = {
    # The certificate or the assertion made with it.
    700027: (
        "upload this certificate to the app registration and compare the fingerprints shown; "
        "on renewal upload the new one first and switch after"
    ),
    700024: "set this machine's clock right (NTP): the signed assertion is outside its time range",
    50012: "check tenant and login host: the assertion was made for another directory or cloud",
    50027: "check certificate_file and assertion_mode; if they are right report a defect",
    50032: "make a new certificate with an RSA key of 2048 bits or more",
    5002738: _ALGORITHM,
    5002730: _ALGORITHM,
    500133: _ALGORITHM,
    # The secret.
    7000215: "put the secret's VALUE, not its ID, into client_secret_file",
    7000222: "the secret has expired: make a new one, or better use a certificate",
    7000218: "configure certificate_file and key_file, or client_secret_file",
    # The application and the tenant.
    700016: "check client_id, tenant and cloud: this directory does not know the application",
    7000229: "the application has no service principal in this tenant: grant admin consent, which creates it",
    7000112: "enable the application under Enterprise applications",
    90002: "check tenant and cloud: no such directory there",
    # What was asked for.
    500011: "check the Intune licence, scope and cloud: the directory has no service principal for the Intune API",
    500014: "enable the Intune API's service principal, and check licence, scope and cloud",
    70011: "write the scope as exactly one https://<resource>//.default",
    65001: "grant admin consent to the application permissions",
    53003: (
        "Conditional Access for workload identities blocks the application: "
        "exclude it, or allow this machine's public address"
    ),
    50049: "check login_host: it is no login server of this cloud",
}

# When a body carries no known number, the OAuth error still narrows it down (RFC 6749 section 5.2).
ADVICE_BY_ERROR: Mapping[str, str] = {
    "invalid_client": "check the credential: certificate and key, or the secret, against the app registration",
    "unauthorized_client": "check client_id, tenant and cloud",
    "invalid_tenant": ADVICE[90002],
    "invalid_resource": ADVICE[500011],
    "invalid_scope": ADVICE[70011],
    "invalid_instance": ADVICE[50049],
}


def advice_for(codes: tuple[int, ...], error: str) -> str:
    """The advice for the first known code, else for the OAuth error, else ""."""
    for code in codes:
        if code in ADVICE:
            return ADVICE[code]
    return ADVICE_BY_ERROR.get(error, "")
