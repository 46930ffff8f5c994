"""Wire names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.dacl import AclType, WireName, av_prefix, parse_wire_name, wire_name
from freeradius_mdm.dacl.names import NAME

# ise.md section 5.1, captured and published names: #ACSACL#-IP-<name>-<version>; a version is a Unix time there.
CAPTURED = "#ACSACL#-IP-PERMIT_ALL-2-57e5bcbd"


def test_a_captured_name() -> None:
    assert parse_wire_name(CAPTURED) == WireName(AclType.IPV4, "PERMIT_ALL-2", "57e5bcbd")
    assert wire_name(AclType.IPV4, "PERMIT_ALL-2", "57e5bcbd") == CAPTURED
    assert wire_name(AclType.IPV6, "PERMIT_ALL", "57e5bcbd") == "#ACSACL#-IPV6-PERMIT_ALL-57e5bcbd"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PERMIT_ALL",
        "#ACSACL#-IP-PERMIT_ALL",
        "#ACSACL#-IP--57e5bcbd",
        "#ACSACL#-IP-PERMIT_ALL-57e5bcb",
        "#ACSACL#-IP-PERMIT_ALL-57E5BCBD",
        "#ACSACL#-IPV5-PERMIT_ALL-57e5bcbd",
        "#acsacl#-IP-PERMIT_ALL-57e5bcbd",
        "#ACSACL#-IP-PERMIT ALL-57e5bcbd",
        "#ACSACL#-IP-PERMIT_ALL-57e5bcbd\n",
        " #ACSACL#-IP-PERMIT_ALL-57e5bcbd",
        f"#ACSACL#-IP-{'x' * 61}-57e5bcbd",
    ],
)
def test_no_wire_name(text: str) -> None:
    assert parse_wire_name(text) is None


@given(
    st.sampled_from((AclType.IPV4, AclType.IPV6)),
    st.from_regex(NAME, fullmatch=True),
    st.text("0123456789abcdef", min_size=8, max_size=8),
)
def test_there_and_back(type_: AclType, name: str, version: str) -> None:
    assert parse_wire_name(wire_name(type_, name, version)) == WireName(type_, name, version)


def test_prefixes() -> None:
    # ise.md section 5.1, per-user ACL: ip:inacl#1=..., ipv6:inacl#1=...
    assert (av_prefix(AclType.IPV4), av_prefix(AclType.IPV6)) == ("ip:inacl", "ipv6:inacl")
