"""Token errors as Entra words them: one table (intune.md section 2.5).

Codes beyond that section (70003, 700021, 900144, 900561) are Entra's own for requests no client of ours should send.
Texts in braces are filled in by whoever raises the error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """HTTP status, OAuth error and the text after the code."""

    status: int
    error: str
    text: str


AADSTS = {
    50012: Row(401, "invalid_client", "Authentication failed: the client assertion has an audience of another tenant."),
    50027: Row(401, "invalid_client", "JWT token is invalid or malformed. {reason}"),
    50032: Row(401, "invalid_client", "WeakRsaKey: the key has {bits} bits, at least 2048 are required."),
    50049: Row(400, "invalid_instance", "Unknown or invalid instance."),
    53003: Row(400, "invalid_grant", "Access has been blocked by Conditional Access policies."),
    65001: Row(
        400,
        "invalid_grant",
        "The user or administrator has not consented to use the application with ID '{app}'. Send an interactive "
        "authorization request for this user and resource.",
    ),
    70003: Row(400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant}'."),
    70011: Row(
        400,
        "invalid_scope",
        "The provided request must include a 'scope' input parameter. The scope {scope} is not valid.",
    ),
    90002: Row(
        400,
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud.",
    ),
    500011: Row(
        400,
        "invalid_resource",
        "The resource principal named {resource} was not found in the tenant named {tenant}.",
    ),
    500014: Row(400, "invalid_resource", "The service principal for resource '{resource}' is disabled."),
    500133: Row(401, "invalid_client", "Assertion is not within its valid time range."),
    700016: Row(
        400, "unauthorized_client", "Application with identifier '{app}' was not found in the directory '{tenant}'."
    ),
    700021: Row(401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."),
    700024: Row(
        401,
        "invalid_client",
        "Client assertion is not within its valid time range. Current time: {now}, expiry time of assertion {expiry}.",
    ),
    700027: Row(
        401,
        "invalid_client",
        "Client assertion failed signature validation. [Reason - {reason}, Thumbprint of key used by client: "
        "'{thumbprint}'{found}]",
    ),
    900144: Row(400, "invalid_request", "The request body must contain the following parameter: '{parameter}'."),
    900561: Row(400, "invalid_request", "The endpoint only accepts POST requests. Received a {method} request."),
    5002730: Row(400, "invalid_request", "Invalid JWT token. Unsupported key for the signing algorithm."),
    5002738: Row(
        400,
        "invalid_request",
        "Invalid JWT token. The algorithm '{alg}' is not one of the supported signing algorithms: RS256, HS256.",
    ),
    7000112: Row(400, "unauthorized_client", "Application '{app}' is disabled."),
    7000215: Row(
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
        "not the client secret ID, for a secret added to app '{app}'.",
    ),
    7000218: Row(
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: Row(401, "invalid_client", "The provided client secret keys for app '{app}' are expired."),
    7000229: Row(
        400,
        "unauthorized_client",
        "The client application {app} is missing service principal in the tenant {tenant}.",
    ),
}
