"""Refusals, throttling and outages of the login host (intune.md section 2.5)."""

import logging
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.lab.pki import LabPki

from .bench import CLIENT, LOGIN_HOST, SECRET
from .token_desk import CRS, GRAPH, TokenDesk, refused


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
    desk: TokenDesk, fault: str, options: dict[str, Any], status: int | None, number: str, advice: str, style: str
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


def test_for_an_unknown_certificate_our_fingerprints_are_shown(desk: TokenDesk) -> None:
    desk.bench.sim.fault("cert-unknown")
    detail = refused(desk.tokens()).detail
    assert desk.bench.app.sha1 in detail
    assert desk.bench.app.sha256 in detail


@pytest.mark.parametrize("fault", ["secret-bad", "app-missing", "tenant-missing", "cert-unknown", "clock-skew"])
def test_a_repair_in_the_portal_shows_within_seconds(desk: TokenDesk, fault: str) -> None:
    tokens = desk.tokens()
    desk.bench.sim.fault(fault)
    refused(tokens)
    desk.bench.sim.clear_faults()
    refused(tokens)  # held: a storm of questions must not become a storm of token requests
    desk.later(5)
    assert tokens.get(CRS).value
    # A new application object each time: MSAL keeps an assertion for 540 s, with the clock it was made by.
    # A third one when the simulator closed the kept connection at that moment, and it was tried again.
    assert desk.bench.asked("oidc") in (2, 3)


def test_a_repaired_file_shows_at_once(desk: TokenDesk, tmp_path: Path) -> None:
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


def test_a_renewed_certificate_is_used_for_the_next_token(desk: TokenDesk, pki: LabPki, tmp_path: Path) -> None:
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


def test_an_unusable_credential_is_found_without_the_network(desk: TokenDesk, tmp_path: Path) -> None:
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
def test_other_failures(desk: TokenDesk, fault: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.bench.sim.fault(fault)
    with caplog.at_level(logging.DEBUG):
        assert refused(desk.tokens()).code == code
    assert "<html" not in caplog.text.lower()  # MSAL would log the whole body
    assert set(desk.bench.sim.counters()["connections"]) <= {LOGIN_HOST}


def test_one_503_is_no_failure(desk: TokenDesk) -> None:
    desk.bench.sim.fault("503-once", host=LOGIN_HOST)
    assert desk.tokens().get(CRS).value


@pytest.mark.parametrize(
    ("fault", "seconds"), [("429-seconds", 7), ("429-http-date", 7), ("429-no-header", 5), ("503-sticky", 9)]
)
def test_the_login_hosts_wishes_are_kept(desk: TokenDesk, fault: str, seconds: float) -> None:
    options: dict[str, Any] = {"seconds": str(seconds)} if fault == "503-sticky" else {}
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


def test_a_throttled_scope_does_not_hold_the_other(desk: TokenDesk) -> None:
    desk.bench.sim.fault("429-seconds", path="*oauth2*", times=1)
    tokens = desk.tokens()
    refused(tokens, CRS)
    assert tokens.get(GRAPH).value
