"""`mdmctl enable` and `mdmctl disable`: a passed test first, then one line of mdm.toml and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.operations.connection import switch
from freeradius_mdm.operations.errors import OperationError

from .bench import CLIENT, Site

OFF, ON = b"enabled = false", b"enabled = true"


@pytest.fixture
def off(site: Site) -> Site:
    """A site whose only server is not enabled."""
    site.write(enabled=False)
    return site


@pytest.fixture
def two(site: Site) -> Site:
    """Intune is enabled, by default, and Second is not."""
    entry = "\n".join(f"{key} = {value}" for key, value in site.lines(name="Second", enabled=False).items())
    file = site.write(extra=f"\n[[servers]]  # in preparation\n{entry}\n")
    text = file.read_text(encoding="utf-8").replace("source = ", 'server = "Intune"\nsource = ')
    file.write_bytes(text.replace("\n", "\r\n").encode())
    return site


def test_enable_tests_and_writes_one_word(off: Site) -> None:
    before = off.file.read_bytes()
    said = off.mdmctl("enable", "Intune")
    assert said.status == 0
    assert "Intune passed in " in said.out
    assert said.out.splitlines()[-1] == f"Intune is enabled: enabled = true in {off.file}"
    assert before.count(OFF) == 1
    assert off.file.read_bytes() == before.replace(OFF, ON)
    assert load(off.file).server("Intune").enabled


def test_enable_refuses_with_the_step_that_failed(off: Site) -> None:
    off.sim.change_application(CLIENT, disabled=True)
    before, stamp = off.file.read_bytes(), off.file.stat()
    said = off.mdmctl("enable", "Intune")
    assert said.status == 1
    assert "Intune FAILED at Graph token: M1210" in said.out
    what, where, allowed, following = said.err.splitlines()
    assert what == "M1811 Intune stays disabled: it did not pass its connection test"
    assert where.startswith(
        "  where: Graph token: M1210 Entra refused a token: HTTP 400 unauthorized_client; AADSTS7000112"
    )
    assert allowed == "  allowed: a server is enabled after every step of mdmctl test has passed"
    assert following == "  next: enable the application under Enterprise applications"
    assert off.file.read_bytes() == before
    assert off.file.stat().st_ino == stamp.st_ino


def test_there_is_no_way_around_the_test(off: Site) -> None:
    assert off.mdmctl("enable", "Intune", "--yes-untested").status == 2
    assert OFF in off.file.read_bytes()


def test_warnings_do_not_keep_a_server_off(off: Site) -> None:
    off.sim.change_application(CLIENT, key_name="CN=other")
    assert off.mdmctl("enable", "Intune").status == 0


def test_a_server_that_is_enabled_already(site: Site) -> None:
    before = site.file.stat()
    said = site.mdmctl("enable", "Intune")
    assert (said.status, said.out) == (0, "Intune is enabled already; mdmctl test Intune tests it\n")
    assert site.file.stat() == before
    assert not site.sim.journal()


def test_enable_one_of_two_with_windows_line_ends(two: Site) -> None:
    before = two.file.read_bytes()
    assert two.mdmctl("enable", "Second").status == 0
    assert before.count(OFF) == 1
    assert two.file.read_bytes() == before.replace(OFF, ON)


def test_disable_adds_the_line_that_is_not_there(two: Site) -> None:
    assert two.mdmctl("enable", "Second").status == 0
    before = two.file.read_bytes()
    said = two.mdmctl("disable", "Intune")
    assert (said.status, said.out) == (0, f"Intune is disabled: enabled = false in {two.file}\n")
    assert two.file.read_bytes() == before.replace(b'name = "Intune"\r\n', b'name = "Intune"\r\nenabled = false\r\n')
    assert two.mdmctl("disable", "Intune").out == "Intune is disabled already\n"
    assert two.mdmctl("enable", "Intune").status == 0
    assert two.file.read_bytes() == before.replace(b'name = "Intune"\r\n', b'name = "Intune"\r\nenabled = true\r\n')


def test_disable_asks_nobody(two: Site) -> None:
    two.mdmctl("enable", "Second")
    two.sim.clear_journal()
    two.sim.fault("refuse")
    assert two.mdmctl("disable", "Second").status == 0
    assert not two.sim.journal()


def test_the_last_enabled_server_stays(site: Site) -> None:
    before = site.file.read_bytes()
    said = site.mdmctl("disable", "Intune")
    assert said.status == 1
    what, where, _, following = said.err.splitlines()
    assert what == "M1812 mdm.toml was not changed: without Intune it would be faulty: no MDM server is enabled"
    assert where == f"  where: {site.file}"
    assert following == "  next: enable another server first: mdmctl enable SERVER"
    assert site.file.read_bytes() == before


def test_what_would_make_the_file_faulty_is_told_before_the_test(two: Site) -> None:
    """With two servers enabled each [[identity]] entry has to name one."""
    text = two.file.read_bytes().replace(b'server = "Intune"\r\n', b"")
    two.file.write_bytes(text)
    said = two.mdmctl("enable", "Second")
    assert said.status == 3
    assert "identity[1].server" in said.err
    assert two.file.read_bytes() == text
    assert not two.sim.journal()


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_a_server_nobody_has(command: str, site: Site) -> None:
    said = site.mdmctl(command, "Jamf")
    assert said.status == 5
    assert said.err.startswith("M1806 no MDM server is called 'Jamf'")


def test_mode_and_owner_stay(off: Site) -> None:
    off.file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(off.file, 65534, 65533)
    before = off.file.stat()
    assert off.mdmctl("enable", "Intune").status == 0
    after = off.file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_mtime_ns > before.st_mtime_ns  # mdmd and radiusd notice by it


def test_a_symbolic_link_stays_one(off: Site) -> None:
    real = off.file.rename(off.directory / "real.toml")
    off.file.symlink_to(real.name)
    assert off.mdmctl("enable", "Intune").status == 0
    assert off.file.is_symlink()
    assert ON in real.read_bytes()


def test_no_other_file_is_left(off: Site) -> None:
    before = {file.name for file in off.directory.iterdir()}
    off.mdmctl("enable", "Intune")
    assert {file.name for file in off.directory.iterdir()} == before


def test_a_file_that_somebody_has_changed_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "mdm.toml"
    file.write_text("theirs", encoding="utf-8")
    with pytest.raises(OperationError) as caught:
        switch.replace(file, "what we read", "what we want")
    assert str(caught.value).startswith("M1812 mdm.toml was not changed: somebody else has changed it meanwhile")
    assert file.read_text(encoding="utf-8") == "theirs"
    assert [place.name for place in tmp_path.iterdir()] == ["mdm.toml"]


def test_a_directory_that_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(OperationError) as caught:
        switch.replace(tmp_path / "gone" / "mdm.toml", "", "new")
    assert caught.value.code == "M1812"
    assert caught.value.next == "run this as root, or as the owner of the file and its directory"


def test_json(off: Site) -> None:
    document = off.mdmctl("enable", "Intune", "--json").json
    assert (document["server"], document["enabled"], document["changed"], document["passed"]) == (
        "Intune", True, True, True,
    )  # fmt: skip
    assert len(document["reports"][0]["steps"]) == 16
    assert off.mdmctl("enable", "Intune", "--json").json == {"server": "Intune", "enabled": True, "changed": False}


def test_json_of_disable(two: Site) -> None:
    assert two.mdmctl("disable", "Second", "--json").json == {"server": "Second", "enabled": False, "changed": False}
