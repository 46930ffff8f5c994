"""What [coa] means: actions, faults, FreeRADIUS's version, and clients that can't be read for a while."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from freeradius_mdm.coa.clients import ClientError
from freeradius_mdm.coa.family import FAMILIES, Action
from freeradius_mdm.config.coa import clients_beside
from freeradius_mdm.config.model import CoaAction, CoaMode, CoaSettings
from freeradius_mdm.errors import ConfigError
from freeradius_mdm.service import coa_settings
from freeradius_mdm.service.coa_settings import ClientBook
from freeradius_mdm.service.events import EventLog
from tests.builders import config

CLIENT = 'client switch {{\n ipaddr = 192.0.2.10\n secret = "{}"\n}}\n'
END = '[profiles.Employee]\nvlan = 20\ndacl = "OPEN"\n'


def read(directory: Path, text: str) -> CoaSettings:
    return config(directory, (END, f"{END}\n[coa]\n{text}\n")).coa


def test_defaults(tmp_path: Path) -> None:
    settings = config(tmp_path).coa
    assert (settings.mode, settings.grace, settings.timeout) == (CoaMode.ON, 0.0, 30.0)
    assert settings.clients == tmp_path.parents[1] / "clients.conf"


def test_clients_beside_goes_by_names_as_mods_config_can_be_a_link() -> None:
    file = Path("/etc/freeradius/3.0/mods-config/mdm/mdm.toml")
    assert clients_beside(file) == Path("/etc/freeradius/3.0/clients.conf")


def test_settings(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        'mode = "dry-run"\ngrace = "10m"\nclients = "c.conf"\nsecrets_file = "/etc/s.toml"\nrate = 0.5\nin_flight = 2\n'
        'timeout = "10s"\nfreeradius_version = "3.2.7"\n'
        'actions = { cisco-ios-xe = ["bounce", "reauthenticate"], cisco-asa = "disconnect" }',
    )
    assert (settings.mode, settings.grace, settings.timeout) == (CoaMode.DRY_RUN, 600.0, 10.0)
    assert (settings.clients, settings.secrets_file) == (tmp_path / "c.conf", Path("/etc/s.toml"))
    assert settings.freeradius_version == (3, 2, 7)
    assert coa_settings.actions(settings, "cisco-ios-xe") == (Action.BOUNCE, Action.REAUTHENTICATE)
    assert coa_settings.actions(settings, "cisco-asa") == (Action.DISCONNECT,)
    assert coa_settings.actions(settings, "hostapd") == (Action.DISCONNECT,)
    assert coa_settings.faults(settings) == []
    assert (coa_settings.pace(settings).per_second, coa_settings.pace(settings).in_flight) == (0.5, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('mode = "dry"', "coa.mode: 'dry' is not known; allowed: on or dry-run or off; next: did you mean dry-run?"),
        ('grace = "8d"', "coa.grace: 8d is out of range"),
        ("rate = 0", "coa.rate: 0 is out of range"),
        ('freeradius_version = "3.2"', "coa.freeradius_version: '3.2' does not fit"),
        ('actions = { cisco = "push" }', "coa.actions.cisco: is no vendor family"),
        ('actions = { hostapd = "kick" }', "coa.actions.hostapd: 'kick' is no action"),
        ("actions = { hostapd = [] }", "coa.actions.hostapd: names no action"),
        ('clientz = "x"', "coa.clientz: is not a setting"),
    ],
)
def test_what_does_not_fit_is_told(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_actions_are_the_same_everywhere() -> None:
    assert {each.value for each in CoaAction} == {each.value for each in Action}


def test_what_a_family_can_not_do_is_told() -> None:
    settings = CoaSettings(actions={"hostapd": (CoaAction.PUSH, CoaAction.DISCONNECT)})
    assert coa_settings.faults(settings) == [
        "coa.actions.hostapd: it can't be asked for push, but for disconnect",
    ]
    assert coa_settings.faults(CoaSettings()) == []
    assert all(coa_settings.actions(CoaSettings(), name) == family.on_change for name, family in FAMILIES.items())


def test_the_version_is_freeradius_own(tmp_path: Path) -> None:
    program = tmp_path / "freeradius"
    program.write_text("#!/bin/sh\necho 'radiusd: FreeRADIUS Version 3.2.7, for host x86_64-pc-linux-gnu'\n")
    program.chmod(0o755)
    assert coa_settings.freeradius_version((str(tmp_path / "absent"), str(program))) == (3, 2, 7)
    assert coa_settings.freeradius_version((str(tmp_path / "absent"),)) == ()


def test_clients_that_come_later(tmp_path: Path) -> None:
    now = [0.0]
    log = io.StringIO()
    book = ClientBook(EventLog(log, lambda: 0.0), lambda: now[0], lambda: (3, 2, 1))
    settings = CoaSettings(clients=tmp_path / "clients.conf")
    book.check(settings)
    assert "clients.conf" in book.error
    with pytest.raises(ClientError, match=r"clients\.conf"):
        book.find(settings, "192.0.2.10")
    (tmp_path / "clients.conf").write_text(CLIENT.format("one"))
    now[0] = 6.0
    assert book.find(settings, "192.0.2.10").secret.octets == b"one"
    assert book.error == ""
    (tmp_path / "clients.conf").write_text(CLIENT.format("another"))
    now[0] = 8.0
    assert book.find(settings, "192.0.2.10").secret.octets == b"another"
    (tmp_path / "clients.conf").write_text("client switch {")
    now[0] = 10.0
    assert book.find(settings, "192.0.2.10").secret.octets == b"another"
    assert book.error
    assert "another" not in log.getvalue()
    assert log.getvalue().count("event=coa_clients_unread") == 2
