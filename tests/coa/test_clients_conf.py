"""Clients found by address, and what is said when there is none; the grammar is the other files' matter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freeradius_mdm.coa import clients_conf
from freeradius_mdm.coa.clients import Client, ClientError, Clients
from freeradius_mdm.coa.clients_conf import Sources
from freeradius_mdm.coa.clients_watch import ClientsWatch
from freeradius_mdm.errors import ConfigError

SECRETS = """
[[clients]]
address = "192.0.2.10"
secret = "from the extra file"
name = "a 9800 with a key of its own"
family = "cisco-ios-xe"
coa_port = 1700

[[clients]]
address = "198.51.100.0/24"
secret = "sql"
"""


def client(name: str, address: str, secret: str, more: str = "") -> str:
    return f"client {name} {{\n  ipaddr = {address}\n  secret = {secret}\n{more}}}\n"


def read(tmp_path: Path, text: str, version: tuple[int, ...] = (), extra: str | None = None) -> Clients:
    root = tmp_path / "clients.conf"
    root.write_text(text)
    file = None
    if extra is not None:
        file = tmp_path / "secrets.toml"
        file.write_text(extra)
        file.chmod(0o640)
    return clients_conf.read(Sources(root, file, version), {}, _no_dns)[0]


def _no_dns(host: str) -> str:
    if host == "switch.example":
        return "192.0.2.99"
    raise OSError("unknown host")


def secret(found: Client) -> bytes:
    return found.secret.octets


def test_the_longest_prefix_wins(tmp_path: Path) -> None:
    texts = [client("all", "*", "all"), client("ten", "10/8", "ten"), client("net", "10.1.2.0/24", "net")]
    texts += [client("host", "10.1.2.3", "host"), client("six", "2001:db8::/32", "six")]
    clients = read(tmp_path, "".join(texts))
    read_ = {ip: secret(clients.find(ip)) for ip in ("192.0.2.1", "10.9.9.9", "10.1.2.4", "10.1.2.3", "2001:db8::7")}
    assert read_ == {
        "192.0.2.1": b"all",
        "10.9.9.9": b"ten",
        "10.1.2.4": b"net",
        "10.1.2.3": b"host",
        "2001:db8::7": b"six",
    }
    assert secret(clients.find("::ffff:10.1.2.3")) == b"host"
    with pytest.raises(ClientError, match="2001:db9::1 is no client of FreeRADIUS's files; for a client from SQL"):
        clients.find("2001:db9::1")
    with pytest.raises(ClientError, match="'switch' is no IP address"):
        clients.find("switch")


def test_the_secrets_file(tmp_path: Path) -> None:
    text = client("net", "192.0.2.0/24", "net") + client("host", "192.0.2.10", "host")
    text += client("h", "198.51.100.7", "h")
    clients = read(tmp_path, text, extra=SECRETS)
    one = clients.find("192.0.2.10")
    assert (secret(one), one.family, one.coa_port) == (b"from the extra file", "cisco-ios-xe", 1700)
    assert one.where == f"{tmp_path / 'secrets.toml'}:2"
    assert secret(clients.find("192.0.2.11")) == b"net"
    assert secret(clients.find("198.51.100.8")) == b"sql"
    # FreeRADIUS knows more exactly
    assert secret(clients.find("198.51.100.7")) == b"h"


def test_a_secret_of_its_own_for_coa(tmp_path: Path) -> None:
    more = "  mdm_coa_secret = 'for coa'\n  mdm_coa_port = 3799\n"
    clients = read(tmp_path, client("x", "192.0.2.1", "radius", more))
    assert (secret(clients.find("192.0.2.1")), clients.find("192.0.2.1").coa_port) == (b"for coa", 3799)


def test_an_address_of_its_own_for_coa(tmp_path: Path) -> None:
    text = client("x", "192.0.2.1", "one", "  mdm_coa_address = 2001:DB8::0:1\n") + client("y", "192.0.2.2", "two")
    clients = read(tmp_path, text, extra=SECRETS + 'coa_address = "192.0.2.9"\n')
    assert [clients.find(f"192.0.2.{n}").coa_address for n in (1, 2)] == ["2001:db8::1", ""]
    assert [each.coa_address for each in clients.all][-1] == "192.0.2.9"
    with pytest.raises(ConfigError, match="mdm_coa_address: 'switch' is no address"):
        read(tmp_path, client("x", "192.0.2.1", "one", "  mdm_coa_address = switch\n"))


def test_one_address_in_several_lists(tmp_path: Path) -> None:
    text = (
        client("g", "192.0.2.1", "global")
        + "server vpn {\n"
        + client("v", "192.0.2.1", "'of vpn'")
        + "  authorize {\n    if (&User-Name =~ /^client [{]/) {\n      ok\n    }\n  }\n}\n"
        + "server wifi {\n  listen {\n    type = auth\n    clients = wifi\n  }\n}\n"
        + "clients wifi {\n"
        + client("w", "192.0.2.2", "'of wifi'")
        + "}\n"
    )
    clients = read(tmp_path, text)
    assert secret(clients.find("192.0.2.1", "vpn")) == b"of vpn"
    assert secret(clients.find("192.0.2.1", "default")) == b"global"
    assert secret(clients.find("192.0.2.2", "wifi")) == b"of wifi"
    assert secret(clients.find("192.0.2.2")) == b"of wifi"
    with pytest.raises(ClientError, match="is no client"):
        clients.find("192.0.2.1", "wifi")
    with pytest.raises(ClientError, match=r"different secrets at .*clients\.conf:1 and .*clients\.conf:6, one"):
        clients.find("192.0.2.1")


def test_a_backslash_whose_meaning_is_not_known(tmp_path: Path) -> None:
    text = client("x", "192.0.2.1", '"a\\tb"') + client("y", "192.0.2.2", '"a \\" b"')
    text += client("z", "192.0.2.3", "'a\\tb'")
    clients = read(tmp_path, text)
    with pytest.raises(ClientError, match=r"clients\.conf:3 has a backslash .* write it in single quotes"):
        clients.find("192.0.2.1")
    assert secret(clients.find("192.0.2.2")) == b'a " b'
    assert secret(clients.find("192.0.2.3")) == b"a\\tb"


def test_a_reference_that_only_radiusd_conf_could_fill(tmp_path: Path) -> None:
    clients = read(tmp_path, client("x", "192.0.2.1", "${elsewhere}") + client("y", "192.0.2.2", "fine"))
    with pytest.raises(ClientError, match=r"secret can't be read: \$\{elsewhere\} is not found"):
        clients.find("192.0.2.1")
    assert secret(clients.find("192.0.2.2")) == b"fine"


def test_hosts_are_looked_up(tmp_path: Path) -> None:
    clients = read(tmp_path, client("x", "switch.example", "found") + client("y", "gone.example", "lost"))
    assert secret(clients.find("192.0.2.99")) == b"found"
    assert [warning.partition(": ")[2] for warning in clients.warnings] == [
        "client 'y': gone.example has no address: unknown host"
    ]


def test_dynamic_clients_of_a_directory(tmp_path: Path) -> None:
    directory = tmp_path / "dynamic"
    directory.mkdir()
    (directory / "192.0.2.5").write_text(client("d", "192.0.2.5", "dynamic"))
    text = f"client net {{\n ipaddr = 192.0.2.0/24\n dynamic_clients = dyn\n directory = {directory}\n}}\n"
    clients = read(tmp_path, text)
    assert secret(clients.find("192.0.2.5")) == b"dynamic"
    # testing123, which FreeRADIUS puts there until the real one is known, is nobody's secret
    with pytest.raises(ClientError):
        clients.find("192.0.2.6")


def test_every_problem_is_told(tmp_path: Path) -> None:
    text = client("x", "192.0.2.1", "'s1'", "  mdm_coa_port = 99999\n") + client("y", "nonsense!", "'s2'")
    text += client("z", "192.0.2.1", "'s3'")
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, extra='[[clients]]\naddress = "192.0.2.1/24"\nsecert = "x"')
    found = [(problem.where.rpartition("/")[2], problem.key) for problem in caught.value.problems]
    wheres = [f"{where}: {key}" if key else where for where, key in found]
    assert wheres == [
        "clients.conf:1: mdm_coa_port",
        "clients.conf:6",
        "clients.conf:10",
        "secrets.toml:1: clients[1].secret",
        "secrets.toml:3: clients[1].secert",
        "secrets.toml:2: clients[1].address",
    ]
    assert not any(text in str(caught.value) for text in ("s1", "s2", "s3"))


def test_the_text_of_each_problem(tmp_path: Path) -> None:
    text = client("x", "192.0.2.1", "'s1'", "  mdm_coa_port = 99999\n") + client("y", "nonsense!", "'s2'")
    text += client("z", "192.0.2.1", "'s3'") + "client w {\n  ipaddr = 192.0.2.9\n}\n"
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, extra='[[clients]]\naddress = "192.0.2.1/24"\nsecret = "x"')
    freeradius = (
        "  next: mend that line; `freeradius -XC` (elsewhere `radiusd -XC`) shows how FreeRADIUS itself reads it"
    )
    assert "\n".join(caught.value.lines()).replace(f"{tmp_path}/", "").split("\n") == [
        "5 errors in the configuration",
        "clients.conf:1: M1854 mdm_coa_port: '99999' is no port",
        "  allowed: a number from 1 to 65535",
        "  next: mend mdm_coa_port in the client section that begins there",
        "clients.conf:6: M1868 client 'y': 'nonsense!' is no address",
        "  allowed: ADDRESS, ADDRESS/LENGTH or a host",
        freeradius,
        "clients.conf:14: M1868 client 'w' has no secret",
        "  allowed: secret = TEXT",
        freeradius,
        "clients.conf:10: M1859 192.0.2.1/32 has another secret at clients.conf:1",
        "  allowed: one client for an address",
        "  next: rename or remove one of the two",
        "secrets.toml:2: M1854 clients[1].address: 192.0.2.1/24 has host bits set",
        '  allowed: an address or a prefix, for example "192.0.2.10" or "2001:db8::/32"',
        "  next: compare it with what is allowed: blanks, dots and slashes count",
    ]


@pytest.mark.parametrize("mode", [0o644, 0o642, 0o641])
def test_a_secrets_file_that_others_may_use(mode: int, tmp_path: Path) -> None:
    (tmp_path / "clients.conf").write_text("")
    file = tmp_path / "secrets.toml"
    file.write_text(SECRETS)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=rf"its mode is 0{mode:o}[^$]*chmod o="):
        clients_conf.read(Sources(tmp_path / "clients.conf", file))


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    clients = read(tmp_path, client("x", "192.0.2.1", "hush-hush"))
    found = clients.find("192.0.2.1")
    assert "hush" not in f"{found!r} {found} {found.secret} {found.secret!r} {clients.all}"


def test_files_that_include_each_other(tmp_path: Path) -> None:
    (tmp_path / "clients.conf").write_text("$INCLUDE clients.conf\n")
    with pytest.raises(ConfigError, match="files include each other"):
        clients_conf.read(Sources(tmp_path / "clients.conf"))


@pytest.mark.skipif(not Path("/etc/freeradius/3.0/radiusd.conf").exists(), reason="FreeRADIUS is not installed")
def test_the_stock_configuration_with_every_site(tmp_path: Path) -> None:
    stock = Path("/etc/freeradius/3.0")
    (tmp_path / "sites-enabled").mkdir()
    for name in ("radiusd.conf", "clients.conf", "proxy.conf", "templates.conf", "trigger.conf"):
        (tmp_path / name).write_bytes((stock / name).read_bytes())
    sites = [site for site in (stock / "sites-available").iterdir() if site.name != "README"]
    for site in sites:
        (tmp_path / "sites-enabled" / site.name).write_bytes(site.read_bytes())
    clients, files = clients_conf.read(Sources(tmp_path / "radiusd.conf"))
    # clients.conf of 3.2.1
    assert secret(clients.find("127.0.0.1", "default")) == b"testing123"
    assert secret(clients.find("::1", "default")) == b"testing123"
    assert {tmp_path / "sites-enabled" / site.name for site in sites} < set(files)


def test_changes_are_followed(tmp_path: Path) -> None:
    root, more = tmp_path / "clients.conf", tmp_path / "clients.d"
    more.mkdir()
    root.write_text("$INCLUDE clients.d/\n" + client("x", "192.0.2.1", "one"))
    told: list[ConfigError | None] = []
    watch = ClientsWatch(Sources(root), 0.0, told.append, os.environ)

    def now(at: float) -> bytes:
        return secret(watch.current(at).find("192.0.2.1"))

    root.write_text("$INCLUDE clients.d/\n" + client("x", "192.0.2.1", "two!"))
    assert now(0.5) == b"one"  # looked at a moment ago
    assert now(1.5) == b"two!"
    assert told == [None]
    # a new file in a directory, and it is faulty: what was read stays
    (more / "new.conf").write_text("client y {\n")
    assert now(3) == b"two!"
    assert isinstance(told[1], ConfigError)
    assert now(5) == b"two!"
    assert len(told) == 2
    # that file was never read whole, so it is tried again after a while
    (more / "new.conf").write_text(client("y", "192.0.2.2", "new"))
    assert now(70) == b"two!"
    assert told[2:] == [None]
    assert secret(watch.current(70).find("192.0.2.2")) == b"new"
    (more / "new.conf").unlink()
    watch.current(80)
    with pytest.raises(ClientError):
        watch.current(80).find("192.0.2.2")


def test_whose_requests_they_are(tmp_path: Path) -> None:
    """FreeRADIUS's short name, and the client whatever its secret is."""
    text = client("core", "10.0.0.0/8", "a", "  shortname = core-switch\n  mdm_family = hostapd\n")
    text += client("edge", "10.1.0.0/16", '"a \\ backslash"')
    clients = read(tmp_path, text)
    found = [clients.of_requests(address) for address in ("10.9.9.9", "10.1.2.3", "::ffff:10.9.9.9")]
    assert [(each.shortname, each.name, each.family) for each in found] == [
        ("core-switch", "core", "hostapd"),
        ("edge", "edge", ""),
        ("core-switch", "core", "hostapd"),
    ]
    for address, said in (("192.0.2.1", "is no client of FreeRADIUS's files"), ("switch", "'switch' is no IP address")):
        with pytest.raises(ClientError, match=said):
            clients.of_requests(address)
