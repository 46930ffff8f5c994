"""Microsoft's clouds as the simulator serves them: one table (intune.md section 1).

Kept apart from the table in the production code on purpose: a twin that shares its client's constants can't
show that one of them is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

INTUNE_APP_ID = "c161e42e-d4df-4a3d-9b42-e7a3c31f59d4"  # "Microsoft Intune API"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
DEVICE_COMPLIANCE_ROLE = "get_device_compliance"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud. `resource` is the CRS audience, with its trailing slash; `crs_host` a typical scale unit."""

    name: str
    login_hosts: tuple[str, ...]
    graph_host: str
    resource: str
    crs_suffix: str
    crs_host: str
    refuses_pss: bool = False  # some clouds refused PS256 in 2024 (AADSTS5002730)

    @property
    def graph_resource(self) -> str:
        """The Graph audience: no trailing slash."""
        return f"https://{self.graph_host}"


_US_LOGIN = ("login.microsoftonline.us",)
_US_RESOURCE = "https://api.manage.microsoft.us/"

CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "global",
            ("login.microsoftonline.com",),
            "graph.microsoft.com",
            "https://api.manage.microsoft.com/",
            ".manage.microsoft.com",
            "fef.msud01.manage.microsoft.com",
        ),
        Cloud(
            "usgov-l4",
            _US_LOGIN,
            "graph.microsoft.us",
            _US_RESOURCE,
            ".manage.microsoft.us",
            "fef.msug01.manage.microsoft.us",
        ),
        Cloud(
            "usgov-l5",
            _US_LOGIN,
            "dod-graph.microsoft.us",
            _US_RESOURCE,
            ".manage.microsoft.us",
            "fef.msud01.manage.microsoft.us",
        ),
        # The audience in China is unknown: this one is the lab's, and an operator has to configure it as well.
        Cloud(
            "china",
            ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
            "microsoftgraph.chinacloudapi.cn",
            "https://api.manage.microsoftonline.cn/",
            ".manage.microsoftonline.cn",
            "fef.msuc01.manage.microsoftonline.cn",
        ),
    )
}

LOGIN_HOSTS = frozenset(host for cloud in CLOUDS.values() for host in cloud.login_hosts)
GRAPH_HOSTS = {cloud.graph_host: cloud for cloud in CLOUDS.values()}
CRS_SUFFIXES = tuple(sorted({cloud.crs_suffix for cloud in CLOUDS.values()}))
AZURE_AD_GRAPH_HOST = "graph.windows.net"  # retired, still answered: with 410
PORTAL_HOST = "portal.manage.microsoft.com"  # remediation page named by mdminfo; below the CRS suffix, no CRS
# Hosts of personality `evil-uri`. Served with a good certificate, so that only the client's own check stops it.
EVIL_HOSTS = (
    "crs.attacker.example",
    "fef.msud01.manage.microsoft.com.attacker.example",
    "fefmanage.microsoft.com",
)

ALL_HOSTS = tuple(
    sorted(
        {*LOGIN_HOSTS, *GRAPH_HOSTS, AZURE_AD_GRAPH_HOST, PORTAL_HOST} | {cloud.crs_host for cloud in CLOUDS.values()}
    )
)
