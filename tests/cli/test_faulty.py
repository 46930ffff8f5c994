"""Commands while mdm.toml has errors, and mdmd goes on with what it had: what only needs the store is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.cli.command import Exit
from freeradius_mdm.cli.main import main
from freeradius_mdm.lab.radius.nas_session import EffectKind
from tests.operations.office import office
from tests.operations.views.samples import NOW, Site, accepted, make_site, session
from tests.service.fakes import until_now

from .running import run

GOES_ON = "mdmd goes on with the configuration it had"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    made.put(accepted(0x4F1C02, NOW - 30), sessions=(session(0x4F1C02),))
    return made


def spoil(file: Path) -> int:
    """A profile that there is not; the line of it."""
    lines = file.read_text().splitlines()
    number = next(n for n, line in enumerate(lines) if line == 'profile = "Employee"')
    lines[number] = 'profile = "Employees"'
    file.write_text("\n".join(lines) + "\n")
    return number + 1


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        (("sessions",), "host/laptop"),
        (("sessions", "--rule", "Former", "--state", "all"), ""),
        (("sessions", "--by", "profile"), "Employee"),
        (("decisions", "--profile", "Employee"), "host/laptop"),
        (("devices", "--server", "Intune"), "host/laptop"),
        (("live", "--once"), "host/laptop"),
        (("show", "004f1c02"), "004f1c02"),
        (("exempt", "list"), ""),
    ],
)
def test_what_needs_the_store_alone_warns_and_goes_on(site: Site, command: tuple[str, ...], shows: str) -> None:
    line = spoil(site.file)
    ran = run(site, *command, width=None)
    assert ran.status == Exit.DONE
    assert shows in ran.out
    first, second, third, *more = ran.err.splitlines()
    assert first.startswith(f"M1802 {site.file}:{line}: ")
    assert "Employees" in first
    assert (second, third) == (
        f"  {GOES_ON}; this is what {site.store} says",
        "  next: mdmctl check or mdmd --check shows all errors",
    )
    assert len(more) == (not shows)  # that nothing matches
    # The warning comes of the error alone.
    site.file.write_text(site.file.read_text().replace('profile = "Employees"', 'profile = "Employee"'))
    if "Former" not in command:  # which is no name then, and refused
        assert run(site, *command, width=None).err == "\n".join(more)


def test_a_file_that_is_no_toml(site: Site) -> None:
    site.file.write_text(site.file.read_text() + "[[rules\n")
    ran = run(site, "sessions")
    assert (ran.status, "host/laptop" in ran.out) == (Exit.DONE, True)
    assert "is no TOML" in ran.err


@pytest.mark.parametrize(
    "command", [("rules",), ("servers",), ("explain", "00-50-56-A1-B2-C3"), ("devices", "--state", "due")]
)
def test_what_needs_the_policy_says_so(
    site: Site, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    line = spoil(site.file)
    assert main(["--config", str(site.file), *command]) == Exit.CONFIGURATION
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{site.file}:{line}: " in told.err
    assert "\n  next: " in told.err
    assert told.err.endswith(
        f"mdmctl can't do this without the whole of mdm.toml; {GOES_ON}, and\n"
        "mdmctl sessions, devices, decisions, live and show tell what it does: they need the store only\n"
    )


def test_where_the_store_is_has_to_be_known(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    text = site.file.read_text()
    assert text.count('state_directory = "state"') == 1
    site.file.write_text(text.replace('state_directory = "state"', "state_directory = 7"))
    assert main(["--config", str(site.file), "sessions"]) == Exit.CONFIGURATION
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith(f"mdmctl finds neither store nor mdmd without that; {GOES_ON}\n")


def test_an_order_can_be_given_meanwhile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with office(tmp_path) as o:
        at_switch = o.starts()
        spoil(o.config)
        until_now(lambda: o.events("config_refused"))
        assert main(["--config", str(o.config), "coa", o.mac(), "--action", "disconnect"]) == Exit.DONE
        assert o.nas.effects_on(at_switch) == [EffectKind.DISCONNECTED]
        assert GOES_ON in capsys.readouterr().err
