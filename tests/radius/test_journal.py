"""The record of each decision: whatever is killed or full, nothing acknowledged is lost; and no secret is in it."""

from __future__ import annotations

import itertools
import os
import re
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import SECRET, VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import EapCode, access, vpn
from freeradius_mdm.lab.radius.errors import LabRadiusError
from freeradius_mdm.lab.site import Site
from freeradius_mdm.store.query import StoreQueries
from tests.radius.behind import decisions_of, grow_older
from tests.radius.crowd import fleet, insistent_client
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
MakeSite = Callable[..., Site]


class Load:
    """Devices that sign in one after another, from several network devices, until it is stopped."""

    def __init__(self, device: Endpoint) -> None:
        self._device = device
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self.accepted: list[str] = []  # users, each signed in once

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(4) as pool:
            ends = [pool.submit(self._work) for _ in range(4)]
            try:
                yield
            finally:
                self._stopping.set()
        for end in ends:
            end.result()

    def wait_for_more(self, count: int) -> None:
        wanted = len(self.accepted) + count
        wait_for(lambda: len(self.accepted) >= wanted, f"{wanted} devices were accepted", 20)

    def _work(self) -> None:
        site = self._device.site
        with insistent_client(site) as client:
            while not self._stopping.is_set():
                device = Endpoint(site, self._device.device_id, self._device.mac)
                device.identity = f"host/load-{next(self._numbers)}"
                try:
                    result = device.sign_in(client, credential=self._device.credential)
                except LabRadiusError:
                    return  # radiusd has gone
                assert result.accepted
                self.accepted.append(device.identity)


def stored_users(site: Site) -> list[str]:
    with closing(sqlite3.connect(site.state_directory / "store.sqlite", timeout=5)) as connection:
        rows = connection.execute("SELECT user FROM decisions WHERE user LIKE 'host/load-%'").fetchall()
    return [user for (user,) in rows]


def test_no_accept_is_lost_when_radiusd_is_killed(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    site = make_site()
    [device] = fleet(site, new_endpoint, 1)
    load = Load(device)

    with load.running():
        load.wait_for_more(40)
        assert site.radiusd.stop(signal.SIGKILL) == -signal.SIGKILL

    wait_for(lambda: set(load.accepted) <= set(stored_users(site)), "every accept is in the store", 10)
    users = stored_users(site)
    assert len(users) == len(set(users))
    # What was under way may be journaled without its reply having arrived: one for each of the four, no more.
    assert len(users) <= len(load.accepted) + 4


def test_each_decision_is_stored_once_when_mdmd_is_killed(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    site = make_site()
    [device] = fleet(site, new_endpoint, 1)
    load = Load(device)

    with load.running():
        for _ in range(3):
            load.wait_for_more(25)
            assert site.mdmd.stop(signal.SIGKILL) == -signal.SIGKILL
            load.wait_for_more(25)
            site.start_mdmd()

    wait_for(lambda: len(stored_users(site)) >= len(load.accepted), "every accept is in the store", 10)
    assert sorted(stored_users(site)) == sorted(load.accepted)
    queries = StoreQueries(site.state_directory / "store.sqlite")
    assert sum(rule.hits for rule in queries.rules()) == len(load.accepted)
    assert queries.rejected_lines() == 0


@pytest.fixture
def full_journal(make_site: MakeSite) -> Iterator[tuple[Site, Path]]:
    """A site whose journal is on a file system of 64 KiB, and the file that fills it up."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    site = make_site()
    journal = site.state_directory / "journal"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(journal)], check=False).returncode:
        pytest.skip("a tmpfs can't be mounted here")
    site.host.share(journal)  # a chroot sees the directory below it
    try:
        yield site, journal / "filling"
    finally:
        subprocess.run(["umount", "--lazy", str(journal)], check=True)


def test_the_disk_is_full(full_journal: tuple[Site, Path], new_endpoint: NewEndpoint) -> None:
    site, filling = full_journal
    [device] = fleet(site, new_endpoint, 1)
    assert device.sign_in().accepted
    decisions_of(device, 1)
    fill(filling)
    results = [device.sign_in() for _ in range(5)]  # the first may still fit into the journal's last page

    # Decisions go on, and the log is loud.
    assert [result.reply.value("Tunnel-Private-Group-Id", 1) for result in results] == ["EMPLOYEES"] * 5
    log = site.radius_log
    assert log.count("mdm decision id=") == 6  # the log still has each of them
    loud = [line for line in log.splitlines() if ": Error: M1902 decision " in line]
    assert len(loud) >= 3
    assert "No space left on device" in loud[-1]
    wait_for(lambda: len(decisions_of(device)) == 6 - len(loud), "the others are in the store", 10)

    # With audit_required they become rejects, which the device understands.
    change(site, "audit_required = false", "audit_required = true")
    wait_for(lambda: not device.sign_in().accepted, "the new setting is in force", 10)
    refused = device.sign_in()
    assert (refused.accepted, refused.eap_code, refused.reply.has_mppe_keys) == (False, EapCode.FAILURE, False)
    assert refused.reply.value("Tunnel-Private-Group-Id", 1) is None
    assert "audit_required is set" in site.radius_log

    filling.unlink()
    stored = len(decisions_of(device))
    assert device.sign_in().accepted
    assert decisions_of(device, stored + 1)[-1].outcome is Outcome.ACCEPT


def fill(file: Path) -> None:
    """Write until nothing more fits."""
    with file.open("wb", buffering=0) as handle, pytest.raises(OSError, match="No space left"):
        handle.writelines(itertools.repeat(b"x" * 512))


def change(site: Site, old: str, new: str) -> None:
    """Edit mdm.toml as an editor does, in one step."""
    text = site.mdm_toml.read_text()
    assert old in text
    draft = site.mdm_toml.with_suffix(".new")
    draft.write_text(text.replace(old, new))
    draft.replace(site.mdm_toml)


def test_a_reject_is_recorded_in_full(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    site = make_site()
    [device] = fleet(site, new_endpoint, 1)
    device.enrol(compliant=False)
    device.sign_in()
    grow_older(device, 100)
    change(site, 'profile = "Quarantine"', 'profile = "Reject"')
    wait_for(lambda: not device.sign_in().accepted, "the new rule is in force", 10)
    count = len(decisions_of(device, 2))

    refused = device.sign_in()

    assert (refused.accepted, refused.eap_code) == (False, EapCode.FAILURE)
    decision = decisions_of(device, count + 1)[-1]
    assert replace(decision, id="", at=0.0, steps=(), total_ms=0.0, record_age=0, request=()) == replace(
        decision.__class__(id="", at=0.0, outcome=Outcome.REJECT),
        user=device.identity,
        mac=device.mac.replace("-", "").upper(),
        access="wired",
        method="EAP-TLS",
        nas_address="192.0.2.10",
        nas_name="lab-switch",
        client="127.0.0.1",
        nas_port="GigabitEthernet1/0/5",
        nas_port_id="GigabitEthernet1/0/5",
        calling_station=device.mac.upper(),
        called_station="00-1B-54-AA-BB-05",
        family="cisco-ios-xe",
        audit_session_id=access.audit_session_id("192.0.2.10", 1, 1_700_000_000),
        identity=device.device_id,
        identity_kind="intune",
        identity_source="certificate-uri",
        identity_proven=True,
        server="Intune",
        registration="Registered",
        compliance="NonCompliant",
        managed="True",
        reachable="Reachable",
        record_source="Cached",
        record_age=0,
        rule="Not compliant",
        profile="Reject",
        reason="rule Not compliant, profile Reject",
        reason_code="M1305",
    )
    assert decision.record_age in range(100, 160)
    steps = [(step.code, step.text.split(":")[0]) for step in decision.steps]
    assert [code for code, _ in steps] == ["M1001", "M1101", "M1240", "M1301", "M1302", "M1306", "M1305"]
    assert steps[3:5] == [("M1301", "Compliant"), ("M1302", "Not compliant")]
    times = [step.at_ms for step in decision.steps]
    assert times == sorted(times)
    assert decision.total_ms >= times[-1] >= 0


def test_one_line_per_decision(site: Site, new_endpoint: NewEndpoint) -> None:
    accepted, refused = fleet(site, new_endpoint, 2)
    accepted.sign_in()
    refused.sign_in(credential=refused.issue(days=-1))
    for device, outcome in ((accepted, "accept"), (refused, "reject")):
        [decision] = decisions_of(device)
        lines = [line for line in site.radius_log.splitlines() if f"mdm decision id={decision.id} " in line]
        assert len(lines) == 1
        assert f" outcome={outcome} method=EAP-TLS access=wired user={device.identity} " in lines[0]
        fields = lines[0].split("mdm decision ", 1)[1]
        assert re.fullmatch(r'[a-z_]+=(?:[^\s"]+|"(?:[^"\\]|\\.)*")(?: [a-z_]+=(?:[^\s"]+|"(?:[^"\\]|\\.)*"))*', fields)


def test_no_secret_is_written_anywhere(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    site = make_site()
    [device] = fleet(site, new_endpoint, 1)
    assert device.sign_in().reply.has_mppe_keys
    headend = vpn.VpnHeadend(started=1_700_000_000)
    with site.client() as client:
        for password in (VPN_PASSWORD, "a-wrong-password"):
            vpn.log_in(client, headend, vpn.AnyConnectDevice(), vpn.VpnLogin(VPN_USER, password, sign=True))
    site.decisions(3)
    site.mdmd.stop()  # what it holds back is written now
    site.radiusd.stop()

    private_key = (site.pki.directory / "mdm.key").read_text().splitlines()[1]
    secrets = {
        VPN_PASSWORD: "a password",
        "a-wrong-password": "a wrong password",
        SECRET: "the secret shared with a client",
        private_key: "mdmd's key",
        "eyJ": "a token or an assertion of Entra",
        "PRIVATE KEY": "a key",
        "MPPE": "a session key",
        "MSK": "a session key",
    }
    files = [
        path for place in (site.state_directory, site.log_directory) for path in place.rglob("*") if path.is_file()
    ]
    assert {"radius.log", "mdmd.log", "store.sqlite"} <= {path.name for path in files}
    assert any(path.suffix == ".jsonl" for path in files)
    for path in files:
        text = path.read_bytes().decode("latin-1")
        assert [what for secret, what in secrets.items() if secret in text] == [], path
        # Octets, as FreeRADIUS prints a key; Class is "mdm:" and the decision's id.
        assert re.findall(r"0x(?!6d646d3a(?:3[0-9]|6[1-6]){24}\b)[0-9a-fA-F]{32,}", text) == [], path
