"""Tokens against the simulated login host: what MSAL would get wrong is checked by counting requests."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.config.model import AssertionMode
from freeradius_mdm.errors import SourceError
from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.mdm.http import HttpClient
from freeradius_mdm.mdm.tokens import Token, Tokens, TokenUse

from .bench import CLIENT, LOGIN_HOST, SECRET, Bench, FakeClock

CRS, GRAPH = TokenUse.CRS, TokenUse.GRAPH


class Desk:
    """Tokens objects that are closed at the end; the simulator stays in the present, as MSAL does."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.clock = FakeClock()
        self._clients: list[HttpClient] = []

    def tokens(self, **changes: Any) -> Tokens:
        server = self.bench.server(**changes)
        self._clients.append(HttpClient(server))
        return Tokens(server, self._clients[-1], self.clock)

    def later(self, seconds: float) -> None:
        self.clock.now += seconds

    def close(self) -> None:
        for client in self._clients:
            client.close()

    @property
    def posts(self) -> int:
        return self.bench.asked("token")


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    made = Desk(bench)
    yield made
    made.close()


def refused(tokens: Tokens, use: TokenUse = CRS) -> SourceError:
    with pytest.raises(SourceError) as caught:
        tokens.get(use)
    return caught.value


@pytest.mark.parametrize("mode", [AssertionMode.PS256, AssertionMode.RS256])
def test_a_certificate(desk: Desk, mode: AssertionMode) -> None:
    tokens = desk.tokens(assertion_mode=mode)
    token = tokens.get(CRS)
    assert token.claims is not None
    assert token.claims.audience == "https://api.manage.microsoft.com/"
    assert "get_device_compliance" in token.claims.roles
    assert token.expires_at == pytest.approx(desk.clock.now + 3599, abs=1)


def test_a_secret_from_a_file_with_a_newline(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    assert desk.tokens(client_secret_file=file).get(CRS).value


def test_one_scope_at_a_time_and_one_document(desk: Desk) -> None:
    tokens = desk.tokens()
    tokens.get(CRS)
    tokens.get(GRAPH)
    scopes = [entry.subject for entry in desk.bench.sim.journal(operation="token")]
    # The resource that Entra makes of each scope; the double slash is part of the first one's name.
    assert scopes == ["https://api.manage.microsoft.com/", "https://graph.microsoft.com"]
    assert desk.bench.asked("oidc") == 1
    assert set(desk.bench.sim.counters()["connections"]) == {LOGIN_HOST}


def test_nobody_else_is_asked_whatever_the_environment_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    monkeypatch.setenv("REGION_NAME", "westeurope")
    desk.bench.sim.fault("app-missing", nth=2)
    tokens = desk.tokens()
    tokens.get(CRS)
    refused(tokens, GRAPH)
    assert set(desk.bench.sim.counters()["connections"]) == {LOGIN_HOST}


def test_a_token_is_asked_for_once(desk: Desk) -> None:
    tokens = desk.tokens()
    assert tokens.get(CRS) is tokens.get(CRS)
    assert desk.posts == 1


def test_forty_cold_threads_make_one_request(desk: Desk) -> None:
    tokens, got = desk.tokens(), []
    threads = [threading.Thread(target=lambda: got.append(tokens.get(CRS))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, got))) == 1
    assert (desk.posts, desk.bench.asked("oidc")) == (1, 1)


def test_forty_cold_threads_share_a_failure(desk: Desk) -> None:
    desk.bench.sim.fault("app-missing")
    tokens, errors = desk.tokens(), []

    def work() -> None:
        errors.append(refused(tokens))

    threads = [threading.Thread(target=work) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {error.code for error in errors} == {"M1210"}
    assert len(set(map(id, errors))) == 40
    assert desk.posts == 1


def test_renewed_ahead(desk: Desk) -> None:
    tokens = desk.tokens()
    first = tokens.get(CRS)
    tokens.renew(CRS)
    assert desk.posts == 1
    desk.later(2500)
    assert tokens.due(CRS)
    assert tokens.get(CRS) is first  # a question never waits for a renewal
    tokens.renew(CRS)
    second = tokens.get(CRS)
    assert second is not first
    assert (desk.posts, tokens.due(CRS)) == (2, False)


@pytest.mark.parametrize("outage", ["503-sticky", "429-seconds", "reset", "html-403", "app-disabled"])
def test_an_outage_is_ridden_out_until_30_s_before_the_end(desk: Desk, outage: str) -> None:
    tokens = desk.tokens()
    first = tokens.get(CRS)
    desk.bench.sim.fault(outage, host=LOGIN_HOST)
    for moment in (2500, 3000, 3400, 3568):
        desk.later(moment - (desk.clock.now - (first.expires_at - 3599)))
        if tokens.due(CRS):
            with pytest.raises(SourceError):
                tokens.renew(CRS)
        assert tokens.get(CRS) is first
    desk.later(2)
    refused(tokens)


def test_a_token_of_299_s_is_kept_all_the_same(desk: Desk) -> None:
    desk.bench.sim.fault("short-token")
    tokens = desk.tokens()
    for _ in range(5):
        tokens.get(CRS)
    assert desk.posts == 1
    desk.later(270)
    tokens.get(CRS)
    assert desk.posts == 2


def test_without_expires_in_a_token_lives_600_s(desk: Desk) -> None:
    desk.bench.sim.fault("no-expires-in")
    assert desk.tokens().get(CRS).expires_at == pytest.approx(desk.clock.now + 600, abs=1)


@pytest.mark.parametrize(
    ("fault", "options", "status", "number", "advice"),
    [
        ("cert-unknown", {}, 401, "AADSTS700027", "upload this certificate"),
        ("cert-expired", {}, 401, "AADSTS700027", "upload this certificate"),
        ("clock-skew", {}, 401, "AADSTS700024", "NTP"),
        ("secret-bad", {}, 401, "AADSTS7000215", "VALUE"),
        ("app-missing", {}, 400, "AADSTS700016", "client_id"),
        ("app-disabled", {}, 400, "AADSTS7000112", "enable"),
        ("tenant-missing", {}, 400, "AADSTS90002", "tenant"),
        ("ca-block", {}, 400, "AADSTS53003", "Conditional Access"),
        ("alg-refused", {}, None, "AADSTS5002738", "rs256"),
        ("alg-refused", {"code": "5002730"}, None, "AADSTS5002730", "rs256"),
        ("aadsts", {"code": "7000222"}, 401, "AADSTS7000222", "expired"),
        ("aadsts", {"code": "500011"}, 400, "AADSTS500011", "licence"),
        ("aadsts", {"code": "7000229"}, 400, "AADSTS7000229", "consent"),
    ],
)
@pytest.mark.parametrize("style", ["crlf", "blanks"])
def test_refusals(
    desk: Desk, fault: str, options: dict[str, str], status: int | None, number: str, advice: str, style: str
) -> None:
    desk.bench.sim.change_settings(description_style=style)
    desk.bench.sim.fault(fault, **options)
    error = refused(desk.tokens())
    assert error.code == "M1210"
    assert number in error.detail
    assert advice in error.advice
    assert status is None or f"HTTP {status}" in error.detail
    assert "correlation id " in error.detail
    assert "correlation id none" not in error.detail
    assert "timestamp 20" in error.detail
    assert "\n" not in str(error)
    assert "\r" not in str(error)


def test_for_an_unknown_certificate_our_fingerprints_are_shown(desk: Desk) -> None:
    desk.bench.sim.fault("cert-unknown")
    detail = refused(desk.tokens()).detail
    assert desk.bench.app.sha1 in detail
    assert desk.bench.app.sha256 in detail


@pytest.mark.parametrize("fault", ["secret-bad", "app-missing", "tenant-missing", "cert-unknown", "clock-skew"])
def test_a_repair_in_the_portal_shows_within_seconds(desk: Desk, fault: str) -> None:
    tokens = desk.tokens()
    desk.bench.sim.fault(fault)
    refused(tokens)
    desk.bench.sim.clear_faults()
    refused(tokens)  # held: a storm of questions must not become a storm of token requests
    desk.later(5)
    assert tokens.get(CRS).value


def test_a_repaired_file_shows_at_once(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("wrong")
    file.chmod(0o600)
    tokens = desk.tokens(client_secret_file=file)
    assert "AADSTS7000215" in refused(tokens).detail
    new = tmp_path / "new"
    new.write_text(SECRET)
    new.chmod(0o600)
    new.replace(file)
    assert tokens.get(CRS).value


def test_a_renewed_certificate_is_used_for_the_next_token(desk: Desk, pki: LabPki, tmp_path: Path) -> None:
    old, new = pki.application("old"), pki.application("new")
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"
    for source in (old, new):
        for target, data in ((certificate, source.cert_file.read_bytes()), (key, source.key_file.read_bytes())):
            target.unlink(missing_ok=True)
            target.touch(0o600)
            target.write_bytes(data)
        if source is old:
            desk.bench.sim.change_application(CLIENT, certificates=[old.cert_file.read_text()])
            tokens = desk.tokens(certificate_file=certificate, key_file=key)
            tokens.get(CRS)
    desk.bench.sim.change_application(CLIENT, certificates=[new.cert_file.read_text()])
    desk.later(3600)
    assert tokens.get(CRS).value


def test_an_unusable_credential_is_found_without_the_network(desk: Desk, tmp_path: Path) -> None:
    assert refused(desk.tokens(key_file=tmp_path / "gone")).code == "M1212"
    assert desk.bench.sim.counters()["connections"] == {}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("200-error-body", "M1210"),
        ("html-403", "M1213"),
        ("307-offsite", "M1213"),
        ("500", "M1213"),
        ("reset", "M1205"),
        ("refuse", "M1205"),
        ("half-close", "M1205"),
        ("tls-unknown-ca", "M1203"),
        ("proxy-407", "M1213"),
    ],
)
def test_other_failures(desk: Desk, fault: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.bench.sim.fault(fault)
    with caplog.at_level(logging.DEBUG):
        assert refused(desk.tokens()).code == code
    assert "<html" not in caplog.text.lower()  # MSAL would log the whole body
    assert set(desk.bench.sim.counters()["connections"]) <= {LOGIN_HOST}


def test_one_503_is_no_failure(desk: Desk) -> None:
    desk.bench.sim.fault("503-once", host=LOGIN_HOST)
    assert desk.tokens().get(CRS).value


@pytest.mark.parametrize(
    ("fault", "seconds"), [("429-seconds", 7), ("429-http-date", 7), ("429-no-header", 5), ("503-sticky", 9)]
)
def test_the_login_hosts_wishes_are_kept(desk: Desk, fault: str, seconds: float) -> None:
    options = {"seconds": str(seconds)} if fault == "503-sticky" else {}
    desk.bench.sim.fault(fault, path="*oauth2*", **options)
    tokens = desk.tokens()
    assert refused(tokens).retry_after == pytest.approx(seconds, abs=1.5)
    posts = desk.posts
    desk.later(seconds - 2)
    assert refused(tokens).retry_after == pytest.approx(2, abs=1.5)
    assert desk.posts == posts
    desk.bench.sim.clear_faults()
    desk.later(3.5)
    assert tokens.get(CRS).value


def test_a_throttled_scope_does_not_hold_the_other(desk: Desk) -> None:
    desk.bench.sim.fault("429-seconds", path="*oauth2*", times=1)
    tokens = desk.tokens()
    refused(tokens, CRS)
    assert tokens.get(GRAPH).value


def test_dropping_drops_both_once(desk: Desk) -> None:
    tokens = desk.tokens()
    crs, graph = tokens.get(CRS), tokens.get(GRAPH)
    assert tokens.drop(crs)
    assert tokens.get(CRS) is not crs
    assert tokens.get(GRAPH) is not graph
    assert desk.posts == 4


def test_many_threads_refused_with_one_token_get_one_new_one(desk: Desk) -> None:
    tokens = desk.tokens()
    old = tokens.get(CRS)
    assert tokens.drop(old)
    new = tokens.get(CRS)
    assert tokens.drop(old)  # a latecomer
    assert tokens.get(CRS) is new


def test_a_fresh_token_that_is_refused_too_is_not_replaced_at_once(desk: Desk) -> None:
    tokens = desk.tokens()
    assert tokens.drop(tokens.get(CRS))
    assert not tokens.drop(tokens.get(CRS))
    desk.later(30)
    assert tokens.drop(tokens.get(CRS))


def test_no_secret_in_logs_or_reprs(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    tokens = desk.tokens()
    with caplog.at_level(logging.DEBUG):
        token: Token = tokens.get(CRS)
        desk.bench.sim.fault("cert-unknown")
        desk.later(3600)
        error = refused(tokens)
    texts = caplog.text + repr(token) + str(error)
    assert token.value not in texts
    assert "client_assertion" not in texts
    assert "eyJ" not in texts
