"""How a renewal's files are called, and which key belongs while they are exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab.pki import AppCredential, LabPki
from freeradius_mdm.mdm.renewal_files import NEXT, PREVIOUS, beside, key_for


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("application.pem", "application.next.pem"),
        ("radius1.example.crt", "radius1.example.next.crt"),
        ("key", "key.next"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert beside(Path("/etc") / name, NEXT) == Path("/etc") / expected


def test_beside_what_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.pem").write_text("")
    (tmp_path / "link.pem").symlink_to("real/a.pem")
    assert beside(tmp_path / "link.pem", PREVIOUS) == tmp_path / "real" / "a.previous.pem"


def test_the_key_set_aside_only_where_it_alone_belongs(
    pki: LabPki, app_credential: AppCredential, tmp_path: Path
) -> None:
    other = pki.application("renewed")
    key = tmp_path / "a.key"

    def put(file: Path, credential: AppCredential) -> None:
        file.write_bytes(credential.key_file.read_bytes())
        file.chmod(0o600)

    old, new = app_credential.certificate, other.certificate
    put(key, other)
    # Nothing set aside: the caller says that they don't belong together.
    assert key_for(old, key, None).public_key() == new.public_key()
    put(beside(key, PREVIOUS), app_credential)
    assert key_for(old, key, None).public_key() == old.public_key()
    assert key_for(new, key, None).public_key() == new.public_key()
    # What was set aside is private too.
    beside(key, PREVIOUS).chmod(0o644)
    with pytest.raises(SourceError, match="can be read or written by others"):
        key_for(old, key, None)
