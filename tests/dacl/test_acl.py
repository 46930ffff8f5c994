"""A whole ACL: entries, versions and what is served to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.dacl import AclType, Dacl, DaclError, MaskStyle, read_directory, version_of
from freeradius_mdm.errors import MdmError

IOS, ASA = MaskStyle.WILDCARD, MaskStyle.NETMASK


def acl(directory: Path, text: str, file: str = "X.acl") -> Dacl:
    (directory / file).write_text(text, encoding="utf-8")
    found = read_directory(directory)
    assert found.faults == []
    return found.dacls["X"]


def test_versions_by_hand(tmp_path: Path) -> None:
    # printf 'permit ip any any' | sha256sum
    # ba3efdc056ff50b9d604467c1ac3657f1eab355acdd24cb44e8fa52a6e000d6b
    assert version_of(("permit ip any any",)) == "ba3efdc0"
    # printf 'permit udp any any eq domain\ndeny ip any any' | sha256sum
    # 36d5341a5b45466d61691bfc7f696f9fde9a664ed970b1e0141057ee8b3e9664
    found = acl(tmp_path, "! names\npermit udp any any eq domain\ndeny ip any any\n")
    assert found.served(IOS).version == found.served(ASA).version == "36d5341a"


def test_each_dialect_has_its_own_version(tmp_path: Path) -> None:
    found = acl(tmp_path, "permit tcp any 10.0.0.0 0.0.0.255 eq https\n")
    assert (found.style, found.entries) == (IOS, ("permit tcp any 10.0.0.0 0.0.0.255 eq https",))
    # printf 'permit tcp any 10.0.0.0 0.0.0.255 eq 443' | sha256sum
    # 238cbdd9f00a3ec65be5fe88ebc5ea4c62f0841194ae34b7bd43c5ecec88c36f
    assert found.served(IOS).entries == ("permit tcp any 10.0.0.0 0.0.0.255 eq 443",)
    assert found.served(IOS).version == "238cbdd9"
    # printf 'permit tcp any 10.0.0.0 255.255.255.0 eq https' | sha256sum
    # 599e5253ccfb52b147535b4e63c7d26a858ecdbd48367940b15cbbe70188f2fd
    assert found.served(ASA).entries == ("permit tcp any 10.0.0.0 255.255.255.0 eq https",)
    assert found.served(ASA).version == "599e5253"
    assert found.served(ASA) is found.served(ASA)


def test_an_agnostic_acl_has_a_form_of_each(tmp_path: Path) -> None:
    found = acl(tmp_path, "permit ip any any\n", "X.agnostic.acl")
    assert found.served(IOS) == found.served(IOS, AclType.IPV4) == found.served(ASA, AclType.IPV6)
    assert found.served(IOS).version == "ba3efdc0"
    # printf 'permit ipv6 any any' | sha256sum
    # 77b4287fa1f2f25a11f8ee1c42333d94aaab068d3b81930be6643529f48e1630
    assert found.served(IOS, AclType.IPV6).entries == ("permit ipv6 any any",)
    assert found.served(IOS, AclType.IPV6).version == "77b4287f"


def test_a_type_that_it_is_not(tmp_path: Path) -> None:
    found = acl(tmp_path, "permit ip any any\n")
    with pytest.raises(DaclError, match=r"X is an ACL of type ip, not ipv6$"):
        found.served(IOS, AclType.IPV6)


def test_a_version_changes_with_content_and_order_alone(tmp_path: Path) -> None:
    def version(text: str) -> str:
        return acl(tmp_path, text).served(IOS).version

    first = version("permit udp any any eq domain\ndeny ip any any\n")
    assert version("! new comment\r\nPERMIT  udp any any eq domain\n\nremark x\n20 deny ip any any") == first
    assert version("deny ip any any\npermit udp any any eq domain") != first
    assert version("permit udp any any eq domain\ndeny ip any any log") != first


@given(st.lists(st.text("abc 0123.", min_size=1), min_size=1), st.lists(st.text("abc 0123.", min_size=1), min_size=1))
def test_a_version_is_eight_hexadecimal_digits_of_the_content(one: list[str], other: list[str]) -> None:
    versions = [version_of(entries) for entries in (one, other)]
    assert all(len(text) == 8 and set(text) <= set("0123456789abcdef") for text in versions)
    assert (versions[0] == versions[1]) == (one == other)


def test_what_cannot_be_served_says_where_and_why(tmp_path: Path) -> None:
    found = acl(tmp_path, "! x\npermit ip any any\npermit tcp any any established\ndeny ip any any log-input\n")
    why = f"{tmp_path / 'X.acl'}:3: ASA has no established"
    assert (found.lacks(IOS), found.lacks(ASA)) == ("", why)
    with pytest.raises(DaclError) as caught:
        found.served(ASA)
    assert str(caught.value) == why
    assert isinstance(caught.value, MdmError)


def test_a_translation_that_grows_too_long(tmp_path: Path) -> None:
    # 228 characters with wildcards, and five more for each mask that becomes a netmask.
    line = "permit ip 10.0.0.0 0.0.0.255 10.0.0.0 0.0.0.255 time-range "
    found = acl(tmp_path, line + "x" * (228 - len(line)))
    assert found.lacks(IOS) == ""
    assert found.lacks(ASA) == f"{tmp_path / 'X.acl'}:1: has 236 characters on ASA, an ACE can have 233"
