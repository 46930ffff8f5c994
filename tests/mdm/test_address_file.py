import stat
from pathlib import Path

import pytest

from freeradius_mdm.mdm.address_file import AddressFile, SavedAddress

SAVED = SavedAddress("login/tenant/graph", "https://a.manage.microsoft.com/x", 1_800_000_000.5)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = AddressFile(tmp_path, "intune")
    file.write(SAVED)
    assert file.read(SAVED.owner) == SAVED
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file.path]


def test_another_tenant_does_not_get_it(tmp_path: Path) -> None:
    AddressFile(tmp_path, "intune").write(SAVED)
    assert AddressFile(tmp_path, "intune").read("login/other/graph") is None


def test_servers_have_files_of_their_own(tmp_path: Path) -> None:
    AddressFile(tmp_path, "a").write(SAVED)
    assert AddressFile(tmp_path, "b").read(SAVED.owner) is None


def test_a_name_can_not_leave_the_directory(tmp_path: Path) -> None:
    assert AddressFile(tmp_path, "../../etc/x").path.parent == tmp_path


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"owner": "login/tenant/graph"}', '{"uri": 1}', "\xff" * 9]
)
def test_a_damaged_file_means_nothing_known(tmp_path: Path, content: str) -> None:
    file = AddressFile(tmp_path, "intune")
    file.path.write_text(content, encoding="latin-1")
    assert file.read(SAVED.owner) is None


def test_a_directory_that_can_not_be_written_does_no_harm(tmp_path: Path) -> None:
    file = AddressFile(tmp_path / "missing", "intune")
    file.write(SAVED)
    assert file.read(SAVED.owner) is None


def test_a_replacement_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = AddressFile(tmp_path, "intune")
    file.path.mkdir()
    file.write(SAVED)
    assert list(tmp_path.iterdir()) == [file.path]
