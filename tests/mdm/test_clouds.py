"""The table, against intune.md section 1 written out again by hand."""

import subprocess
import sys

import pytest

from freeradius_mdm.mdm.clouds import CLOUDS

US_SCOPE = "https://api.manage.microsoft.us//.default"


@pytest.mark.parametrize(
    ("name", "login", "graph", "scope", "suffix"),
    [
        (
            "global",
            "login.microsoftonline.com",
            "graph.microsoft.com",
            "https://api.manage.microsoft.com//.default",
            ".manage.microsoft.com",
        ),
        (
            "gcc",
            "login.microsoftonline.com",
            "graph.microsoft.com",
            "https://api.manage.microsoft.com//.default",
            ".manage.microsoft.com",
        ),
        ("gcc-high", "login.microsoftonline.us", "graph.microsoft.us", US_SCOPE, ".manage.microsoft.us"),
        ("dod", "login.microsoftonline.us", "dod-graph.microsoft.us", US_SCOPE, ".manage.microsoft.us"),
        # Nobody knows China's audience: the operator has to give it.
        (
            "china",
            "login.partner.microsoftonline.cn",
            "microsoftgraph.chinacloudapi.cn",
            "",
            ".manage.microsoftonline.cn",
        ),
    ],
)
def test_each_cloud(name: str, login: str, graph: str, scope: str, suffix: str) -> None:
    cloud = CLOUDS[name]
    assert (cloud.login_host, cloud.graph_host, cloud.scope) == (login, graph, scope)
    assert cloud.crs_host_suffixes == (suffix,)


def test_there_is_no_other_cloud() -> None:
    assert set(CLOUDS) == {"global", "gcc", "gcc-high", "dod", "china"}


def test_radiusd_can_import_it_with_the_standard_library_only() -> None:
    program = (
        "import sys, freeradius_mdm.mdm.clouds;"
        "bad = {'requests', 'urllib3', 'msal', 'cryptography', 'aiohttp', 'certifi'} & set(sys.modules);"
        "sys.exit(f'imported: {bad}' if bad else 0)"
    )
    path = [entry for entry in sys.path if entry]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {program}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
