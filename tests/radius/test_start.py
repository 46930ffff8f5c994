"""Starting, checking, following the configuration, and stopping."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from freeradius_mdm.errors import MdmError
from freeradius_mdm.lab import radiusd
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.radius.errors import LabRadiusError
from freeradius_mdm.lab.site import Site
from tests.radius.behind import codes, decisions_of, wait_until_warm
from tests.radius.crowd import fleet, insistent_client
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
TAKEN_OVER_WITHIN = 3.0  # seconds; the files are looked at once a second


@pytest.fixture
def edited(own_site: Site) -> Iterator[Site]:
    """A site whose mdm.toml, dACLs and dictionary a test may edit; put back after it, with radiusd up."""
    files = [own_site.mdm_toml, *(own_site.mdm_toml.parent / "dacls").glob("*.acl"), own_site.raddb / "dictionary"]
    before = {file: file.read_bytes() for file in files}
    yield own_site
    for file, content in before.items():
        file.write_bytes(content)
    own_site.radiusd.stop()
    own_site.start_radiusd()


def break_it(site: Site) -> None:
    """Three faults, of three kinds, in three places."""
    text = site.mdm_toml.read_text()
    for right, wrong in (
        ('reauth_interval = "4h"', "reauth_interval = 240"),
        ("vlan = 666", "vlan = 6666"),
        ('profile = "Enrolment"', 'profile = "Enrollment"'),
    ):
        assert right in text
        text = text.replace(right, wrong)
    site.mdm_toml.write_text(text)


# The key path, what is wrong, and what is allowed; each at the line where it stands.
FAULTS = (
    r"mdm\.toml:{}: M1853 servers\[1\]\.reauth_interval: a bare number, 240",
    r"mdm\.toml:{}: M1854 profiles\.Quarantine\.vlan: 6666 does not fit",
    r"mdm\.toml:{}: M1858 rules\[3\]\.profile: 'Enrollment'",
)


def assert_every_fault_is_told(site: Site, output: str) -> None:
    lines = site.mdm_toml.read_text().splitlines()
    for fault, wrong in zip(FAULTS, ("reauth_interval = 240", "vlan = 6666", '"Enrollment"'), strict=True):
        number = next(at for at, line in enumerate(lines, 1) if wrong in line)
        assert re.search(fault.format(number), output), output
    assert "3 errors in the configuration" in output


def test_the_check_passes(own_site: Site) -> None:
    done = radiusd.check(own_site.host, own_site.raddb)
    assert done.returncode == 0, done.stdout


def test_the_check_tells_every_error(edited: Site) -> None:
    break_it(edited)
    done = radiusd.check(edited.host, edited.raddb)
    assert done.returncode == 1
    assert_every_fault_is_told(edited, done.stdout)


def test_a_faulty_configuration_stops_the_start(edited: Site) -> None:
    edited.radiusd.stop()
    break_it(edited)
    with pytest.raises(MdmError) as raised:
        edited.start_radiusd()
    assert_every_fault_is_told(edited, str(raised.value))


def test_without_the_dictionary_line_it_does_not_start(edited: Site) -> None:
    edited.radiusd.stop()
    dictionary = edited.raddb / "dictionary"
    dictionary.write_text(dictionary.read_text().replace("$INCLUDE dictionary.mdm\n", ""))
    with pytest.raises(MdmError, match=r"dictionary lacks MDM-.*: add the line \$INCLUDE dictionary\.mdm"):
        edited.start_radiusd()


def test_a_faulty_edit_leaves_the_old_one_in_force(edited: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(edited, new_endpoint, 1)
    device.enrol(compliant=False)
    device.sign_in()
    break_it(edited)

    def told() -> bool:
        assert device.sign_in().reply.value("Tunnel-Private-Group-Id", 1) == "666"
        return "M1903 the new configuration is faulty, the old one stays" in edited.radius_log

    wait_for(told, "the log says so", TAKEN_OVER_WITHIN)
    assert_every_fault_is_told(edited, edited.radius_log)
    wait_for(lambda: "event=config_refused" in edited.mdmd.tail(200), "mdmd says so too", 5)
    assert edited.radius_log.count("M1903") == 1  # once, and not with each request


def test_a_good_edit_is_taken_over(edited: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(edited, new_endpoint, 1)
    pid = edited.radiusd.pid
    assert vlan(device) == "EMPLOYEES"

    edited.mdm_toml.write_text(edited.mdm_toml.read_text().replace('vlan = "EMPLOYEES"', 'vlan = "STAFF"'))
    wait_for(lambda: vlan(device) == "STAFF", "the new VLAN is given out", TAKEN_OVER_WITHIN)
    assert "the new configuration is in force" in edited.radius_log
    assert (edited.radiusd.pid, edited.radiusd.running()) == (pid, True)


def test_a_changed_dacl_has_a_new_version(edited: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(edited, new_endpoint, 1)
    assert dacl(device) == "#ACSACL#-IP-PERMIT-INTRANET-ba3efdc0"

    file = edited.mdm_toml.parent / "dacls/PERMIT-INTRANET.acl"
    file.write_text("! mail server excluded\ndeny   ip any host 192.0.2.25\npermit ip any any\n")
    version = hashlib.sha256(b"deny ip any host 192.0.2.25\npermit ip any any").hexdigest()[:8]
    wait_for(lambda: dacl(device) == f"#ACSACL#-IP-PERMIT-INTRANET-{version}", "the new version", TAKEN_OVER_WITHIN)


def test_stopping_under_load(make_site: Callable[..., Site], new_endpoint: NewEndpoint) -> None:
    """The store has been opened, authentications are under way, and one of them waits for Intune.

    FreeRADIUS 3.2.1 itself, without this module too, hangs in about one of ten such stops: a worker spins in
    fr_atomic_queue_pop while thread_pool_stop waits for it, and systemd has to kill it. That is not ours to judge; a
    crash is, and so is a hang every time.
    """
    site = make_site(toml={"wait": '"300ms"'})
    wait_until_warm(site)
    devices = fleet(site, new_endpoint, 4)
    site.microsoft.fault("slow-10s", path=f"*{devices[0].device_id}*")
    statuses = []
    for _ in range(5):
        done = threading.Semaphore(0)
        with ThreadPoolExecutor(len(devices)) as pool:
            ends = [pool.submit(sign_in_until_it_has_gone, device, done) for device in devices]
            for _ in range(20):
                assert done.acquire(timeout=20)
            statuses.append(site.radiusd.stop())
        assert [end.exception() for end in ends] == [None] * len(ends)
        assert "Exiting normally" in site.radius_log
        site.start_radiusd()
    site.microsoft.fault("refuse")  # breaks the question off that mdmd would wait for when it stops
    hung = -signal.SIGKILL
    assert set(statuses) <= {0, hung}
    assert statuses.count(0) >= 2


def test_mdmd_is_absent_at_the_start(make_site: Callable[..., Site], new_endpoint: NewEndpoint) -> None:
    site = make_site()
    [device] = fleet(site, new_endpoint, 1)
    site.mdmd.stop(signal.SIGKILL)
    site.radiusd.stop()
    shutil.rmtree(site.state_directory)
    site.start_radiusd()

    assert vlan(device) == "RESTRICTED"
    assert "M1902" in site.radius_log  # there is no journal yet

    site.start_mdmd()
    wait_until_warm(site)
    assert vlan(device) == "EMPLOYEES"
    assert "M1402" in codes(decisions_of(device)[0])


def sign_in_until_it_has_gone(device: Endpoint, done: threading.Semaphore) -> None:
    with insistent_client(device.site) as client:
        while True:
            try:
                device.sign_in(client)
            except LabRadiusError:
                return
            done.release()


def vlan(device: Endpoint) -> object:
    return device.sign_in().reply.value("Tunnel-Private-Group-Id", 1)


def dacl(device: Endpoint) -> str:
    return str(device.sign_in().reply.value("Cisco-AVPair")).partition("=")[2]
