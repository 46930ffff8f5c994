"""An application's own entry: our simulator's, and shapes that Graph is seen to send."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.mdm.graph_application import ApplicationEntry, GraphApplication
from freeradius_mdm.mdm.http import HttpClient
from freeradius_mdm.mdm.tokens import Tokens

from .bench import CLIENT, GRAPH_HOST, SECRET, Bench, FakeClock
from .canned import HOST, CannedServer

SHA1 = "52ED9B5038A47B9E2E2190715CC238359D4F8F73"  # the thumbprint of Graph's own documentation


@pytest.fixture
def application(bench: Bench) -> Iterator[GraphApplication]:
    server, clock = bench.server(), FakeClock()
    http = HttpClient(server)
    yield GraphApplication(GRAPH_HOST, http, Tokens(server, http, clock), clock)
    http.close()


def test_the_entry(application: GraphApplication, bench: Bench) -> None:
    entry = application.fetch(CLIENT)
    assert entry.name == "freeradius-mdm"
    (key,) = entry.keys
    assert (key.name, key.sha1) == ("CN=mdmd", bench.app.sha1)
    assert key.ends == bench.app.certificate.not_valid_after_utc
    (secret,) = entry.secrets
    assert (secret.name, secret.hint) == ("lab secret", "a~S")
    assert SECRET not in repr(entry)


@pytest.mark.parametrize(
    ("roles", "client", "code", "seen"),
    [
        (["get_device_compliance"], CLIENT, "M1222", "Authorization_RequestDenied"),
        (["Application.Read.All"], CLIENT.replace("a", "b"), "M1223", "registered in another tenant"),
    ],
)
def test_refusals(
    application: GraphApplication, bench: Bench, roles: list[str], client: str, code: str, seen: str
) -> None:
    bench.sim.change_application(CLIENT, roles=roles)
    with pytest.raises(SourceError) as caught:
        application.fetch(client)
    assert caught.value.code == code
    assert seen in caught.value.detail


class OneToken:
    """Tokens for a host that nobody gives any for."""

    class token:
        value = "x"
        claims = None

    def get(self, use: object) -> Any:
        return self.token


def fetched(bench: Bench, pki: LabPki, body: object) -> ApplicationEntry:
    """What is made of a body, sent by a server that sends just that."""
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"

    def answer(connection: ssl.SSLSocket) -> None:
        connection.sendall(head.encode() + data)

    with CannedServer(pki, answer) as canned:
        http = HttpClient(replace(bench.server(), connect_to=canned.address))
        try:
            return GraphApplication(HOST, http, OneToken(), FakeClock()).fetch(CLIENT)  # type: ignore[arg-type]
        finally:
            http.close()
            assert canned.heads[0].startswith(
                f"GET /v1.0/applications(appId='{CLIENT}')?$select=displayName,keyCredentials,passwordCredentials HTTP"
            )


@pytest.mark.parametrize(
    ("identifier", "sha1"),
    [
        (SHA1, SHA1),
        (SHA1.lower(), SHA1),
        ("Uu2bUDike54uIZBxXMI4NZ1Pj3M=", SHA1),  # base64 of the same 20 octets, by openssl
        (None, ""),
        ("AAAA", ""),
        ("not base64", ""),
    ],
)
def test_forms_of_the_thumbprint(bench: Bench, pki: LabPki, identifier: str | None, sha1: str) -> None:
    key = {"customKeyIdentifier": identifier, "displayName": "CN=x", "endDateTime": "2027-01-02T03:04:05Z", "key": None}
    entry = fetched(bench, pki, {"displayName": "app", "keyCredentials": [key], "passwordCredentials": []})
    assert entry.keys[0].sha1 == sha1
    assert entry.keys[0].ends == datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("listed", [None, [], [None], [5], "x", [{}], [{"endDateTime": "soon", "keyId": 7}]])
def test_odd_entries(bench: Bench, pki: LabPki, listed: object) -> None:
    entry = fetched(bench, pki, {"displayName": None, "keyCredentials": listed, "passwordCredentials": listed})
    assert entry.name == ""
    assert all(key.sha1 == "" and key.ends is None for key in entry.keys)


def test_an_answer_that_is_no_application(bench: Bench, pki: LabPki) -> None:
    with pytest.raises(SourceError) as caught:
        fetched(bench, pki, ["a list"])
    assert "HTTP 200 without an application" in caught.value.detail
