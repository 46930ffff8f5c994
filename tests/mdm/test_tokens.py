"""Tokens against the simulated login host: what MSAL would get wrong is checked by counting requests."""

import logging
import threading
from pathlib import Path

import pytest

from freeradius_mdm.config.model import AssertionMode
from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.tokens import Token

from .bench import LOGIN_HOST, SECRET
from .token_desk import CRS, GRAPH, TokenDesk, refused


@pytest.mark.parametrize("mode", [AssertionMode.PS256, AssertionMode.RS256])
def test_a_certificate(desk: TokenDesk, mode: AssertionMode) -> None:
    tokens = desk.tokens(assertion_mode=mode)
    token = tokens.get(CRS)
    assert token.claims is not None
    assert token.claims.audience == "https://api.manage.microsoft.com/"
    assert "get_device_compliance" in token.claims.roles
    assert token.expires_at == pytest.approx(desk.clock.now + 3599, abs=1)


def test_a_secret_from_a_file_with_a_newline(desk: TokenDesk, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    assert desk.tokens(client_secret_file=file).get(CRS).value


def test_one_scope_at_a_time_and_one_document(desk: TokenDesk) -> None:
    tokens = desk.tokens()
    tokens.get(CRS)
    tokens.get(GRAPH)
    scopes = [entry.subject for entry in desk.bench.sim.journal(operation="token")]
    # The resource that Entra makes of each scope; the double slash is part of the first one's name.
    assert scopes == ["https://api.manage.microsoft.com/", "https://graph.microsoft.com"]
    assert desk.bench.asked("oidc") == 1
    assert set(desk.bench.sim.counters()["connections"]) == {LOGIN_HOST}


def test_nobody_else_is_asked_whatever_the_environment_says(desk: TokenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    monkeypatch.setenv("REGION_NAME", "westeurope")
    desk.bench.sim.fault("app-missing", nth=2)
    tokens = desk.tokens()
    tokens.get(CRS)
    refused(tokens, GRAPH)
    assert set(desk.bench.sim.counters()["connections"]) == {LOGIN_HOST}


def test_a_token_is_asked_for_once(desk: TokenDesk) -> None:
    tokens = desk.tokens()
    assert tokens.get(CRS) is tokens.get(CRS)
    assert desk.posts == 1


def test_forty_cold_threads_make_one_request(desk: TokenDesk) -> None:
    tokens, got = desk.tokens(), []
    threads = [threading.Thread(target=lambda: got.append(tokens.get(CRS))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, got))) == 1
    assert (desk.posts, desk.bench.asked("oidc")) == (1, 1)


def test_forty_cold_threads_share_a_failure(desk: TokenDesk) -> None:
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


def test_renewed_ahead(desk: TokenDesk) -> None:
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
def test_an_outage_is_ridden_out_until_30_s_before_the_end(desk: TokenDesk, outage: str) -> None:
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


def test_a_token_of_299_s_is_kept_all_the_same(desk: TokenDesk) -> None:
    desk.bench.sim.fault("short-token")
    tokens = desk.tokens()
    for _ in range(5):
        tokens.get(CRS)
    assert desk.posts == 1
    desk.later(270)
    tokens.get(CRS)
    assert desk.posts == 2


def test_without_expires_in_a_token_lives_600_s(desk: TokenDesk) -> None:
    desk.bench.sim.fault("no-expires-in")
    assert desk.tokens().get(CRS).expires_at == pytest.approx(desk.clock.now + 600, abs=1)


def test_dropping_drops_both_once(desk: TokenDesk) -> None:
    tokens = desk.tokens()
    crs, graph = tokens.get(CRS), tokens.get(GRAPH)
    assert tokens.drop(crs)
    assert tokens.get(CRS) is not crs
    assert tokens.get(GRAPH) is not graph
    assert desk.posts == 4


def test_many_threads_refused_with_one_token_get_one_new_one(desk: TokenDesk) -> None:
    tokens = desk.tokens()
    old = tokens.get(CRS)
    assert tokens.drop(old)
    new = tokens.get(CRS)
    assert tokens.drop(old)  # a latecomer
    assert tokens.get(CRS) is new


def test_a_fresh_token_that_is_refused_too_is_not_replaced_at_once(desk: TokenDesk) -> None:
    tokens = desk.tokens()
    assert tokens.drop(tokens.get(CRS))
    assert not tokens.drop(tokens.get(CRS))
    desk.later(30)
    assert tokens.drop(tokens.get(CRS))


def test_no_secret_in_logs_or_reprs(desk: TokenDesk, caplog: pytest.LogCaptureFixture) -> None:
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
