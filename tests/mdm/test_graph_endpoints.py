"""What is not seen through discovery: which next pages are followed."""

from collections.abc import Iterator

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.graph_endpoints import GraphEndpoints
from freeradius_mdm.mdm.http import HttpClient
from freeradius_mdm.mdm.tokens import Tokens

from .bench import GRAPH_HOST, Bench, FakeClock

HERE = f"https://{GRAPH_HOST}"


@pytest.fixture
def endpoints(bench: Bench) -> Iterator[GraphEndpoints]:
    server, clock = bench.server(), FakeClock()
    http = HttpClient(server)
    yield GraphEndpoints(GRAPH_HOST, http, Tokens(server, http, clock), clock)
    http.close()


def test_all_records_of_all_pages(endpoints: GraphEndpoints, bench: Bench) -> None:
    whole = endpoints.fetch()
    bench.sim.fault("endpoints-paged")
    assert endpoints.fetch() == whole
    assert len(whole) > 200


@pytest.mark.parametrize("link", [f"{HERE}/v1.0/x?$skiptoken=a%20b", f"{HERE}:443/x", "HTTPS://Graph.Microsoft.Com/x"])
def test_links_to_the_same_host(endpoints: GraphEndpoints, link: str) -> None:
    assert endpoints._same_host(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "https://attacker.example/x",
        "http://graph.microsoft.com/x",
        "https://graph.microsoft.com.attacker.example/x",
        "https://graph.microsoft.com@attacker.example/x",
        "https://user@graph.microsoft.com/x",
        "https://graph.microsoft.com:8443/x",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com\\@attacker.example/x",
        "https://[graph.microsoft.com/x",
        "https://graph.microsoft.com/x\r\nX: y",
        "/x",
        "",
        None,
        7,
    ],
)
def test_links_to_anywhere_else(endpoints: GraphEndpoints, link: object) -> None:
    with pytest.raises(SourceError, match="M1223"):
        endpoints._same_host(link)
