"""Single exchanges for the tests of the HTTP client."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.http import HttpClient

from .bench import LOGIN_HOST, TENANT, Bench

OIDC = f"https://{LOGIN_HOST}/{TENANT}/v2.0/.well-known/openid-configuration"
LIMIT = 1 << 20


@contextlib.contextmanager
def client(bench: Bench, **changes: Any) -> Iterator[HttpClient]:
    http = HttpClient(bench.server(**changes))
    try:
        yield http
    finally:
        http.close()


def refused(http: HttpClient, url: str = OIDC, limit: int = LIMIT) -> SourceError:
    with pytest.raises(SourceError) as caught:
        http.get(url, {}, limit)
    return caught.value
