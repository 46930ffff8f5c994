"""Names, connections, TLS, proxy and clock of the three hosts: which step fails, and what to do."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.pki import LabPki

from .bench import CRS_HOST, GRAPH_HOST, LOGIN_HOST, Site
from .names import resolve_to

STEP = {LOGIN_HOST: "TLS to the login host", GRAPH_HOST: "DNS and TLS of Graph", CRS_HOST: "DNS and TLS of CRS"}
DNS_STEP = {**STEP, LOGIN_HOST: "DNS of the login host"}
ROOT = "CN=Lab CA,O=freeradius-mdm lab"
OTHER_ROOT = "CN=Some other CA,O=freeradius-mdm lab"


@pytest.fixture
def names(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site without connect_to, that finds Microsoft's hosts by their names."""
    resolve_to(site.sim, monkeypatch)
    site.write(connect_to=None)
    return site


def test_by_name_everything_is_there(names: Site) -> None:
    said = names.test()
    assert said.status == 0
    assert said.mark("Configuration") == "ok"
    assert any(rest.startswith(f"DNS of the login host     {LOGIN_HOST} has 127.0.0.1") for _, rest in said.steps)
    assert f"{CRS_HOST} has 127.0.0.1" in said.below("DNS and TLS of CRS")


@pytest.mark.parametrize("host", STEP)
def test_a_name_that_is_gone(host: str, names: Site) -> None:
    names.sim.fault("dns-gone", host=host)
    said = names.test()
    step = DNS_STEP[host]
    assert said.failed == step
    assert said.below(step)[0] == (f"M1204 the name can't be resolved: {host}: Name or service not known (gaierror)")
    assert said.advice.startswith("mend DNS on this machine")


def test_connect_to_a_name_that_is_gone(site: Site) -> None:
    site.write(connect_to="no-such-host.invalid:443")
    said = site.test()
    assert said.failed == "DNS of the login host"
    assert "M1204 the name can't be resolved: no-such-host.invalid: " in said.below("DNS of the login host")[0]


@pytest.mark.parametrize("host", STEP)
def test_a_connection_that_is_broken_off(host: str, site: Site) -> None:
    site.sim.fault("refuse", host=host)
    said = site.test()
    assert said.failed == STEP[host]
    assert said.below(STEP[host])[0].startswith(f"M1205 the connection was refused or broken off: {host}: ")
    assert said.advice.startswith("check firewall and proxy")


def test_a_port_where_nobody_listens(site: Site) -> None:
    site.sim.fault("refuse")
    said = site.test()
    assert said.failed == "TLS to the login host"
    assert "Connection refused" in said.below("TLS to the login host")[0]


@pytest.mark.parametrize("host", STEP)
@pytest.mark.parametrize(
    ("fault", "seen", "shown", "root", "remedy"),
    [
        (
            "tls-expired",
            "certificate has expired",
            "issued by CN=Lab CA",
            ROOT,
            "compare the dates with this machine's",
        ),
        (
            "tls-wrong-name",
            "Hostname mismatch",
            "CN=some-other-host.example issued by CN=Lab CA",
            ROOT,
            "something else answers for HOST: check DNS, proxy and connect_to",
        ),
        (
            "tls-unknown-ca",
            "unable to get local issuer certificate",
            "issued by CN=Some other CA",
            OTHER_ROOT,
            "put the root into a PEM file and name it in ca_file",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted(
    host: str, fault: str, seen: str, shown: str, root: str, remedy: str, site: Site
) -> None:
    site.sim.fault(fault, host=host)
    said = site.test()
    assert said.failed == STEP[host]
    first, certificate, wanted, _ = said.below(STEP[host])
    assert first.startswith(f"M1203 the TLS connection failed: {host}: ")
    assert seen in first
    assert "presented" not in first
    assert shown in certificate
    assert ", SHA-256 " in certificate
    assert ", valid until 20" in certificate
    assert wanted.startswith(f"the root it wants: {root}; trusted are the roots in /etc/ssl/")
    assert wanted.endswith(str(site.sim.ca_file))
    assert remedy.replace("HOST", host) in said.advice


def test_the_chain_is_shown_when_it_is_trusted_too(site: Site) -> None:
    said = site.test()
    line = next(line for line in said.below("TLS to the login host") if " issued by " in line)
    assert f"issued by {ROOT}, SHA-256 " in line


def test_without_the_labs_root_nothing_is_trusted(site: Site) -> None:
    site.write(ca_file=None)
    said = site.test()
    assert said.failed == "TLS to the login host"
    assert f"the root it wants: {ROOT}" in said.out


def test_an_old_version_of_tls(site: Site) -> None:
    site.sim.fault("tls-1.1", host=LOGIN_HOST)
    said = site.test()
    assert said.failed == "TLS to the login host"
    assert said.below("TLS to the login host")[0].startswith("M1203 ")


def test_through_a_proxy(site: Site) -> None:
    site.write(connect_to=None, proxy=site.sim.proxy_url)
    said = site.test()
    assert said.status == 0
    assert any("looks it up; the proxy has 127.0.0.1" in rest for _, rest in said.steps)
    assert any(" issued by " in line for line in said.below("TLS to the login host"))


def test_the_password_of_a_proxy_is_not_shown(site: Site) -> None:
    site.write(connect_to=None, proxy=site.sim.proxy_url.replace("//", "//me:hunter2@"))
    said = site.test()
    assert said.status == 0
    assert "hunter2" not in said.out + said.err
    assert f"proxy {site.sim.proxy_url}" in said.out


def test_a_proxy_that_wants_a_password(site: Site) -> None:
    site.write(connect_to=None, proxy=site.sim.proxy_url)
    site.sim.fault("proxy-407")
    said = site.test()
    assert said.failed == "TLS to the login host"
    assert said.below("TLS to the login host")[0].startswith(f"M1206 the outbound proxy failed: {LOGIN_HOST}: ")
    assert "407" in said.below("TLS to the login host")[0]
    assert said.advice.startswith("check proxy in mdm.toml, its password")


def test_a_name_that_the_proxy_does_not_know(site: Site) -> None:
    site.write(connect_to=None, proxy=site.sim.proxy_url)
    site.sim.fault("dns-gone", host=CRS_HOST)
    said = site.test()
    assert said.failed == "DNS and TLS of CRS"
    assert "M1206" in said.below("DNS and TLS of CRS")[0]


def test_tls_is_looked_at_through_a_proxy(site: Site, pki: LabPki) -> None:
    site.write(connect_to=None, proxy=site.sim.proxy_url)
    site.sim.fault("tls-unknown-ca", host=GRAPH_HOST)
    said = site.test()
    assert said.failed == "DNS and TLS of Graph"
    assert f"the root it wants: {OTHER_ROOT}" in said.out


@pytest.mark.parametrize(
    ("seconds", "mark", "words"),
    [
        (0, "ok", "the same as that of"),
        (30, "ok", "30 s behind"),
        (-30, "ok", "30 s ahead of"),
        (90, "warning", "90 s behind"),
        (-280, "warning", "280 s ahead of"),
        (320, "FAILED", "320 s behind"),
        (-320, "FAILED", "320 s ahead of"),
    ],
)
def test_clock_skew(seconds: int, mark: str, words: str, site: Site) -> None:
    """60 and 300 s are the marks; the Date header has whole seconds, so one second of difference is allowed for."""
    site.sim.advance(seconds)
    said = site.test()
    assert said.mark("Clock") == mark
    text = next(rest for _, rest in said.steps if rest.startswith("Clock")) + " ".join(said.below("Clock"))
    number = words.split()[0]
    if number.isdecimal():
        options = [words.replace(number, str(int(number) + step)) for step in (-1, 0, 1)]
        assert any(option in text for option in options), text
    else:
        assert words in text
    assert ("NTP" in text) == (mark != "ok")
    assert said.status == (1 if mark == "FAILED" else 0)
