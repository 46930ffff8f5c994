"""A store that can't be read, told with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import StoreError
from ..operations.codes import OperationCode
from ..operations.errors import OperationError


@contextmanager
def store_needed() -> Iterator[None]:
    """Around a command that reads the store: StoreError becomes OperationError."""
    try:
        yield
    except StoreError as error:
        raise unreadable(error) from error


def unreadable(error: StoreError) -> OperationError:
    """M1803."""
    return OperationError(
        OperationCode.STORE_UNREADABLE,
        str(error),
        allowed="the store that mdmd has made, read by root, or as mdmd's or radiusd's user",
        next="start mdmd, which makes and upgrades the store; else run mdmctl as one of these users",
    )
