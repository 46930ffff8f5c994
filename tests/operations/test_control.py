"""mdmd's control socket with a real mdmd: what operators have it do, who they are, and what it refuses."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.model import Service
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.operations.codes import OperationCode
from freeradius_mdm.operations.control import Control, refused
from freeradius_mdm.operations.errors import OperationError
from freeradius_mdm.store.exemptions import ExemptionQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.unix_address import address_of
from tests.service.fakes import until_now

from .office import Office, office

ROOT = Path(__file__).parents[2]
ME = pwd.getpwuid(os.geteuid()).pw_name
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root is somebody else")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        yield made


def control(of: Office, claimed: str = "") -> Control:
    return Control(of.read().service, claimed)


class Raw(HTTPConnection):
    """What somebody sends who does not use our client."""

    def __init__(self, path: Path) -> None:
        super().__init__("mdmd", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        with address_of(self._path) as address:
            self.sock.connect(address)


def ask(of: Office, method: str, path: str, body: object = None) -> tuple[int, str]:
    connection = Raw(of.state / "control.sock")
    text = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
    connection.request(method, path, text)
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


def test_refresh_asks_though_nothing_is_due(running: Office) -> None:
    running.starts()
    before = running.asked()
    running.set("noncompliant", running.key().value)
    until_now(lambda: time.time() > record_at(running) + 1.1)  # what is younger than a second is not asked again
    after = control(running).refresh(running.key())
    assert running.asked() == before + 1
    assert after["answer"]["compliance"] == "NonCompliant"
    assert (after["server"], after["kind"], after["value"]) == ("Intune", "intune", running.key().value)
    (session,) = after["sessions"]
    assert session["id"] == running.session().id
    assert (session["order"]["old_profile"], session["order"]["profile"]) == ("Employee", "Quarantine")
    until_now(lambda: running.session().profile == "Quarantine")
    (line,) = running.events("control")
    assert f"action=refresh by={ME} endpoint=Intune/intune/{running.key().value} result=answered" in line


def record_at(of: Office) -> float:
    reader = StoreReader(of.file)
    record = reader.record(of.key())
    reader.close()
    assert record is not None
    return record.answered_at


def test_refresh_of_an_mdm_server_that_does_not_answer(running: Office) -> None:
    running.set("down-one")
    with pytest.raises(OperationError) as caught:
        control(running).refresh(running.key())
    assert caught.value.code is OperationCode.MDMD_REFUSED
    assert caught.value.what.startswith("M1211 connection refused")
    assert caught.value.next == "mdmctl test Intune"


def test_an_order_goes_to_the_switch_and_has_an_author(running: Office) -> None:
    at_switch = running.starts()
    given = control(running, "carol").coa(running.session().id, "disconnect")
    assert (given["state"], given["asked"], given["author"]) == ("planned", "disconnect", f"carol (by {ME})")
    assert given["reason"] == f"by carol (by {ME}): disconnect"
    until_now(lambda: control(running).order(given["id"])["settled"])
    assert control(running).order(given["id"])["state"] == "acked"
    assert [effect.value for effect in running.nas.effects_on(at_switch)] == ["disconnected"]
    until_now(lambda: not running.sessions())
    (line,) = running.events("control")
    assert f'action=coa by="carol (by {ME})"' in line


def test_an_exemption_from_beginning_to_end(running: Office) -> None:
    running.set("noncompliant", running.key().value)
    running.starts()
    assert running.session().profile == "Quarantine"
    until = time.time() + 3600
    made = control(running).exempt(running.key(), "Employee", until, "replacement ordered")
    assert made["sessions"][0]["order"]["profile"] == "Employee"
    until_now(lambda: running.session().profile == "Employee")
    stored = ExemptionQueries(running.file).exemption(made["id"])
    assert stored is not None
    assert (stored.key, stored.profile, stored.author, stored.reason) == (
        running.key(),
        "Employee",
        ME,
        "replacement ordered",
    )
    assert stored.until == until
    (listed,) = running.get("/v1/exemptions")["exemptions"]  # over TCP, for reading
    assert {name: listed[name] for name in listed} == {name: made[name] for name in made if name != "sessions"}
    assert running.get("/v1/health")["exemptions"] == {
        "error": "",
        "in_force": 1,
        "next_over_at": until,
        "ignored": [],
    }

    ended = control(running, "dave").end_exemption(made["id"], "device replaced")
    assert (ended["state"], ended["ended_by"], ended["end_reason"]) == ("ended", f"dave (by {ME})", "device replaced")
    until_now(lambda: running.session().profile == "Quarantine")
    assert running.get("/v1/exemptions")["exemptions"] == []
    assert [each["id"] for each in running.get("/v1/exemptions?all=true")["exemptions"]] == [made["id"]]


def test_a_session_that_ends_by_it_is_told_with_the_orders_end(running: Office) -> None:
    """RFC 5176 section 3.5: Error-Cause 503, Session-Context-Not-Found."""
    running.starts()
    session = running.session()
    running.nas.behaviour = Behaviour(Mood.NAK, 503)
    made = control(running).exempt(running.key(), "Quarantine", time.time() + 3600, "lost its lock")
    (told,) = made["sessions"]
    assert running.sessions() == []
    assert (told["id"], told["state"], told["end_cause"]) == (session.id, "ended", "gone")
    order = told["order"]
    assert (order["state"], order["code"], order["settled"]) == ("gone", "M1602", True)
    assert (order["old_profile"], order["profile"]) == ("Employee", "Quarantine")
    # It is over for what comes after.
    ended = control(running).end_exemption(made["id"], "found again")
    assert ended["sessions"] == []


def test_a_session_that_is_disconnected_is_told_too(tmp_path: Path) -> None:
    with office(tmp_path, more='actions = { cisco-ios-xe = ["disconnect"] }\n') as o:
        at_switch = o.starts()
        session = o.session()
        o.set("noncompliant", o.key().value)
        until_now(lambda: time.time() > record_at(o) + 1.1)
        (told,) = control(o).refresh(o.key())["sessions"]
        assert [effect.value for effect in o.nas.effects_on(at_switch)] == ["disconnected"]
        assert (told["id"], told["state"], told["end_cause"]) == (session.id, "ended", "disconnected")
        assert (told["order"]["state"], told["order"]["code"]) == ("acked", "M1601")


def test_a_session_that_nothing_is_to_be_done_about(running: Office) -> None:
    running.starts()
    until_now(lambda: time.time() > record_at(running) + 1.1)
    (told,) = control(running).refresh(running.key())["sessions"]
    assert (told["state"], told["end_cause"], told["order"]) == ("authorized", "", None)
    assert running.nas.received == 0


def test_an_exemption_of_a_mac_that_may_be_randomised(running: Office) -> None:
    """Where the configuration lets such MACs identify, as identity/network_device.py does, it counts."""
    key = EndpointKey("Intune", IdKind.MAC, "020000000001")
    with pytest.raises(OperationError, match="M1835 020000000001 is randomised"):
        control(running).exempt(key, "Employee", time.time() + 3600, "a virtual machine")
    running.write_config(change=('source = "mac"', 'source = "mac"\nallow_randomised = true'))
    until_now(lambda: running.events("config_taken_over"))
    made = control(running).exempt(key, "Employee", time.time() + 3600, "a virtual machine")
    assert (made["kind"], made["value"], made["state"]) == ("mac", "020000000001", "in force")


def test_an_exemption_of_a_mac_where_no_mac_identifies(tmp_path: Path) -> None:
    with office(tmp_path, running=False) as o:
        file = o.config.read_text()
        assert file.count('[[identity]]\nsource = "mac"\n') == 1
        o.config.write_text(file.replace('[[identity]]\nsource = "mac"\n', ""))
        o.begin()
        key = EndpointKey("Intune", IdKind.MAC, "005056A1B2C3")
        with pytest.raises(OperationError, match="M1835 nothing is identified as Intune/mac"):
            control(o).exempt(key, "Employee", time.time() + 3600, "a printer")


def test_it_expires_at_its_time_after_a_restart_too(running: Office) -> None:
    running.set("noncompliant", running.key().value)
    running.starts()
    control(running).exempt(running.key(), "Employee", time.time() + 3600, "replacement ordered")
    until_now(lambda: running.session().profile == "Employee")
    running.end(signal.SIGKILL)
    running.set("ahead", "3601")
    running.begin()
    until_now(lambda: running.orders() and running.orders()[0].profile == "Quarantine")
    assert running.events("exemption_expired")


KEY = {"server": "Intune", "kind": "intune", "value": "00000000-0000-4000-8000-000000000001"}
EXEMPT = KEY | {"profile": "Employee", "until": 4e9, "reason": "why not"}
# Method, path, body, status, and the one line that is answered.
REFUSED = [
    ("POST", "/v1/refresh", "{", 400, "M1800 the body is no JSON object with server, kind, value"),
    ("POST", "/v1/refresh", "[]", 400, "M1800 the body is no JSON object with server, kind, value"),
    ("POST", "/v1/refresh", "[" * 5000, 400, "M1800 the body is no JSON object with server, kind, value"),
    ("POST", "/v1/refresh", {}, 400, "M1800 missing: server, kind, value"),
    ("POST", "/v1/refresh", KEY | {"wait": "1s"}, 400, "M1800 unknown: wait; allowed: server, kind, value, author"),
    ("POST", "/v1/refresh", KEY | {"value": 7}, 400, "M1800 value is text"),
    ("POST", "/v1/refresh", KEY | {"value": "../x"}, 400, "M1800 not a intune identifier: '../x'"),
    ("POST", "/v1/refresh", KEY | {"kind": "x"}, 400, "M1800 kind is one of intune, entra, mac"),
    (
        *("POST", "/v1/refresh", KEY | {"server": "Jamf"}, 404),
        "M1806 no enabled MDM server is called 'Jamf'; next: mdmctl servers lists them",
    ),
    (
        *("POST", "/v1/refresh", KEY | {"author": "bob (by root)"}, 400),
        "M1800 author has no brackets: what stands in them is who really did it",
    ),
    ("POST", "/v1/refresh", KEY | {"author": "a\nb"}, 400, "M1800 author is one line of 1 to 80 characters"),
    ("POST", "/v1/refresh", "x" * 17000, 413, "M1800 the body has more than 16384 bytes"),
    (
        *("POST", "/v1/coa", {"session": "0000"}, 404),
        "M1806 no live session of this node has the id '0000'; allowed: the id of a live session;"
        " next: mdmctl sessions lists them",
    ),
    (
        *("POST", "/v1/coa", {"session": "0000", "action": "reboot"}, 400),
        "M1800 'reboot' is no action; allowed: reauthenticate, disconnect, push, bounce",
    ),
    (
        *("POST", "/v1/exemptions", EXEMPT, 409),
        "M1835 its end is in the past, in less than a minute, or too far away;"
        " allowed: from a minute to 90 days from now; next: make it shorter, and renew it while it is in force",
    ),
    (
        *("POST", "/v1/exemptions", EXEMPT | {"profile": "Nobody"}, 409),
        "M1835 there is no authorization profile 'Nobody'; allowed: Employee, Quarantine, Restricted, Monitor, Reject;"
        " next: name one of these; one that rejects is how an endpoint is blocked",
    ),
    (
        # IEEE Std 802, 8.2: the second bit of the first octet says that the address is locally administered.
        *("POST", "/v1/exemptions", EXEMPT | {"kind": "mac", "value": "02:00:00:00:00:01"}, 409),
        "M1835 020000000001 is randomised (locally administered), which identifies no device here;"
        " allowed: a device id, or a MAC that the maker gave (second digit 0, 4, 8 or C);"
        " next: exempt the device by its device id: mdmctl devices and mdmctl sessions show it;"
        ' for a machine that keeps such a MAC, set allow_randomised = true below source = "mac" of [[identity]]',
    ),
    (
        *("POST", "/v1/exemptions", EXEMPT | {"kind": "entra"}, 409),
        "M1835 nothing is identified as Intune/entra: no [[identity]] source of mdm.toml gives that;"
        " allowed: Intune/intune, Intune/mac;"
        " next: exempt the device by its device id: mdmctl devices and mdmctl sessions show it",
    ),
    (
        *("POST", "/v1/exemptions", EXEMPT | {"server": "Jamf", "until": time.time() + 3600}, 409),
        "M1835 there is no MDM server 'Jamf'; allowed: Intune; next: mdmctl exempt --help",
    ),
    ("POST", "/v1/exemptions", EXEMPT | {"until": "2d"}, 400, "M1800 until is a number of seconds since the epoch"),
    ("POST", "/v1/exemptions", EXEMPT | {"until": True}, 400, "M1800 until is a number of seconds since the epoch"),
    (
        *("DELETE", "/v1/exemptions/000000000000", {"reason": "why not"}, 404),
        "M1806 no exemption has the id '000000000000'; allowed: the id of an exemption in force;"
        " next: mdmctl exempt list",
    ),
    ("DELETE", "/v1/exemptions/000000000000", {}, 400, "M1800 missing: reason"),
]


def test_what_is_refused_is_one_line(running: Office) -> None:
    for method, path, body, status, line in REFUSED:
        assert ask(running, method, path, body) == (status, line + "\n"), (method, path, body)
    assert running.asked() == 0
    assert ExemptionQueries(running.file).exemptions(0.0, every=True) == []


def test_the_tcp_port_only_tells(running: Office) -> None:
    for method, path in (
        ("POST", "/v1/refresh"),
        ("POST", "/v1/coa"),
        ("POST", "/v1/exemptions"),
        ("DELETE", "/v1/exemptions/000000000000"),
    ):
        request = urllib.request.Request(f"http://127.0.0.1:{running.port}{path}", b"{}", method=method)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310
        assert caught.value.code in (404, 405)
        caught.value.close()
    assert ask(running, "GET", "/v1/health")[0] == 200  # while the socket tells too


def test_mdmd_does_not_run(tmp_path: Path) -> None:
    with office(tmp_path, running=False) as made:
        made.state.mkdir()
        with pytest.raises(OperationError) as caught:
            control(made).coa("0000")
    assert str(caught.value) == (
        "M1804 mdmd does not run\n"
        f"  where: {made.state}/control.sock\n"
        "  next: start it: systemctl start mdmd; journalctl -u mdmd tells why it does not run"
    )


def test_the_socket_of_a_killed_mdmd(running: Office) -> None:
    running.end(signal.SIGKILL)
    assert (running.state / "control.sock").exists()
    with pytest.raises(OperationError, match="M1804 mdmd does not run"):
        control(running).coa("0000")
    left = (running.state / "control.sock").lstat().st_ino
    running.start(MDM_TEST_SHARED=str(running.shared), MDM_TEST_NODE="one")
    until_now(lambda: (running.state / "control.sock").lstat().st_ino != left)
    with pytest.raises(OperationError, match="M1806 no live session"):
        control(running).coa("0000")
    assert running.end() == 0
    assert not (running.state / "control.sock").exists()


def test_a_second_mdmd_leaves_it_alone(running: Office) -> None:
    held = (running.state / "control.sock").lstat().st_ino
    second = subprocess.run(
        [sys.executable, str(ROOT / "tests/service/mdmd_with_fake.py"), "--config", str(running.config)],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'module'}:{ROOT}"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert b"another mdmd" in second.stderr
    assert (running.state / "control.sock").lstat().st_ino == held


def test_without_a_socket_mdmd_works_on(tmp_path: Path) -> None:
    with office(tmp_path, running=False) as made:
        made.state.mkdir()
        (made.state / "control.sock").write_text("notes")
        made.begin()
        assert made.get(f"/v1/endpoints/{made.key()}?wait=10s") == "answered"
        until_now(lambda: made.events("control_socket"))
        health = made.get("/v1/health")
        assert health["status"] == "degraded"
        assert "control.sock is no socket: move it away" in health["control"]["error"]


def as_user(user: str, groups: str, of: Office, code: str) -> subprocess.CompletedProcess[str]:
    """Python as somebody else, with these supplementary groups."""
    program = f"from pathlib import Path\nfrom tests.operations.test_control import *\n{code}"
    found = pwd.getpwnam(user)
    others = f"--groups={groups}" if groups else "--clear-groups"
    return subprocess.run(
        ["setpriv", f"--reuid={found.pw_uid}", f"--regid={found.pw_gid}", others, sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'module'}:{ROOT}", "HOME": "/", "USER": "", "LOGNAME": ""},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def open_way(tmp_path: Path) -> Iterator[Path]:
    """A directory that everybody can come to; pytest's own are for their owner alone."""
    made = Path("/tmp") / f"mdm-control-{os.getpid()}"  # noqa: S108
    made.mkdir()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def service(of: Office) -> str:
    """What the other process needs to know, as Python."""
    return f"Service('', 0, Path({os.fspath(of.state)!r}), 1.0, False)"


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is missing")
def test_nobody_else_may(open_way: Path) -> None:
    with office(open_way) as made:
        made.state.chmod(0o2775)  # as if everybody could enter the state directory
        done = as_user("nobody", "", made, f"Control({service(made)}).coa('0000')")
        assert stat.S_IMODE((made.state / "control.sock").lstat().st_mode) == 0o600
    assert done.returncode == 1
    assert "M1807 nobody may not give mdmd orders" in done.stderr
    assert "next: sudo mdmctl" in done.stderr


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is missing")
def test_who_is_in_the_control_group_may_and_is_named(open_way: Path) -> None:
    """Whatever he says to be: the kernel says that he is nobody."""
    group = next(each for each in grp.getgrall() if each.gr_gid not in (0, pwd.getpwnam("nobody").pw_gid))
    with office(open_way, service=f'control_group = "{group.gr_name}"\n') as made:
        os.chown(made.state, -1, group.gr_gid)
        until = time.time() + 3600
        key = f"EndpointKey('Intune', IdKind.INTUNE, {made.key().value!r})"
        asked = f"Control({service(made)}, 'root').exempt({key}, 'Employee', {until}, 'because')"
        done = as_user(
            "nobody",
            str(group.gr_gid),
            made,
            f"from freeradius_mdm.compliance import EndpointKey, IdKind\nprint({asked}['author'])",
        )
        assert (done.stdout, done.stderr) == ("root (by nobody)\n", "")
        refused_to_others = as_user("nobody", "", made, f"Control({service(made)}).coa('0000')")
    assert "M1807" in refused_to_others.stderr


@root_only
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is missing")
def test_what_radiusd_might_put_there_is_not_believed(open_way: Path) -> None:
    """Its group may write in the state directory, so that its user can put a socket of its own in the place."""
    state, nobody = open_way / "state", pwd.getpwnam("nobody")
    state.mkdir()
    os.chown(state, 1, nobody.pw_gid)  # of another user than the one who listens
    state.chmod(0o2770)
    program = f"import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind({os.fspath(state / 'control.sock')!r})\n"
    program += "s.listen()\nprint('ready', flush=True)\nraise SystemExit(len(s.accept()[0].recv(1)))"
    command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", sys.executable]
    with subprocess.Popen([*command, "-c", program], stdout=subprocess.PIPE, cwd="/") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        with pytest.raises(OperationError) as caught:
            Control(Service("", 0, state, 1.0, False)).coa("0000")
        assert process.wait(20) == 0  # nothing was said to it
    assert caught.value.code is OperationCode.MDMD_NOT_REACHED
    assert caught.value.what == f"what listens there is no mdmd: it runs as uid {nobody.pw_uid}"


def test_mdmd_lines_become_errors() -> None:
    error = refused(409, "M1835 it is so; allowed: this, that; next: do; that\n")
    assert (error.code, error.what) == (OperationCode.EXEMPTION_REFUSED, "it is so")
    assert (error.allowed, error.next) == ("this, that", "do; that")
    other = refused(502, "M1211 connection refused; next: mdmctl test Intune\n")
    assert (other.code, other.what) == (OperationCode.MDMD_REFUSED, "M1211 connection refused")
    assert refused(404, "404: Not Found").code is OperationCode.NOT_FOUND
    assert Service("", 0, Path("/x"), 1.0, False).control_socket == Path("/x/control.sock")
