"""Both nodes driven from outside of their containers: the cast, eapol_test, and a download that changes nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.decision import Decision
from freeradius_mdm.lab.cast import Cast, expected_rows
from freeradius_mdm.lab.radius.dacl_download import AclRequest, ask, entries_of
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.table import Row, differences
from tests.docker.composition import PARTS
from tests.docker.guests import decision_id, new_endpoint, told
from tests.docker.outside import NODES, Outside, until
from tests.radius import acls, eapol, expect

# By eapol_test's numbers: 81 is Tunnel-Private-Group-Id, 27 Session-Timeout (RFC 2868, 2865), (9, 1) Cisco-AVPair.
KNOWN = {
    "compliant": ({"compliant": True}, "EMPLOYEES", "PERMIT-INTRANET"),
    "not compliant": ({"compliant": False}, "666", "QUARANTINE"),
}


@pytest.mark.parametrize("node", NODES)
def test_the_cast_gets_what_is_expected_at_either_node(node: int, outside: Outside) -> None:
    """expected.toml is written by hand. What is known already has a timer that is a little shorter."""
    members = Cast(outside.pki).members()
    [last] = newest(outside, node, 1)
    with outside.client(node) as client:
        replies = [member.sign_in(client) for member in members]
    until(lambda: newest(outside, node, len(members) + 1)[0] == last, "every decision is in the store")
    ids = newest(outside, node, len(members))
    decisions = [decision_from(each) for each in outside.several(node, *(f"/v1/decisions/{id_}" for id_ in ids))]
    rows = [
        Row(member.name, member.arrives, reply, decision)
        for member, reply, decision in zip(members, replies, decisions, strict=True)
    ]
    wanted = expected_rows()
    for row, want in zip(rows, wanted, strict=True):
        left = row.value("session_timeout")
        assert (left is None) == ("session_timeout" not in want)
        if left is not None:
            assert expect.INTERVAL - 900 < left <= expect.INTERVAL
            want["session_timeout"] = left
        assert row.decision.client == outside.gateway
    assert differences(rows, wanted) == []
    assert differences(rows[1:], wanted) == ["compliant laptop: did not sign in"]
    assert {row.decision.outcome for row in rows} == {"accept", "reject"}


def newest(outside: Outside, node: int, count: int) -> list[str]:
    """The ids of the node's latest decisions, oldest first."""
    return [each["id"] for each in reversed(outside.api(node, f"/v1/decisions?limit={count}")["decisions"])]


def decision_from(body: dict[str, Any]) -> Decision:
    return Decision.from_json(json.dumps(body))


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("case", KNOWN)
def test_eapol_test_at_either_node(case: str, node: int, outside: Outside, tmp_path: Path) -> None:
    known, vlan, dacl = KNOWN[case]
    endpoint = new_endpoint(outside, **known)
    attempt = eapol.Attempt(eapol.Method.TLS, endpoint.mac, endpoint.credential, endpoint.identity)
    outcome = eapol.run_at(target(outside, node, tmp_path), attempt)
    assert (outcome.successes, outcome.failures, outcome.keys_agree) == (1, 0, True)
    assert outcome.reply.code == "Access-Accept"
    assert outcome.reply.values(81) == [vlan]
    [named] = [value for value in outcome.reply.values((9, 1)) if "Defined-ACL" in value]
    assert named.startswith(f"ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-{dacl}-")
    [timer] = outcome.reply.values(27)
    assert expect.INTERVAL - 900 < int(timer) <= expect.INTERVAL


@pytest.mark.parametrize("node", NODES)
def test_eapol_test_with_an_expired_certificate(node: int, outside: Outside, tmp_path: Path) -> None:
    endpoint = new_endpoint(outside, compliant=True)
    expired = endpoint.issue(days=-1)
    attempt = eapol.Attempt(eapol.Method.TLS, endpoint.mac, expired, endpoint.identity, limit=6)
    outcome = eapol.run_at(target(outside, node, tmp_path), attempt)
    assert (outcome.successes, outcome.reply.code) == (0, "Access-Reject")
    assert set(outcome.reply.keys) <= {79, 80}  # EAP-Message, Message-Authenticator


def target(outside: Outside, node: int, directory: Path) -> eapol.Target:
    port = outside.composition.ports[f"MDM_RADIUS{node}_PORT"]
    return eapol.Target(directory, outside.pki.ca_file, port, outside.secret.decode())


def test_one_question_for_both_nodes(outside: Outside) -> None:
    """What one node was answered serves the other: its decision is made on a record that it never asked for."""
    endpoint = new_endpoint(outside, compliant=True)
    sources = []
    for node in NODES:
        with outside.client(node) as client:
            reply = endpoint.sign_in(client).reply
        assert told(reply) == expect.EMPLOYEE
        sources.append(outside.decision(node, decision_id(reply))["record_source"])
    assert sources == ["Live", "Cached"]


def test_a_download_that_begins_at_one_node_goes_on_at_the_other(outside: Outside) -> None:
    """2,000 ACEs, some sixty to a packet: the first packet from node 1, the second from node 2, and so on in turn."""
    request = AclRequest(acls.wire_name("LONG", acls.LONG))
    got: list[str] = []
    state: bytes | None = None
    packets = 0
    with outside.client(1) as one, outside.client(2) as two:
        while True:
            reply = ask((one, two)[packets % 2], request, state)
            packets += 1
            got += entries_of(reply, request.name, len(got))
            if reply.code is Code.ACCESS_ACCEPT:
                break
            assert reply.code is Code.ACCESS_CHALLENGE
            [state] = reply.values("State")  # type: ignore[assignment]
            if packets == 1:
                first = bytes(state)  # type: ignore[arg-type]
        assert got == acls.LONG
        assert packets > 20
        # The other node believes what is signed with the common key, and nothing else.
        forged = bytes([first[0] ^ 1]) + first[1:]
        assert acls.refused(ask(two, request, forged), "M1515")


def test_what_must_not_stay_behind_is_seen(outside: Outside) -> None:
    """Twelve containers, a network, four volumes and a directory are there now; the fixture wants none at the end."""
    assert len(outside.left_behind()) == len(PARTS) + 1 + 4 + 1
