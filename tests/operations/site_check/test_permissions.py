"""Who may read and write what, asked of the kernel. As root another user is asked for; as anybody else only oneself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.operations.site_check import permissions
from freeradius_mdm.operations.site_check.finding import State
from freeradius_mdm.operations.site_check.site import Site
from freeradius_mdm.store.write import StoreWriter
from tests.operations.site_check.sites import site

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can ask for another user")
# radiusd is `nobody` there, as sites.py has it.


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    """State as mdmd and radiusd share it: here everybody may use it, since the users have no group in common."""
    found = site(tmp_path)
    assert found.config is not None
    service = found.config.service
    StoreWriter(service.state_directory).close()
    (found.config.file.parent / "secret").write_text("s3cret")
    (found.config.file.parent / "secret").chmod(0o400)
    service.journal_directory.mkdir(exist_ok=True)
    service.dacl_key.write_bytes(bytes(32))
    for path in (service.state_directory, *service.state_directory.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    above = tmp_path
    closed = []
    while above != above.parent:  # pytest's own directories are closed to others
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o005:
            closed.append((above, above.stat().st_mode))
            above.chmod(0o755)
        above = above.parent
    yield found
    for path, mode in closed:
        path.chmod(mode)


def lines(made: Site) -> list[str]:
    return [f"{each.state} {each.check}: {each.text}" for each in permissions.check(made) if each.state is not State.OK]


@as_root
def test_everything_can_be_used_by_whom_it_is_for(made: Site) -> None:
    found = list(permissions.check(made))
    assert [each for each in found if each.state is not State.OK] == []
    assert found[0].text == "mdmd (user root); radiusd (user nobody)"


def _state(made: Site) -> Path:
    assert made.config is not None
    return made.config.service.state_directory


def _close(name: str, mode: int) -> Callable[[Site], Path]:
    def close(made: Site) -> Path:
        path = _state(made) / name
        path.chmod(mode)
        return path

    return close


def _close_toml(made: Site) -> Path:
    made.config_file.chmod(0o600)
    return made.config_file


def _close_acl(made: Site) -> Path:
    path = made.config_file.parent / "dacls" / "OPEN.acl"
    path.chmod(0o600)
    return path


@as_root
@pytest.mark.parametrize(
    ("close", "what"),
    [
        (_close("", 0o700), "permissions.state: radiusd (user nobody) can't read nor write nor enter it"),
        (_close("", 0o755), "permissions.state: radiusd (user nobody) can't write it"),
        (_close("journal", 0o755), "permissions.state: radiusd (user nobody) can't write it"),
        (_close("store.sqlite", 0o640), "permissions.state: radiusd (user nobody) can't read nor write it"),
        (_close("dacl.key", 0o600), "permissions.state: radiusd (user nobody) can't read it"),
        (_close_toml, "permissions.files: radiusd (user nobody) can't read it"),
        (_close_acl, "permissions.files: radiusd (user nobody) can't read it"),
    ],
)
def test_what_radiusd_can_not_use(made: Site, close: Callable[[Site], Path], what: str) -> None:
    path = close(made)
    errors = [each for each in permissions.check(made) if each.state is State.ERROR]
    assert f"{errors[0].check}: {errors[0].text}" == what
    assert errors[0].where == str(path).rstrip("/")
    assert len(errors) == 1 or "enter" not in what  # what is below is not told again
    assert errors[0].code == "M1824"


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o600 | 0o010])
def test_a_key_that_others_can_use(made: Site, mode: int) -> None:
    secret = made.config_file.parent / "secret"
    secret.chmod(mode)
    (found,) = [each for each in permissions.check(made) if each.check == "permissions.keys"]
    assert found.text == f"its mode is {mode:04o}: others than mdmd can read the key that signs in to Microsoft"
    assert found.advice.endswith(f"{secret} && chmod 0400 {secret}")


@as_root
def test_a_key_that_belongs_to_radiusd(made: Site) -> None:
    account = made.radiusd_account
    assert account is not None
    os.chown(made.config_file.parent / "secret", account.uid, account.gid)
    (found,) = [each for each in permissions.check(made) if each.state is State.ERROR]
    assert found.text == "it belongs to nobody: others than mdmd can read the key that signs in to Microsoft"


@as_root
def test_a_key_that_mdmd_can_not_read(made: Site) -> None:
    """mdmd is the owner of the store: here daemon, who may not read root's key."""
    state = _state(made)
    for path in (state, *state.rglob("*")):
        os.chown(path, 1, 1)
    (found,) = [each for each in permissions.check(made) if each.state is State.ERROR]
    assert found.text == "mdmd (user daemon) can't read it"
    assert found.advice.startswith("chown it to mdmd's user and chmod 0400")


def test_a_key_that_is_not_there(made: Site) -> None:
    (made.config_file.parent / "secret").unlink()
    found = [each for each in permissions.check(made) if each.check == "permissions.keys"]
    assert [each.text for each in found] == ["No such file or directory: mdmd can't sign in to Microsoft"]


def test_a_state_directory_that_is_not_there(tmp_path: Path) -> None:
    assert lines(site(tmp_path)) == [
        "error permissions.state: the state directory is missing: nothing is known of any device, and no decision is "
        "recorded"
    ]


def test_a_store_that_is_not_there(made: Site) -> None:
    assert made.config is not None
    made.config.service.store_file.unlink()
    assert "error permissions.state: the store is missing: mdmd has never run with this state directory" in lines(made)


def test_a_user_who_is_not_root(made: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says what it did not look at, instead of guessing by mode bits."""
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    found = lines(made)
    assert (
        "skipped permissions.files: what radiusd can read and write is not looked at: only root can ask for "
        "another user" in found
    )


def test_a_faulty_configuration(made: Site) -> None:
    assert lines(replace(made, config=None)) == [
        "skipped permissions.files: mdm.toml has errors, and says where everything is"
    ]
