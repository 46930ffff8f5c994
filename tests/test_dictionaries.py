"""Which attributes this FreeRADIUS knows."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from freeradius_mdm.dictionaries import VendorFormat, attribute_names, load
from freeradius_mdm.errors import ReplyError
from freeradius_mdm.free_attributes import free_type
from freeradius_mdm.reply import names
from freeradius_mdm.reply_types import disagreements
from tests.installed_dictionary import installed

ROOT = Path(__file__).parents[1]
INSTALLED = Path("/usr/share/freeradius/dictionary")


def test_attributes_and_includes(tmp_path: Path) -> None:
    (tmp_path / "dictionary").write_text(
        "# ATTRIBUTE\tCommented 1 string\n"
        "$INCLUDE dictionary.more\n"
        "$INCLUDE- dictionary.missing\n"
        "$INCLUDE- sub/dictionary.optional\n"
        "VALUE\tService-Type\tLogin 1\n"
        "ATTRIBUTE\tUser-Name\t\t1\tstring\n"
        "attribute  Lower 2 string\n"
        "ATTRIBUTE\n",
        encoding="utf-8",
    )
    # A byte that is no UTF-8, in a comment; a circle.
    (tmp_path / "dictionary.more").write_bytes(b"# Universit\xe9\nATTRIBUTE More 3 string\n$INCLUDE dictionary\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "dictionary.optional").write_text("ATTRIBUTE Optional 4 string\n", encoding="utf-8")
    assert attribute_names(tmp_path / "dictionary") == {"User-Name", "Lower", "More", "Optional"}


# dictionary(5) and the forms that the files of 3.2.1 and 3.2.7 have.
LINES = """\
VENDOR\t\tCisco\t9
VENDOR Lucent 4846 format=2,1
VENDOR USR 429
VENDOR WiMAX 24757 format=1,1,c
VALUE Early Before 7
ATTRIBUTE Early 200 integer
ATTRIBUTE Tunnel-Type 64 integer has_tag
ATTRIBUTE Tunnel-Password 69 string has_tag,encrypt=2
ATTRIBUTE EAP-Message 79 octets concat
ATTRIBUTE Hexadecimal 0x50 uint32 # a comment
ATTRIBUTE Old-Style 5 string Cisco
ATTRIBUTE Packet-Type 1047 integer virtual
ATTRIBUTE Extended-Attribute-1 241 extended
ATTRIBUTE Extended-Vendor-Specific-5 245.26 evs
ATTRIBUTE Inside-241 241.1 string
BEGIN-VENDOR Cisco
ATTRIBUTE Cisco-AVPair 1 String
ATTRIBUTE Sixteen 3 octets[16]
END-VENDOR Cisco
BEGIN-VENDOR Lucent
ATTRIBUTE Wide 300 short
END-VENDOR Lucent
BEGIN-VENDOR USR
ATTRIBUTE Widest 0xBF38 integer
END-VENDOR USR
BEGIN-VENDOR WiMAX
ATTRIBUTE Capability 1 tlv
ATTRIBUTE Release 1.1 string
BEGIN-TLV Capability
ATTRIBUTE Hotlining 3 byte
END-TLV Capability
END-VENDOR WiMAX
BEGIN-VENDOR Cisco format=Extended-Vendor-Specific-5
ATTRIBUTE Far-Away 1 octets
END-VENDOR Cisco
VALUE Tunnel-Type Virtual 13
VALUE tunnel-type VLAN 13
VALUE Tunnel-Type Hexa 0x0A
VALUE Nobody-Knows X 1
ATTRIBUTE Alias 201 integer
VALUE-ALIAS Alias Tunnel-Type
"""


def test_what_a_line_says(tmp_path: Path) -> None:
    file = tmp_path / "dictionary"
    file.write_text(LINES, encoding="utf-8")
    known = load(file).attributes

    def place(name: str) -> tuple[int, int, str, int]:
        return known[name].vendor, known[name].number, known[name].type, known[name].depth

    assert place("Tunnel-Type") == (0, 64, "integer", 1)
    assert place("Hexadecimal") == (0, 80, "integer", 1)
    assert place("Old-Style") == (9, 5, "string", 1)
    assert place("Cisco-AVPair") == (9, 1, "string", 1)
    assert (place("Sixteen"), known["Sixteen"].length) == ((9, 3, "octets", 1), 16)
    assert place("Release") == (24757, 1, "string", 2)
    assert place("Hotlining") == (24757, 1, "byte", 2)
    assert [name for name, one in known.items() if one.tagged] == ["Tunnel-Type", "Tunnel-Password"]
    assert [name for name, one in known.items() if one.encrypted] == ["Tunnel-Password"]
    assert [name for name, one in known.items() if "concat" in one.flags] == ["EAP-Message"]
    assert [name for name, one in known.items() if not one.sent] == ["Packet-Type"]
    assert [name for name, one in known.items() if one.extended] == ["Inside-241", "Far-Away"]
    # FreeRADIUS knows USR's format without being told.
    formats = {name: known[name].format for name in ("Cisco-AVPair", "Wide", "Widest", "Release")}
    assert list(formats.values()) == [
        VendorFormat(),
        VendorFormat(2, 1),
        VendorFormat(4, 0),
        VendorFormat(1, 1, continued=True),
    ]
    # Names of numbers: read without regard to case, printed by the last one; before or behind their attribute.
    assert known["Tunnel-Type"].values.numbers == {"virtual": 13, "vlan": 13, "hexa": 10}
    assert known["Tunnel-Type"].values.printed == {13: "VLAN", 10: "Hexa"}
    assert known["Alias"].values.printed == {13: "VLAN", 10: "Hexa"}
    assert known["Early"].values.numbers == {"before": 7}


def test_names_are_found_without_regard_to_case_and_the_last_definition_counts(tmp_path: Path) -> None:
    file = tmp_path / "dictionary"
    file.write_text("ATTRIBUTE Filter-Id 11 string\nATTRIBUTE filter-id 11 octets\n", encoding="utf-8")
    dictionary = load(file)
    found = dictionary.find("FILTER-ID")
    assert found is not None
    assert (found.name, found.type) == ("filter-id", "octets")
    assert list(dictionary.attributes) == ["filter-id"]
    assert dictionary.find("Filter") is None


def test_an_attribute_with_two_names_has_an_older_and_a_newer_one(tmp_path: Path) -> None:
    """Seen: HP-Ip-Filter-Raw and HP-Nas-Filter-Rule are both 61; 3.2.7 shows the later one, whichever was used."""
    file = tmp_path / "dictionary"
    lines = "Raw 61 string", "Rule 61 string", "Other 62 string", "Bytes 62 octets", "Same 63 string", "Same 63 string"
    file.write_text("".join(f"ATTRIBUTE {line}\n" for line in lines), encoding="utf-8")
    found = load(file).attributes
    assert {name: one.newer_name for name, one in found.items() if one.newer_name} == {"Raw": "Rule"}


def test_a_number_that_has_got_another_type_is_not_sent_by_its_older_name(tmp_path: Path) -> None:
    """Seen: the string Altiga-Partitioning-Partition-Max-Sessions, "325", left 3.2.7 as the integer of Cisco's 132."""
    file = tmp_path / "dictionary"
    lines = "Text 132 string", "Number 132 integer", "Secret 133 string encrypt=1", "Plain 133 string"
    file.write_text("".join(f"ATTRIBUTE {line}\n" for line in lines), encoding="utf-8")
    found = load(file).attributes
    overlaid = {name: one.overlaid_by for name, one in found.items() if one.overlaid_by}
    assert overlaid == {"Text": "Number", "Secret": "Plain"}
    with pytest.raises(ReplyError, match="Number has the same number and another type, use that name"):
        free_type(found["Text"])
    assert free_type(found["Number"]).form == "integer"


def test_read_again_only_when_a_file_changed(tmp_path: Path) -> None:
    file, more, late = (tmp_path / name for name in ("dictionary", "more", "late"))
    file.write_text("$INCLUDE more\n$INCLUDE- late\n", encoding="utf-8")
    more.write_text("ATTRIBUTE One 1 string\n", encoding="utf-8")
    first = load(file)
    assert load(file) is first
    more.write_text("ATTRIBUTE One 1 string\nATTRIBUTE Two 2 string\n", encoding="utf-8")
    assert set(load(file).attributes) == {"One", "Two"}
    late.write_text("ATTRIBUTE Three 3 string\n", encoding="utf-8")
    assert set(load(file).attributes) == {"One", "Two", "Three"}


@pytest.mark.skipif(not INSTALLED.exists(), reason="FreeRADIUS is not installed")
def test_the_packaged_dictionaries_and_how_long_they_take(tmp_path: Path) -> None:
    """radiusd reads them at each start: about 0.08 s of processor time; the limit leaves room for a slow machine."""
    link = tmp_path / "dictionary"
    link.write_text(f"$INCLUDE {INSTALLED}\n", encoding="utf-8")
    began = time.process_time()
    known = load(link).attributes
    assert time.process_time() - began < 1.0
    assert len(known) > 7000
    assert known["Termination-Action"].values.printed[1] == "RADIUS-Request"
    assert known["MS-MPPE-Send-Key"].encrypted == 2


CHROOT = os.environ.get("MDM_TEST_CHROOT", "")


@pytest.mark.skipif(not INSTALLED.exists(), reason="FreeRADIUS is not installed")
@pytest.mark.parametrize("root", ["", *([CHROOT] if CHROOT else [])])
def test_everything_we_send_is_known_with_its_type_number_vendor_tag_and_value_names(root: str) -> None:
    dictionary = load(Path(f"{root}{INSTALLED}"), ROOT / "freeradius" / "dictionary.mdm")
    assert disagreements(dictionary) == []


@pytest.mark.skipif(not INSTALLED.exists(), reason="FreeRADIUS is not installed")
@pytest.mark.parametrize("root", ["", *([CHROOT] if CHROOT else [])])
def test_every_attribute_that_can_be_sent_is_read_as_by_another_reader(root: str) -> None:
    dictionary, known = installed(Path(f"{root}{INSTALLED.parent}"))
    for name, one in dictionary.attributes.items():
        try:
            free_type(one)
        except ReplyError:
            continue
        other = known[name]
        format_ = (one.format.number, one.format.length, int(one.format.continued))
        read = (one.vendor, one.number, one.type, one.tagged, format_ if one.vendor else (1, 1, 0))
        assert read == (other.vendor, other.number, other.type, other.tagged, other.format), name
        assert one.values.numbers == {value.lower(): number for value, number in other.names.items()}, name


def test_a_changed_dictionary_is_told(tmp_path: Path) -> None:
    lines = (
        "ATTRIBUTE State 24 octets\n"
        "ATTRIBUTE My-State 24 octets\n"
        "ATTRIBUTE Tunnel-Type 64 integer\n"
        "VALUE Tunnel-Type Vlan 13\n"
        "ATTRIBUTE Filter-Id 11 octets\n"
        "ATTRIBUTE Class 26 octets\n"
        "ATTRIBUTE MDM-Rule 240 string\n"
    )
    (tmp_path / "dictionary").write_text(lines, encoding="utf-8")
    said = disagreements(load(tmp_path / "dictionary"))
    assert [text for text in said if not text.endswith(" is missing")] == [
        "Tunnel-Type has no tag",
        "Tunnel-Type has no name for 9 instead of ESP",
        "Tunnel-Type has Vlan for 13 instead of VLAN",
        "Filter-Id is of type octets instead of string",
        "Class is number 26 of vendor 0",
        "State has got the other name My-State",
        "MDM-Rule is sent",
    ]


def test_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        attribute_names(tmp_path / "dictionary")
    (tmp_path / "dictionary").write_text("$INCLUDE gone\n", encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        attribute_names(tmp_path / "dictionary")


@pytest.mark.skipif(not INSTALLED.exists(), reason="FreeRADIUS is not installed")
def test_every_name_we_send_is_in_the_packaged_dictionaries_and_ours() -> None:
    known = attribute_names(INSTALLED, ROOT / "freeradius" / "dictionary.mdm")
    assert set(names()) <= known
    # And what the request is looked at for.
    assert {"ASA-TunnelGroupName", "Tunnel-Client-Endpoint", "TLS-Client-Cert-Serial", "MDM-Outer-Request"} <= known


def test_every_attribute_of_ours_that_unlang_names_is_in_our_dictionary() -> None:
    ours = attribute_names(ROOT / "freeradius" / "dictionary.mdm")
    for file in ("policy.d/mdm", "sites-available/mdm-eap-tls", "mods-available/mdm_wait"):
        used = set(re.findall(r"MDM(?:-[A-Z][a-z]+)+", (ROOT / "freeradius" / file).read_text(encoding="utf-8")))
        assert used <= ours
