"""`mdmctl check` on a whole site with a real FreeRADIUS: nothing wrong with a healthy one, and each trap found.

What is broken is a copy of the site's FreeRADIUS directory; the site itself runs on.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.site import Site
from freeradius_mdm.operations.site_check.finding import CheckReport, State
from freeradius_mdm.operations.site_check.run import Options, run
from tests.radius.endpoint import Endpoint

CHROOT = os.environ.get("MDM_TEST_CHROOT", "")
_numbers = itertools.count()


def version(site: Site) -> tuple[int, ...]:
    return tuple(map(int, site.host.version().split(".")))


def copy(site: Site) -> Path:
    """The site's FreeRADIUS directory once more, for a test to break."""
    directory = site.directory / f"copy{next(_numbers)}"
    shutil.copytree(site.raddb, directory, symlinks=True)
    edit(directory / "radiusd.conf", f"raddbdir = {site.raddb}", f"raddbdir = {directory}")
    return directory


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    if file.is_symlink():
        file.unlink()
    file.write_text(text.replace(old, new), encoding="utf-8")


def options(site: Site, raddb: Path) -> Options:
    return Options(
        raddb=raddb, command=site.host.command(), root=Path(CHROOT or "/"), temporary=site.directory, ask_devices=False
    )


def check(site: Site, raddb: Path | None = None, *, loopback: bool = False) -> CheckReport:
    used = raddb or site.raddb
    return run(used / "mods-config/mdm/mdm.toml", replace(options(site, used), loopback=loopback))


def told(report: CheckReport, *states: State) -> list[str]:
    return [f"{each.check}: {each.text}" for each in report.findings if each.state in states]


def errors(report: CheckReport) -> list[str]:
    return told(report, State.ERROR)


def left_behind(site: Site) -> list[str]:
    """Directories and processes of the temporary server."""
    found = [str(path) for path in site.directory.glob("mdmctl-check-*")]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes()
        except OSError:
            continue
        if str(site.directory).encode() + b"/mdmctl-check-" in line:
            found.append(line.decode(errors="replace"))
    return found


# The lab's own: it talks to a simulated Microsoft, and one of its headends can't sign.
LAB_WARNINGS = [
    "configuration.mdm-toml: servers[1].connect_to: every connection of this server goes there: for labs only",
    "raddb.signatures: unsigned requests are taken from lab_headend (mdm_message_authenticator = optional)",
]
URI_WARNING = (
    "release.uri-names: a certificate's URI names are read from a text that can be cut and forged: other names beside "
    "the device id and the SID are refused (M1112), a name made to look like two can't be told apart"
)


def test_a_healthy_site(own_site: Site) -> None:
    before = len(own_site.decisions())
    report = check(own_site, loopback=True)
    warnings = sorted([*LAB_WARNINGS, URI_WARNING] if version(own_site) < (3, 2, 7) else LAB_WARNINGS)
    assert sorted(told(report, State.WARNING)) == warnings
    assert told(report, State.ERROR) == []
    assert report.passed
    found = told(report, State.OK)
    # six profiles; a switch's three kinds of access, a headend's one
    assert "loopback.profiles: 24 replies of 6 profiles to cisco-ios-xe, cisco-asa came as meant" in found
    assert "loopback.dacls: 3 downloadable ACLs came as meant" in found
    assert "raddb.threads: 64 threads are ready, at most 256" in found
    assert left_behind(own_site) == []
    assert len(own_site.decisions()) == before  # the running server was asked nothing


def _remove(name: str) -> Callable[[Path], None]:
    return lambda raddb: (raddb / name).unlink()


def _edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda raddb: edit(raddb / name, old, new)


def _second_instance(raddb: Path) -> None:
    (raddb / "other_hook.py").write_text("def authorize(_):\n    return 2\n")
    (raddb / "mods-enabled/other").write_text(
        f'python3 other {{\n\tpython_path = "{raddb}"\n\tmodule = other_hook\n\tmod_authorize = ${{.module}}\n'
        "\tfunc_authorize = authorize\n}\n"
    )


def _resumption(raddb: Path) -> None:
    """The first `enable` below `cache`."""
    eap = raddb / "mods-available/eap"
    head, cache, rest = eap.read_text().partition("\n\t\tcache {\n")
    eap.write_text(head + cache + rest.replace("\t\t\tenable = no\n", "\t\t\tenable = yes\n", 1))


DEFAULT = "sites-available/default"
TRAPS: dict[str, tuple[Callable[[Path], None], State, str]] = {
    "policy not linked": (
        _remove("policy.d/mdm"),
        State.ERROR,
        "raddb.links: policy.d/mdm is missing: without it there is not the policy, and FreeRADIUS does not start",
    ),
    "module not linked": (
        _remove("mods-enabled/mdm_policy"),
        State.ERROR,
        "raddb.links: mods-enabled/mdm_policy is missing: without it there is not the module that decides",
    ),
    "dictionary line": (
        _edit("dictionary", "$INCLUDE dictionary.mdm", "# $INCLUDE dictionary.mdm"),
        State.ERROR,
        "raddb.dictionary: ",
    ),
    "second instance": (_second_instance, State.ERROR, "raddb.python3: a second python3 instance, other, is enabled: "),
    "mdm not in post-auth": (
        _edit(DEFAULT, "\t}\n\n\tmdm\n}", "\t}\n}"),
        State.ERROR,
        "raddb.calls: server default: post-auth does not call mdm: ",
    ),
    "mdm_reject": (
        _edit(DEFAULT, "\t\tmdm_reject\n", ""),
        State.ERROR,
        "raddb.calls: server default: Post-Auth-Type REJECT does not call mdm_reject: ",
    ),
    "accounting": (
        _edit(DEFAULT, "accounting {\n\tmdm\n", "accounting {\n"),
        State.ERROR,
        "raddb.calls: server default: accounting does not call mdm: ",
    ),
    "inner tunnel": (
        _edit("sites-available/inner-tunnel", "\tmdm_inner_tunnel\n", ""),
        State.ERROR,
        "raddb.eap: eap: ttls's server inner-tunnel does not call mdm_inner_tunnel in post-auth: ",
    ),
    "EAP-TLS": (
        _edit("mods-available/eap", "\t\tvirtual_server = mdm-eap-tls\n", ""),
        State.ERROR,
        "raddb.eap: eap: tls has no virtual_server: ",
    ),
    "resumption": (
        _resumption,
        State.WARNING,
        "raddb.resumption: eap: TLS session resumption is on: ",
    ),
    "threads": (
        _edit("radiusd.conf", "start_servers = 64", "start_servers = 5"),
        State.WARNING,
        "raddb.threads: start_servers = 5: ",
    ),
    "max_requests": (
        _edit("radiusd.conf", "\nmax_requests = 16384", "\nmax_requests = 512"),
        State.WARNING,
        "raddb.max-requests: 512 requests are kept, answered ones for 5 s: ",
    ),
    # The packaged eap refers to it, so that this alone stops FreeRADIUS.
    "max_requests missing": (
        _edit("radiusd.conf", "\nmax_requests = 16384", "\n"),
        State.ERROR,
        "syntax.radiusd: ",
    ),
    "unsigned": (
        _edit("clients.conf", "lab-switch6\n\trequire_message_authenticator = yes", "lab-switch6"),
        State.WARNING,
        "raddb.signatures: Message-Authenticator is not required of lab_ipv6: ",
    ),
    "another mdmd": (
        _edit("mods-available/mdm_wait", 'mdmd = "http://127.0.0.1:', 'mdmd = "http://127.0.0.9:'),
        State.ERROR,
        "raddb.wait: it asks http://127.0.0.9:",
    ),
    "syntax": (
        _edit(DEFAULT, "accounting {\n\tmdm\n", "accounting {\n\tmdm\n\tno_such_module\n"),
        State.ERROR,
        'syntax.radiusd: Failed to find "no_such_module" as a module or policy.',
    ),
    "a family nobody knows": (
        _edit("clients.conf", "mdm_family = cisco-asa", "mdm_family = cisco"),
        State.ERROR,
        "raddb.families: client lab_saml_headend: mdm_family = cisco is no vendor family: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("break_it", "state", "expected"), TRAPS.values(), ids=TRAPS)
def test_each_trap_is_found(own_site: Site, break_it: Callable[[Path], None], state: State, expected: str) -> None:
    raddb = copy(own_site)
    break_it(raddb)
    report = check(own_site, raddb)
    assert [text for text in told(report, state) if text.startswith(expected)], told(report, *State)
    assert report.passed is (state is State.WARNING)


def test_what_stops_freeradius_is_told_in_its_words_too(own_site: Site) -> None:
    raddb = copy(own_site)
    edit(raddb / "dictionary", "$INCLUDE dictionary.mdm", "")
    found = [text for text in errors(check(own_site, raddb)) if text.startswith("syntax.radiusd: ")]
    assert any("lacks MDM-" in text or "MDM-Place" in text for text in found), found


def altered(site: Site, old: str, new: str) -> CheckReport:
    raddb = copy(site)
    edit(raddb / "policy.d/mdm", old, new)
    return check(site, raddb, loopback=True)


LAST = "\t\tmdm_client\n\t\tmdm_policy.post-auth\n\t\tmdm_sign\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("&Session-Timeout !* ANY", "Session-Timeout is missing, meant was 14400"),
        ("&Session-Timeout := 0", "Session-Timeout is 0, meant was 14400"),
        ('&Filter-Id += "EXTRA"', "Filter-Id = EXTRA was added"),
        ('&Tunnel-Private-Group-Id:1 := ""', "Tunnel-Private-Group-Id:1 is "),
    ],
)
def test_a_reply_that_is_not_as_meant(own_site: Site, line: str, expected: str) -> None:
    """The negative control: the temporary server's policy changes one attribute behind the last look at the reply."""
    report = altered(own_site, LAST, f"{LAST}\t\tupdate reply {{\n\t\t\t{line}\n\t\t}}\n")
    found = [text for text in errors(report) if text.startswith("loopback.profiles: ")]
    assert any(
        text.startswith(f"loopback.profiles: profile Employee to cisco-ios-xe (wired, wireless, other): {expected}")
        for text in found
    ), found
    assert not report.passed
    assert {each.code for each in report.findings if each.check == "loopback.profiles"} == {"M1826"}
    assert left_behind(own_site) == []


def test_a_reply_without_signature(own_site: Site) -> None:
    """From 3.2.5 on FreeRADIUS signs by itself (freeradius.md section 10)."""
    report = altered(own_site, LAST, LAST.replace("\t\tmdm_sign\n", ""))
    found = [text for text in errors(report) if "Message-Authenticator is missing" in text]
    assert bool(found) is (version(own_site) < (3, 2, 5))


def test_an_acl_that_is_not_as_meant(own_site: Site) -> None:
    old = "\t\tmdm_policy.post-auth\n\t\tmdm_sign\n\t}\n\telse {"
    extra = '\t\tupdate reply {\n\t\t\t&Cisco-AVPair += "ip:inacl#99=permit ip any any"\n\t\t}\n\t}\n\telse {'
    report = altered(own_site, old, old.replace("\t}\n\telse {", extra))
    found = [
        text for text in errors(report) if text.startswith("loopback.dacls: downloadable ACL #ACSACL#-IP-QUARANTINE-")
    ]
    assert len(found) == 1
    assert " entries came, meant were " in found[0]


def test_values_that_are_lost_on_their_way(own_site: Site) -> None:
    """As 3.2.9 does it (freeradius.md section 14): the hooks notice it themselves, and reject."""
    raddb = copy(own_site)
    hooks = raddb / "mods-config/mdm/python/freeradius_mdm/hooks.py"
    lossy = (
        "\n\n_whole = authorize\n\n\ndef authorize(lists):\n    code, given = _whole(lists)\n"
        '    return code, {name: tuple((n, o, "0" if n == "Session-Timeout" else v) for n, o, v in pairs)\n'
        "                  for name, pairs in given.items()}\n"
    )
    hooks.write_text(hooks.read_text() + lossy)
    found = errors(check(own_site, raddb, loopback=True))
    assert any(
        text.endswith("(wired, wireless, other): Access-Reject came, meant was Access-Accept") for text in found
    ), found


def test_a_server_that_does_not_start(own_site: Site) -> None:
    raddb = copy(own_site)
    hooks = raddb / "mods-config/mdm/python/freeradius_mdm/hooks.py"
    hooks.write_text("import no_such_module\n")
    (found,) = [text for text in errors(check(own_site, raddb, loopback=True)) if text.startswith("loopback.server: ")]
    assert "no_such_module" in found
    assert left_behind(own_site) == []


def test_no_key_is_for_everybody(own_site: Site) -> None:
    key = own_site.pki.directory / "mdm.key"
    mode = key.stat().st_mode
    key.chmod(0o644)
    try:
        found = [each for each in check(own_site).findings if each.check == "permissions.keys"]
    finally:
        key.chmod(mode)
    assert [each.text for each in found if each.state is State.ERROR] == [
        "its mode is 0644: others than mdmd can read the key that signs in to Microsoft"
    ]


def test_devices_with_sessions_are_asked(own_site: Site, new_endpoint: Callable[[Site], Endpoint]) -> None:
    """A device signs in through the lab's switch, where nobody takes changes of authorization."""
    endpoint = new_endpoint(own_site)
    endpoint.enrol()
    endpoint.sign_in()
    own_site.decisions(1)
    report = run(
        own_site.raddb / "mods-config/mdm/mdm.toml",
        replace(options(own_site, own_site.raddb), loopback=False, ask_devices=True),
    )
    (found,) = [each for each in report.findings if each.check == "coa.devices"]
    assert (found.state, found.code) == (State.ERROR, "M1829")
    assert found.text.startswith("127.0.0.1 port 1700: 127.0.0.1 has ")


def test_the_command(own_site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 0 with warnings, 1 with an error."""
    monkeypatch.setattr("tempfile.tempdir", str(own_site.directory))
    program = " ".join(own_site.host.command())
    healthy = ["--config", str(own_site.raddb / "mods-config/mdm/mdm.toml"), "check", "--radiusd", program]
    assert main(healthy) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "mdm.toml and downloadable ACLs"
    assert lines[-1].startswith("no errors, ")
    raddb = copy(own_site)
    edit(raddb / DEFAULT, "\t\tmdm_reject\n", "")
    assert main([*healthy, "--raddb", str(raddb), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert body["passed"] is False
    assert [each["check"] for each in body["findings"] if each["state"] == "error"] == ["raddb.calls"]


def test_ctrl_c_leaves_nothing_behind(own_site: Site) -> None:
    """While the temporary server runs; exit status 130 as for every command."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    file = own_site.raddb / "mods-config/mdm/mdm.toml"
    program = " ".join(own_site.host.command())
    command = [sys.executable, "-m", "freeradius_mdm.cli.main", "--config", str(file), "check", "--radiusd", program]
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(own_site.directory)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: any("\0-f\0" in each for each in left_behind(own_site)), "a FreeRADIUS of its own runs")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.wait()
    assert left_behind(own_site) == []
