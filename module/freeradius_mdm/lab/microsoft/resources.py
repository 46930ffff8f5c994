"""From `scope` or `resource` to an audience: what a token is for (intune.md section 2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .clouds import DEVICE_COMPLIANCE_ROLE, GRAPH_APP_ID, INTUNE_APP_ID
from .entra_errors import EntraError
from .tenants import Application, TenantState

_OIDC_SCOPES = {"openid", "profile", "offline_access", "email"}
_DEFAULT = "/.default"
_INTUNE_ROLES = frozenset({DEVICE_COMPLIANCE_ROLE})


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as the client named it: with one slash too few, it is another audience."""

    audience: str
    intune: bool

    def roles(self, application: Application) -> frozenset[str]:
        """The consented application permissions on this resource."""
        return application.roles & _INTUNE_ROLES if self.intune else application.roles - _INTUNE_ROLES

    def claim(self, version: str) -> str:
        """The `aud` claim: the resource in tokens of version 1.0, its application id in those of 2.0."""
        if version == "1.0":
            return self.audience
        return INTUNE_APP_ID if self.intune else GRAPH_APP_ID


def wanted(tenant: TenantState, form: Mapping[str, str], v2: bool) -> Resource:
    """The resource a token request is for. Raises EntraError 70011, 500011 or 500014."""
    name = _from_scope(form.get("scope", "")) if v2 else form.get("resource", "")
    if not name:
        raise EntraError(900144, parameter="resource")
    cloud = tenant.cloud
    # Entra takes everything before the final /.default as the resource, so one slash more or less counts.
    if name in (cloud.graph_resource, cloud.graph_resource + "/", GRAPH_APP_ID):
        return Resource(cloud.graph_resource, intune=False)
    if name not in (cloud.resource, cloud.resource.rstrip("/"), INTUNE_APP_ID):
        raise EntraError(500011, resource=name, tenant=tenant.tenant_id)
    if tenant.settings.intune == "absent":
        raise EntraError(500011, resource=name, tenant=tenant.tenant_id)
    if tenant.settings.intune == "disabled":
        raise EntraError(500014, resource=name)
    return Resource(name, intune=True)


def _from_scope(scope: str) -> str:
    values = [value for value in scope.split() if value not in _OIDC_SCOPES]
    if len(values) != 1 or not values[0].endswith(_DEFAULT) or values[0] == _DEFAULT:
        raise EntraError(70011, scope=scope or "(none)")
    return values[0].removesuffix(_DEFAULT)
