"""An app registration as Graph shows it: what the thumbprint check reads (ise.md section 1.2).

Microsoft Graph v1.0, resource types application, keyCredential and passwordCredential.
"""

from __future__ import annotations

import base64
import urllib.parse
import uuid
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from .clock import iso
from .tenants import Application, RegisteredKey, Secret, TenantState
from .wire import Call

_NEVER = 4102444800.0  # 2100-01-01, for secrets of the lab that do not expire


def entry(call: Call, tenant: TenantState, application: Application) -> dict[str, Any]:
    """The application's JSON object, cut down to `$select`. A key's certificate comes only when it is selected."""
    query = dict(urllib.parse.parse_qsl(call.query))
    selected = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
    with_key = "keyCredentials" in selected
    keys = tenant.keys[application.client_id.lower()]
    body: dict[str, Any] = {
        "appId": application.client_id,
        "displayName": application.display_name,
        "keyCredentials": [_key(application, key, with_key) for key in keys],
        "passwordCredentials": [_secret(secret) for secret in application.secrets],
    }
    if selected:
        body = {name: value for name, value in body.items() if name in selected}
    context = f"https://{call.host}/v1.0/$metadata#applications({','.join(selected)})/$entity"
    return {"@odata.context": context, **body}


def _key(application: Application, key: RegisteredKey, with_key: bool) -> dict[str, Any]:
    der = key.certificate.public_bytes(Encoding.DER)
    return {
        "customKeyIdentifier": base64.b64encode(bytes.fromhex(key.sha1)).decode(),
        "displayName": application.key_name or key.certificate.subject.rfc4514_string(),
        "endDateTime": iso(key.not_after),
        "startDateTime": iso(key.not_before),
        "key": base64.b64encode(der).decode() if with_key else None,
        "keyId": str(uuid.uuid5(uuid.NAMESPACE_OID, key.sha1)),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def _secret(secret: Secret) -> dict[str, Any]:
    return {
        "customKeyIdentifier": None,
        "displayName": "lab secret",
        "endDateTime": iso(_NEVER if secret.expires_at is None else secret.expires_at),
        "hint": secret.value[:3],
        "keyId": str(uuid.uuid5(uuid.NAMESPACE_OID, secret.value)),
        "secretText": None,
        "startDateTime": iso(0.0),
    }
