"""As whom mdmd runs, and what is told of a key that is somebody else's. systemctl is a script here.

`systemctl show` prints NAME=VALUE lines, also for a unit that there is none of (systemctl(1)).
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from freeradius_mdm.operations.certificate.files import Owner
from freeradius_mdm.operations.certificate.new import Wanted
from freeradius_mdm.operations.certificate.service_user import service_user, warnings_about

from .bench import QUICK, Site

NOBODY = pwd.getpwnam("nobody")
ME = pwd.getpwuid(os.geteuid()).pw_name
NOT_THERE = "mdm-not-there"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with what systemctl says; without it there is no systemctl."""
    directory = tmp_path / "bin"
    directory.mkdir()
    said = directory / "said"
    program = directory / "systemctl"
    program.write_text(
        f'#!/bin/sh\n[ "$*" = "show --property=LoadState --property=User mdmd.service" ] && cat {said}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return said


def test_the_units_user(systemd: Path, tmp_path: Path) -> None:
    systemd.write_text("LoadState=loaded\nUser=nobody\n")
    found = service_user(tmp_path)
    assert (found.name, found.owner) == ("nobody", Owner(NOBODY.pw_uid, NOBODY.pw_gid))
    systemd.write_text(f"LoadState=loaded\nUser={NOT_THERE}\n")
    assert (service_user(tmp_path).name, service_user(tmp_path).owner) == (NOT_THERE, None)
    systemd.write_text("User=\nLoadState=loaded\n")
    assert service_user(tmp_path).owner == Owner(0, 0)


def test_without_a_unit_it_is_whose_the_state_directory_is(systemd: Path, tmp_path: Path) -> None:
    systemd.write_text("LoadState=not-found\nUser=\n")
    assert service_user(tmp_path).owner == Owner(os.geteuid(), tmp_path.stat().st_gid)
    systemd.unlink()
    assert service_user(tmp_path).name == ME
    assert service_user(tmp_path / "gone").name == "mdmd"


def test_what_is_told() -> None:
    key, mine = Path("/etc/mdm/application.key"), Owner(NOBODY.pw_uid, NOBODY.pw_gid)
    user = service_user(None)
    assert warnings_about(key, mine, type(user)("nobody", mine)) == ()
    assert warnings_about(key, mine, type(user)("root", Owner(0, 0))) == (
        "/etc/mdm/application.key belongs to nobody, and mdmd runs as root: chown root /etc/mdm/application.key",
    )
    # The command is that of freeradius/systemd/mdmd.service.
    assert warnings_about(key, mine, type(user)("mdmd", None)) == (
        "there is no user mdmd, as which mdmd runs, so that /etc/mdm/application.key belongs to nobody:"
        " adduser --system --no-create-home --ingroup freerad mdmd, then chown mdmd /etc/mdm/application.key",
    )


def test_a_new_key_without_that_user(systemd: Path, site: Site) -> None:
    systemd.write_text(f"LoadState=loaded\nUser={NOT_THERE}\n")
    made = site.new()
    assert made.owner == ME
    (warning,) = made.warnings
    assert warning.startswith(f"there is no user {NOT_THERE}, as which mdmd runs, so that {made.key_file} belongs to")


@as_root
def test_a_new_key_is_given_to_that_user(systemd: Path, site: Site) -> None:
    systemd.write_text("LoadState=loaded\nUser=nobody\n")
    made = site.new(Wanted(bits=2048))
    assert (made.owner, made.warnings) == ("nobody", ())
    assert made.key_file.stat().st_uid == NOBODY.pw_uid


@as_root
def test_the_next_key_of_a_key_that_is_somebody_elses(systemd: Path, site: Site) -> None:
    systemd.write_text("LoadState=loaded\nUser=nobody\n")
    site.new()
    for file in site.files.both:
        os.chown(file, 0, 0)
    made = site.new(QUICK)
    assert made.warnings == (f"{made.key_file} belongs to root, and mdmd runs as nobody: chown nobody {made.key_file}",)
