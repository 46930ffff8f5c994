"""The lab's FreeRADIUS configuration: the packaged one with the README's patch and links, and nothing else."""

from __future__ import annotations

import dataclasses
import difflib
import re
import shutil
from pathlib import Path

import pytest

from freeradius_mdm.errors import MdmError
from freeradius_mdm.lab import mdm_toml, raddb
from freeradius_mdm.lab.raddb import OVERLAY, REPOSITORY, STOCK_RADDB, Raddb
from tests.radius.conftest import _stock


@pytest.fixture
def stock() -> Path:
    """The packaged configuration."""
    found = _stock() or STOCK_RADDB
    try:
        (found / "radiusd.conf").read_bytes()
    except OSError as error:
        pytest.skip(f"the packaged configuration can't be read: {error}; `make setup` makes a copy")
    return found


@pytest.fixture
def wanted(tmp_path: Path, stock: Path) -> Raddb:
    mdm_toml.write(tmp_path / "mdm" / "mdm.toml", {})
    return Raddb(
        directory=tmp_path / "raddb",
        stock=stock,
        log_directory=tmp_path / "log",
        mdm_toml=tmp_path / "mdm" / "mdm.toml",
        auth_port=21812,
        acct_port=21813,
        mdmd_address="127.0.0.1:28650",
        server_certificate=Path("/pki/radius.pem"),
        server_key=Path("/pki/radius.key"),
        ca_file=Path("/pki/ca.pem"),
    )


def changed_lines(stock: Path, made: Path, name: str) -> list[str]:
    """Lines that were added or removed, comments left out."""
    before, after = ((each / name).read_text().splitlines() for each in (stock, made))
    found = [line for line in difflib.ndiff(before, after) if line[:1] in "+-"]
    return [line[0] + line[1:].strip() for line in found if not line[1:].strip().startswith("#") and line[1:].strip()]


def test_the_links_lead_into_the_overlay(wanted: Raddb) -> None:
    raddb.build(wanted)
    for name in ("dictionary.mdm", "policy.d/mdm", "mods-enabled/mdm_policy", "sites-enabled/mdm-eap-tls"):
        assert (wanted.directory / name).resolve() == OVERLAY / name.replace("-enabled", "-available")
    own = wanted.directory / "mods-config/mdm"
    assert (own / "mdm.toml").resolve() == wanted.mdm_toml
    assert sorted(file.name for file in (own / "dacls").iterdir()) == [
        "PERMIT-INTRANET.acl",
        "QUARANTINE-IPV6.ipv6.acl",
        "QUARANTINE.acl",
    ]


def test_python_is_a_copy_without_the_lab(wanted: Raddb) -> None:
    raddb.build(wanted)
    package = wanted.directory / "mods-config/mdm/python/freeradius_mdm"
    assert (package / "hooks.py").read_bytes() == (REPOSITORY / "module/freeradius_mdm/hooks.py").read_bytes()
    assert not package.resolve().is_relative_to(REPOSITORY)
    assert not (package / "lab").exists()
    assert list(package.rglob("__pycache__")) == []


def test_the_wait_differs_in_its_address_only(wanted: Raddb) -> None:
    raddb.build(wanted)
    assert changed_lines(OVERLAY, wanted.directory, "mods-available/mdm_wait") == [
        '-mdmd = "http://127.0.0.1:8650"',
        '+mdmd = "http://127.0.0.1:28650"',
    ]


def test_what_the_patch_adds_to_the_stock_files(wanted: Raddb, stock: Path) -> None:
    raddb.build(wanted)
    assert changed_lines(stock, wanted.directory, "dictionary") == ["+$INCLUDE dictionary.mdm"]
    site = changed_lines(stock, wanted.directory, "sites-available/default")
    assert [line for line in site if "mdm" in line] == ["+mdm", "+mdm", "+mdm_reject", "+mdm"]
    tunnel = changed_lines(stock, wanted.directory, "sites-available/inner-tunnel")
    assert [line for line in tunnel if line[0] == "+"] == ["+mdm_inner_tunnel"]
    eap = changed_lines(stock, wanted.directory, "mods-available/eap")
    assert "+virtual_server = mdm-eap-tls" in eap
    assert "+private_key_file = /pki/radius.key" in eap
    threads = changed_lines(stock, wanted.directory, "radiusd.conf")
    assert {"+start_servers = 64", "+max_servers = 256", "+max_spare_servers = 64"} <= set(threads)


def test_without_the_module_nothing_of_it_is_there(wanted: Raddb) -> None:
    raddb.build(dataclasses.replace(wanted, with_module=False))
    text = {file: file.read_text(errors="replace") for file in wanted.directory.rglob("*") if file.is_file()}
    assert [str(file) for file, content in text.items() if "mdm_policy" in content or "mdm_decide" in content] == []
    assert list(wanted.directory.rglob("*mdm*")) == []
    radiusd_conf = text[wanted.directory / "radiusd.conf"]
    assert re.search(r"(?m)^\tstart_servers = 64$", radiusd_conf)  # as many threads as with it


def test_ports_are_its_own(wanted: Raddb) -> None:
    raddb.build(wanted)
    sites = [file.read_text() for file in (wanted.directory / "sites-enabled").iterdir()]
    ports = [
        port
        for text in sites
        for section in re.findall(r"(?m)^listen \{(?:.*\n)*?\}", text)
        for port in re.findall(r"(?m)^\tport = (\d+)", section)
    ]
    assert sorted(ports) == ["21812", "21812", "21813", "21813"]  # IPv4 and IPv6


def test_nothing_is_written_outside(wanted: Raddb) -> None:
    raddb.build(wanted)
    conf = (wanted.directory / "radiusd.conf").read_text()
    for name in ("localstatedir", "logdir", "run_dir"):
        assert re.search(rf"(?m)^{name} = {re.escape(str(wanted.log_directory))}$", conf)
    assert re.search(rf"(?m)^raddbdir = {re.escape(str(wanted.directory))}$", conf)
    assert not re.search(r"(?m)^\t(?:user|group) = ", conf)


def test_every_client_but_one_has_to_sign(wanted: Raddb) -> None:
    raddb.build(wanted)
    clients = (wanted.directory / "clients.conf").read_text().split("\nclient ")[1:]
    signing = {each.split()[0]: "require_message_authenticator = yes" in each for each in clients}
    assert signing == {"lab": True, "lab_headend": False, "lab_saml_headend": True, "lab_ipv6": True}


def test_resumption_is_off_unless_wanted(wanted: Raddb) -> None:
    for resumption in (False, True):
        raddb.build(dataclasses.replace(wanted, resumption=resumption))
        text = (wanted.directory / "mods-available/eap").read_text()
        cache = re.sub(r"(?m)^\s*#.*\n", "", text[re.search(r"(?m)^\t\tcache \{", text).start() :])  # type: ignore[union-attr]
        assert ("enable = yes" if resumption else "enable = no") in cache.partition("}")[0]
        assert len(re.findall(r"(?m)^\t+enable = yes", text)) == resumption + stock_yes(wanted.stock)


def stock_yes(stock: Path) -> int:
    """How often the packaged file says so, in other sections."""
    return len(re.findall(r"(?m)^\t+enable = yes", (stock / "mods-available/eap").read_text()))


def test_it_can_be_built_again(wanted: Raddb) -> None:
    raddb.build(wanted)
    (wanted.directory / "mods-enabled" / "stray").write_text("x")
    raddb.build(wanted)
    assert not (wanted.directory / "mods-enabled" / "stray").exists()


def test_files_that_are_not_there(wanted: Raddb, tmp_path: Path) -> None:
    with pytest.raises(MdmError, match=r"can't be copied: .*Run `make setup` first"):
        raddb.build(dataclasses.replace(wanted, stock=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sites-available/default", "stock.patch does not fit"),
        ("clients.conf", ""),  # replaced as a whole, so it may be as it likes
    ],
)
def test_files_that_are_not_as_packaged(name: str, message: str, wanted: Raddb, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    shutil.copytree(wanted.stock, strange, symlinks=True)
    (strange / name).write_text("# nothing left of it\n")
    other = dataclasses.replace(wanted, stock=strange)
    if not message:
        raddb.build(other)
        return
    with pytest.raises(MdmError, match=message):
        raddb.build(other)


def test_another_freeradius_is_refused(wanted: Raddb, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    shutil.copytree(wanted.stock, strange, symlinks=True)
    eap = strange / "mods-available/eap"
    eap.write_text(eap.read_text().replace("tls_max_version", "tls_max"))
    with pytest.raises(MdmError, match=r"eap holds nothing like .*is this FreeRADIUS 3\.2\.1 to 3\.2\.8 from Debian\?"):
        raddb.build(dataclasses.replace(wanted, stock=strange))


def test_more_network_devices(wanted: Raddb) -> None:
    """Each is a client with its vendor family, and FreeRADIUS listens where it sends to, once."""
    devices = (
        raddb.NetworkDevice("one", "198.18.0.2", "198.18.0.1", "strongswan"),
        raddb.NetworkDevice("two", "198.18.0.3", "198.18.0.1"),
    )
    raddb.build(dataclasses.replace(wanted, devices=devices))
    clients = (wanted.directory / "clients.conf").read_text().split("\nclient ")
    one, two = clients[-2:]
    assert "ipaddr = 198.18.0.2" in one
    assert "mdm_family = strongswan" in one
    assert two.startswith("two {")
    assert "mdm_family" not in two
    site = (wanted.directory / "sites-enabled/default").read_text()
    assert site.count("ipaddr = 198.18.0.1") == 2  # authentication and accounting
