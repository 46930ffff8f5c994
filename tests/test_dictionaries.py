"""Which attributes this FreeRADIUS knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from freeradius_mdm.dictionaries import attribute_names
from freeradius_mdm.reply import names

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
