"""The login host throttles, is out of order, or something else answers in its place: last row of intune.md 2.5."""

from __future__ import annotations

import pytest

from .bench import Site

GRAPH = "Graph token"


@pytest.mark.parametrize(
    ("name", "code", "seen", "remedy"),
    [
        ("429-seconds", "M1232", "HTTP 429", "none"),
        ("429-no-header", "M1232", "HTTP 429", "none"),
        ("503-sticky", "M1213", "HTTP 503", "wait"),
        ("500", "M1213", "HTTP 500", "wait"),
    ],
)
def test_throttling_and_outage(name: str, code: str, seen: str, remedy: str, site: Site) -> None:
    site.sim.fault(name, path="*oauth2*")
    said = site.test()
    assert said.failed == GRAPH
    assert said.below(GRAPH)[0].startswith(f"{code} ")
    assert seen in said.below(GRAPH)[0]
    assert said.advice.startswith(remedy)


@pytest.mark.parametrize(
    ("name", "seen", "remedy"),
    [
        ("html-403", "M1213 the login server failed or answered something else: ", "check login_host and proxy"),
        ("307-offsite", "M1213 the login server failed or answered something else: ", "a redirect is never followed"),
        (
            "200-error-body",
            "M1210 Entra refused a token: HTTP 200 temporarily_unavailable; ",
            "look up the AADSTS code",
        ),
    ],
)
def test_what_is_no_answer_of_entra(name: str, seen: str, remedy: str, site: Site) -> None:
    site.sim.fault(name, path="*oauth2*")
    said = site.test()
    assert said.failed == GRAPH
    assert said.below(GRAPH)[0].startswith(seen)
    assert remedy in said.advice
