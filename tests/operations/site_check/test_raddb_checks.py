"""A configuration as README leaves it has no fault; each trap, set one at a time, is found with its text and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.operations.site_check import capacity, clients, eap, policy_module, policy_places
from tests.operations.site_check.sites import EAP, INNER, POLICY, faults, site, told

PARTS = (policy_module, policy_places, eap, capacity, clients)
OLD = (3, 2, 1)


def found(directory: Path, *changes: tuple[str, str, str], version: tuple[int, ...] = (3, 2, 7)) -> list[str]:
    made = site(directory, *changes, version=version)
    return faults((each for part in PARTS for each in part.check(made)), directory)


def test_a_healthy_configuration(tmp_path: Path) -> None:
    made = site(tmp_path)
    assert told((each for part in PARTS for each in part.check(made)), tmp_path) == [
        "ok raddb.python3: one python3 instance, mdm_policy",
        "ok raddb.hooks: 5 hooks are called with every list",
        "ok raddb.wait: mdm_wait asks mdmd at http://127.0.0.1:8650",
        "ok raddb.calls: server default calls mdm where it has to",
        "ok raddb.resumption: eap: TLS session resumption is off",
        "ok raddb.eap: eap decides inside EAP-TLS and inside tunnels",
        "ok raddb.threads: 64 threads are ready, at most 256",
        "ok raddb.max-requests: max_requests = 16384",
        "ok raddb.max-request-time: max_request_time = 30 s, service.wait 2 s",
        "ok raddb.signatures: Message-Authenticator is required of every client (2)",
        "ok raddb.families: taken for cisco-ios-xe, on VPN cisco-asa, having no mdm_family: headend",
    ]


DEFAULT = "sites-enabled/default"
CASES = {
    "a second instance": (
        ("mods-enabled/other", "", "python3 other {\n\tmodule = other\n}\n"),
        "error raddb.python3: a second python3 instance, other, is enabled: FreeRADIUS 3.2.1 aborts at start "
        "with two, and "
        "releases before 3.2.8 are not known to bear it @ mods-enabled/other:1",
    ),
    "no instance of ours": (
        ("mods-enabled/mdm_policy", "", "python3 other {\n\tmodule = other\n}\n"),
        "error raddb.python3: no enabled python3 instance has module = freeradius_mdm.hooks",
    ),
    "a hook without its function": (
        ("mods-enabled/mdm_policy", "\tfunc_accounting = accounting\n", ""),
        "error raddb.hooks: accounting: not both mod_ and func_ are set, so the hook is not called, and nothing "
        "says so",
    ),
    "the request list alone": (
        ("mods-enabled/mdm_policy", "\tpass_all_vps_dict = yes\n", ""),
        "error raddb.hooks: pass_all_vps_dict is not yes: the hooks see the request alone, and repeated "
        "attributes are lost",
    ),
    "another address of mdmd": (
        ("mods-enabled/mdm_wait", "127.0.0.1:8650", "127.0.0.1:8651"),
        "error raddb.wait: it asks http://127.0.0.1:8651, and mdmd listens on 127.0.0.1:8650 @ mods-enabled/mdm_wait:1",
    ),
    "a wait that ends too early": (
        ("mods-enabled/mdm_wait", "timeout = 2.5", "timeout = 2"),
        "warning raddb.wait: timeout = 2 s ends the wait before service.wait (2 s) does @ mods-enabled/mdm_wait:5",
    ),
    "connect_uri": (
        ("mods-enabled/mdm_wait", "\tauthorize {", '\tconnect_uri = "http://127.0.0.1:8650"\n\tauthorize {'),
        "warning raddb.wait: connect_uri: FreeRADIUS does not start while mdmd is down, and does not connect for "
        "retry_delay @ mods-enabled/mdm_wait:3",
    ),
    "connections at start": (
        ("mods-enabled/mdm_wait", "start = 0", "start = 5"),
        "warning raddb.wait: its pool has start above 0: FreeRADIUS does not start while mdmd is down",
    ),
    "fewer connections than threads": (
        ("mods-enabled/mdm_wait", "max = ${thread[pool].max_servers}", "max = 16"),
        "warning raddb.wait: its pool has max = 16 for up to 256 threads: some find no connection",
    ),
    "no mdm in authorize": (
        (DEFAULT, "\tauthorize {\n\t\tmdm\n", "\tauthorize {\n"),
        "error raddb.calls: server default: authorize does not call mdm: unsigned requests are answered, and no "
        "MAC is let "
        "in without a password @ sites-enabled/default:10",
    ),
    "mdm too late in authorize": (
        (DEFAULT, "\tauthorize {\n\t\tmdm\n", "\tauthorize {\n\t\tfiles\n\t\tmdm\n"),
        "warning raddb.calls: server default: files comes before mdm in authorize: it sees unsigned requests and "
        "names of "
        "ACLs @ sites-enabled/default:11",
    ),
    "mdm under a condition": (
        (DEFAULT, "\tauthorize {\n\t\tmdm\n", "\tauthorize {\n\t\tif (&NAS-Port) {\n\t\t\tmdm\n\t\t}\n"),
        "warning raddb.calls: server default: authorize calls mdm under a condition alone: if (&NAS-Port)",
    ),
    "no mdm in accounting": (
        (DEFAULT, "\taccounting {\n\t\tmdm\n", "\taccounting {\n"),
        "error raddb.calls: server default: accounting does not call mdm: sessions are not known, and no change of "
        "authorization reaches them @ sites-enabled/default:16",
    ),
    "no mdm in post-auth": (
        (DEFAULT, "\t\t}\n\t\tmdm\n\t}\n", "\t\t}\n\t}\n"),
        "error raddb.calls: server default: post-auth does not call mdm: whoever has a password or certificate "
        "is let in, "
        "without any result @ sites-enabled/default:20",
    ),
    "something behind mdm": (
        (DEFAULT, "\t\t}\n\t\tmdm\n\t}\n", "\t\t}\n\t\tmdm\n\t\tldap\n\t}\n"),
        "warning raddb.calls: server default: ldap comes behind mdm in post-auth: what it changes in a reply is "
        "not seen "
        "@ sites-enabled/default:32",
    ),
    "rejects not recorded": (
        (DEFAULT, "\t\t\tmdm_reject\n", ""),
        "error raddb.calls: server default: Post-Auth-Type REJECT does not call mdm_reject: rejects are not "
        "recorded, and "
        "some say EAP-Success @ sites-enabled/default:20",
    ),
    "resumption": (
        ("mods-enabled/eap", "enable = no", "enable = yes"),
        "warning raddb.resumption: eap: TLS session resumption is on: a resumed session shows no certificate or "
        "skips the "
        "tunnel, and is refused, so that devices fail to come back @ mods-enabled/eap:5",
    ),
    "no decision inside EAP-TLS": (
        ("mods-enabled/eap", "\t\tvirtual_server = mdm-eap-tls\n", ""),
        "error raddb.eap: eap: tls has no virtual_server: there is no decision inside EAP-TLS, and every "
        "certificate is "
        "refused @ mods-enabled/eap:8",
    ),
    "another server inside EAP-TLS": (
        ("mods-enabled/eap", "mdm-eap-tls", "check-eap-tls"),
        "error raddb.eap: eap: tls has virtual_server = check-eap-tls, which does not call mdm_decide: every "
        "certificate "
        "is refused @ mods-enabled/eap:10",
    ),
    "a tunnel without decision": (
        ("sites-enabled/inner-tunnel", "\t\tmdm_inner_tunnel\n", "\t\tldap\n"),
        "error raddb.eap: eap: peap's server inner-tunnel does not call mdm_inner_tunnel in post-auth: its logins are "
        "refused @ mods-enabled/eap:14",
    ),
    "few threads": (
        ("radiusd.conf", "start_servers = 64", "start_servers = 5"),
        "warning raddb.threads: start_servers = 5: with more requests than that waiting for Intune at once, the others "
        "stand in line, since the pool grows slowly @ radiusd.conf:11",
    ),
    "threads that are given up": (
        ("radiusd.conf", "max_spare_servers = 64", "max_spare_servers = 10"),
        "warning raddb.threads: max_spare_servers = 10: with more requests than that waiting for Intune at once, the "
        "others stand in line, since the pool grows slowly @ radiusd.conf:13",
    ),
    "max_requests missing": (
        ("radiusd.conf", "max_requests = 16384\n", ""),
        "warning raddb.max-requests: 256 requests are kept (max_requests is missing), answered ones for 5 s: beyond 51 "
        "packets a second they are dropped @ radiusd.conf",
    ),
    "max_requests small": (
        ("radiusd.conf", "max_requests = 16384", "max_requests = 1024"),
        "warning raddb.max-requests: 1024 requests are kept, answered ones for 5 s: beyond 204 packets a second "
        "they are "
        "dropped @ radiusd.conf:5",
    ),
    "a short time for requests": (
        ("radiusd.conf", "max_request_time = 30", "max_request_time = 2"),
        "error raddb.max-request-time: FreeRADIUS gives a request up after 2 s, and service.wait is 2 s @ radiusd.conf",
    ),
    "unsigned requests": (
        ("clients.conf", "\tsecret = two\n\trequire_message_authenticator = yes\n", "\tsecret = two\n"),
        "warning raddb.signatures: Message-Authenticator is not required of headend: the policy drops unsigned "
        "Access-Requests, but FreeRADIUS looks at them first (BlastRADIUS) @ clients.conf:7",
    ),
    "auto": (
        ("clients.conf", "two\n\trequire_message_authenticator = yes", "two\n\trequire_message_authenticator = auto"),
        "warning raddb.signatures: Message-Authenticator is not required of headend: the policy drops unsigned "
        "Access-Requests, but FreeRADIUS looks at them first (BlastRADIUS) @ clients.conf:10",
    ),
    "let off by name": (
        ("clients.conf", "\tsecret = two\n", "\tsecret = two\n\tmdm_message_authenticator = optional\n"),
        "warning raddb.signatures: unsigned requests are taken from headend (mdm_message_authenticator = optional) @ "
        "clients.conf:10",
    ),
    "a family that is not in use": (
        ("clients.conf", "mdm_family = cisco-ios-xe", "mdm_family = hostapd"),
        "error raddb.families: client switch: mdm_family = hostapd is not in use: all its requests are rejected @ "
        "clients.conf:5",
    ),
    "a family that does not exist": (
        ("clients.conf", "mdm_family = cisco-ios-xe", "mdm_family = cisco"),
        "error raddb.families: client switch: mdm_family = cisco is no vendor family: all its requests are rejected @ "
        "clients.conf:5",
    ),
}


@pytest.mark.parametrize(("change", "expected"), CASES.values(), ids=CASES)
def test_each_trap_is_found(tmp_path: Path, change: tuple[str, str, str], expected: str) -> None:
    lines = found(tmp_path, change)
    assert any(line == expected or line.startswith(f"{expected} @ ") for line in lines), lines
    assert all(line.split(":")[0] == expected.split(":")[0] for line in lines), lines


def test_a_second_instance_on_a_release_that_bears_it(tmp_path: Path) -> None:
    (line,) = found(tmp_path, ("mods-enabled/other", "", "python3 other {\n\tmodule = other\n}\n"), version=(3, 2, 8))
    assert "is enabled: both share one mutex, so that each waits for the other's calls" in line


def test_no_thread_pool(tmp_path: Path) -> None:
    pool = "thread pool {\n\tstart_servers = 64\n\tmax_servers = 256\n\tmax_spare_servers = 64\n}\n"
    made = site(
        tmp_path,
        ("radiusd.conf", pool, ""),
        ("mods-enabled/mdm_wait", "max = ${thread[pool].max_servers}", "max = 256"),
    )
    assert faults(capacity.check(made), tmp_path) == [
        "error raddb.threads: there is no section `thread pool`: requests are worked on one at a time, and each waits "
        "for the others @ radiusd.conf"
    ]


def test_no_call_at_all(tmp_path: Path) -> None:
    lines = found(tmp_path, (DEFAULT, "", "server default {\n\tlisten {\n\t\ttype = auth\n\t}\n}\n"))
    assert [line for line in lines if line.startswith("error raddb.calls")] == [
        f"error raddb.calls: no virtual server that listens calls mdm: nothing is decided by device compliance @ "
        f"{tmp_path}/raddb"
    ]


def test_a_server_beside_it(tmp_path: Path) -> None:
    guests = "server guests {\n\tlisten {\n\t\ttype = auth\n\t}\n}\n"
    assert found(tmp_path, ("sites-enabled/guests", "", guests)) == [
        "warning raddb.calls: server guests listens too and does not call mdm: its requests are not decided here @ "
        "sites-enabled/guests:1"
    ]


def test_calls_through_a_policy_of_the_site(tmp_path: Path) -> None:
    """`mdm` in a policy that the server calls is as good; a policy that calls itself is no endless loop."""
    own = POLICY + "site_begin {\n\tmdm\n\tsite_begin\n}\n"
    assert (
        found(
            tmp_path,
            ("policy.d/mdm", "", own),
            (DEFAULT, "\tauthorize {\n\t\tmdm\n", "\tauthorize {\n\t\tsite_begin\n"),
        )
        == []
    )


def test_a_server_that_takes_the_decision_over(tmp_path: Path) -> None:
    """mdm-eap-tls says how: its authorize section at the end of check-eap-tls."""
    own = "server check-eap-tls {\n\tauthorize {\n\t\tfiles\n\t\tmdm_decide\n\t}\n}\n"
    changes = (("mods-enabled/eap", "mdm-eap-tls", "check-eap-tls"), ("sites-enabled/check", "", own))
    assert found(tmp_path, *changes) == []


def test_ttls_without_a_server_of_its_own(tmp_path: Path) -> None:
    text = EAP.replace("\tpeap {", "\tttls {\n\t\ttls = tls-common\n\t}\n\tpeap {")
    assert found(tmp_path, ("mods-enabled/eap", "", text)) == [
        "error raddb.eap: eap: ttls has no virtual_server: its logins are not decided inside the tunnel, and are "
        "refused @ "
        "mods-enabled/eap:12"
    ]


def test_the_global_setting_counts_from_3_2_5_on(tmp_path: Path) -> None:
    """freeradius.md section 10; earlier releases pass over it."""
    changes = (
        ("radiusd.conf", "\tuser = nobody\n", "\tuser = nobody\n\trequire_message_authenticator = yes\n"),
        ("clients.conf", "\tsecret = two\n\trequire_message_authenticator = yes\n", "\tsecret = two\n"),
    )
    assert found(tmp_path, *changes) == []
    (line,) = found(tmp_path, *changes, version=OLD)
    assert line.startswith("warning raddb.signatures: Message-Authenticator is not required of headend")


def test_proxy_state(tmp_path: Path) -> None:
    changes = (
        ("radiusd.conf", "\tuser = nobody\n", "\tuser = nobody\n\tlimit_proxy_state = no\n"),
        ("clients.conf", "\tsecret = two\n\trequire_message_authenticator = yes\n", "\tsecret = two\n"),
    )
    assert found(tmp_path, *changes)[1:] == [
        "warning raddb.proxy-state: limit_proxy_state = no: an unsigned request with Proxy-State is taken, which "
        "BlastRADIUS needs @ radiusd.conf:8"
    ]


def test_radsec_clients_sign_nothing(tmp_path: Path) -> None:
    radsec = "client leaf {\n\tipaddr = 192.0.2.30\n\tproto = tls\n\tsecret = radsec\n\tmdm_family = cisco-ios-xe\n}\n"
    assert found(tmp_path, ("sites-enabled/tls", "", radsec)) == []


def test_clients_of_a_list_and_of_a_server(tmp_path: Path) -> None:
    """radiusd.conf(5): a `clients` section that a listener names, and clients below a server."""
    inside = INNER.replace("\tpost-auth", "\tclient c1 {\n\t\tsecret = x\n\t}\n\tpost-auth")
    listed = "clients some {\n\tclient c2 {\n\t\tsecret = x\n\t}\n}\n"
    (line,) = found(tmp_path, ("sites-enabled/inner-tunnel", "", inside), ("sites-enabled/some", "", listed))
    assert "Message-Authenticator is not required of c1, c2:" in line


@pytest.mark.parametrize(("place", "expected"), [("listen {\n\t\ttype = auth\n", True), ("authorize {\n", False)])
def test_a_listener_with_tls(tmp_path: Path, place: str, expected: bool) -> None:
    other = f"server radsec {{\n\t{place}\t\ttls {{\n\t\t\tca_file = x\n\t\t}}\n\t}}\n}}\n"
    assert clients.listens_with_tls(site(tmp_path, ("sites-enabled/radsec", "", other))) is expected
