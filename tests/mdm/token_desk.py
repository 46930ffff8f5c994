"""Tokens objects over the simulated login host, for the tests of tokens."""

from __future__ import annotations

from typing import Any

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.http import HttpClient
from freeradius_mdm.mdm.tokens import Tokens, TokenUse

from .bench import Bench, FakeClock

CRS, GRAPH = TokenUse.CRS, TokenUse.GRAPH


class TokenDesk:
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


def refused(tokens: Tokens, use: TokenUse = CRS) -> SourceError:
    with pytest.raises(SourceError) as caught:
        tokens.get(use)
    return caught.value
