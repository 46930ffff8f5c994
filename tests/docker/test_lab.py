"""The composition, seen from outside: the cast's table, health checks that mean something, and who may do what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from freeradius_mdm.lab.cast import TABLET, expected_rows
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import Reply, vpn
from tests.docker.composition import PARTS, Composition
from tests.docker.images import Images

CHECKED = tuple(part for part in PARTS if not part.startswith("node"))
USERS = {"radius": "freerad", "mdmd": "mdm", "node": "mdm", "redis": "redis", "sentinel": "redis", "microsoft": "mdm"}
HEALTH_WITHIN = 60.0  # seconds: three checks that time out, and their pauses


def sign_in(composition: Composition, node: int) -> Reply:
    """A managed tablet over VPN, from this machine."""
    login = vpn.VpnLogin(VPN_USER, VPN_PASSWORD, sign=True)
    with composition.radius(node) as client:
        return vpn.log_in(client, vpn.VpnHeadend(started=1_700_000_000), vpn.mobile(TABLET), login)


def test_the_cast_got_what_is_expected(composition: Composition) -> None:
    """`up` compares each row with expected.toml, which is written by hand; here its table is read once more."""
    assert "10 devices, 0 differences from expected.toml" in composition.output
    for row in expected_rows():
        (line,) = re.findall(rf"(?m)^{re.escape(row['device'])}  .*$", composition.output)
        assert re.search(rf"  {row['result']}(  |$)", line)
        assert str(row.get("rule", "")) in line
    assert len(re.findall(r"(?m)^mdm decision id=[0-9a-f]{24} outcome=", composition.output)) == 11
    assert "record_source=Cached" in composition.output  # the laptop at the second node


def test_every_part_is_there_and_healthy(composition: Composition) -> None:
    assert set(composition.containers()) == set(PARTS)
    for service in CHECKED:
        assert composition.health(service) == "healthy", service


@pytest.mark.parametrize("service", PARTS)
def test_what_a_container_may_do(composition: Composition, service: str) -> None:
    attributes = composition.container(service).attrs
    host = attributes["HostConfig"]
    assert attributes["Config"]["User"] == USERS[service.rstrip("0123456789")]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["LogConfig"]["Config"]["max-size"] == "10m"


def test_published_on_the_loopback_address_only(composition: Composition) -> None:
    published = {
        binding["HostIp"]
        for made in composition.containers().values()
        for bindings in (made.attrs["HostConfig"]["PortBindings"] or {}).values()
        for binding in bindings
    }
    assert published == {"127.0.0.1"}


def test_no_secret_is_in_what_the_engine_tells(composition: Composition, images: Images) -> None:
    """Neither in environment, command or labels (`docker inspect`), nor in what the programs log."""
    secrets = [(composition.site / "secrets" / name).read_text().strip() for name in ("redis.password", "radius.key")]
    secrets += [(composition.site / "secrets/redis-admin.password").read_text().strip(), composition.secret().decode()]
    assert all(len(secret) > 20 for secret in secrets)
    for service, made in composition.containers().items():
        told = json.dumps(made.attrs) + made.logs().decode(errors="replace")
        assert not [secret for secret in secrets if secret in told], service


def test_both_nodes_answer_from_outside(composition: Composition) -> None:
    for node in (1, 2):
        assert sign_in(composition, node).accepted


def test_the_state_is_shared_by_one_group(composition: Composition) -> None:
    """As mdmd.service says: the directory 2770, the store 0660, owned by mdmd's user and the common group."""
    listing = composition.container("radius1").exec_run(
        ["stat", "--format", "%a %U %G", "/var/lib/freeradius-mdm", "/var/lib/freeradius-mdm/store.sqlite"]
    )
    assert listing.output.decode().splitlines() == ["2770 mdm freerad", "660 mdm freerad"]


@pytest.mark.parametrize(
    ("service", "program"),
    [("radius2", "freeradius"), ("mdmd2", "python"), ("redis2", "redis-server"), ("sentinel3", "redis-sentinel")],
)
def test_a_program_that_hangs_is_unhealthy(composition: Composition, service: str, program: str) -> None:
    """Stopped by SIGSTOP it still has its process and its sockets; going on, it is healthy again."""
    made = composition.container(service)
    pids = "for p in /proc/[0-9]*; do grep -qa ^$0 $p/comm && [ ${p#/proc/} != 1 ] && echo ${p#/proc/}; done; true"
    pid = made.exec_run(["sh", "-c", pids, program]).output.decode().split()[0]
    assert made.exec_run(["sh", "-c", f"kill -STOP {pid}"]).exit_code == 0
    try:
        wait_for(lambda: composition.health(service) == "unhealthy", f"{service} is unhealthy", HEALTH_WITHIN)
    finally:
        assert made.exec_run(["sh", "-c", f"kill -CONT {pid}"]).exit_code == 0
    wait_for(lambda: composition.health(service) == "healthy", f"{service} is healthy again", HEALTH_WITHIN)


@pytest.mark.parametrize("service", ["mdmd1", "radius1"])
def test_either_half_of_a_node_starts_anew_without_the_other(composition: Composition, service: str) -> None:
    other = {"mdmd1": "radius1", "radius1": "mdmd1"}[service]
    since = composition.container(other).attrs["State"]["StartedAt"]
    composition.container(service).restart(timeout=20)
    wait_for(lambda: composition.health(service) == "healthy", f"{service} is healthy", HEALTH_WITHIN)
    assert sign_in(composition, 1).accepted
    assert composition.container(other).attrs["State"]["StartedAt"] == since
    assert composition.health(other) == "healthy"


@pytest.mark.parametrize("service", ["radius1", "mdmd1", "redis2", "sentinel2", "microsoft"])
def test_sigterm_ends_it_at_once(composition: Composition, service: str) -> None:
    made = composition.container(service)
    made.stop(timeout=20)
    try:
        made.reload()
        assert made.attrs["State"]["ExitCode"] == 0  # and not 137, which is SIGKILL after 20 s
    finally:
        made.start()
        wait_for(lambda: composition.health(service) == "healthy", f"{service} is healthy", HEALTH_WITHIN)


def test_down_leaves_nothing(images: Images, composition: Composition) -> None:
    """Last in this file, because it ends the composition; `down` again is no error."""
    composition.down()
    wanted = {"filters": {"label": f"com.docker.compose.project={composition.project}"}}
    listed: tuple[Callable[..., list[object]], ...] = (images.client.networks.list, images.client.volumes.list)
    assert composition.containers() == {}
    assert [found for each in listed for found in each(**wanted)] == []
    assert not composition.site.exists()
