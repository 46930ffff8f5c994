"""Where each Microsoft cloud lives (intune.md section 1). Standard library only: radiusd reads it too."""

from __future__ import annotations

from collections.abc import Mapping

from ..config.model import Cloud

_GLOBAL = Cloud(
    login_host="login.microsoftonline.com",
    graph_host="graph.microsoft.com",
    scope="https://api.manage.microsoft.com//.default",
    crs_host_suffixes=(".manage.microsoft.com",),
)

CLOUDS: Mapping[str, Cloud] = {
    "global": _GLOBAL,
    "gcc": _GLOBAL,
    "gcc-high": Cloud(
        login_host="login.microsoftonline.us",
        graph_host="graph.microsoft.us",
        scope="https://api.manage.microsoft.us//.default",
        crs_host_suffixes=(".manage.microsoft.us",),
    ),
    "dod": Cloud(
        login_host="login.microsoftonline.us",
        graph_host="dod-graph.microsoft.us",
        scope="https://api.manage.microsoft.us//.default",
        crs_host_suffixes=(".manage.microsoft.us",),
    ),
    # The audience of China's Intune is not public: the operator has to give the scope.
    "china": Cloud(
        login_host="login.partner.microsoftonline.cn",
        graph_host="microsoftgraph.chinacloudapi.cn",
        scope="",
        crs_host_suffixes=(".manage.microsoftonline.cn",),
    ),
}
