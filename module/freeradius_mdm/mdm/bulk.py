"""The bulk list of CRS from its pages (intune.md sections 4 to 6)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..errors import SourceError
from . import crs_answers
from .codes import MdmCode
from .crs import CrsFailure
from .crs_answers import CrsProtocolError, DeviceList
from .crs_paging import collect
from .crs_xml import XmlRefused
from .failures import failure
from .noncompliant import NonCompliantDevices

log = logging.getLogger(__name__)
LIST_LIMITS = (429, 503)  # statuses that concern the list alone
_STEP = 1.0  # seconds
LONGEST = 55 * 60.0  # seconds; the list is open for an hour, and what is fetched across its end is worth nothing


def fetch(
    page: Callable[[str], bytes],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> NonCompliantDevices:
    """All pages, serially. `page` gets the body for a paging marker; `sleep` waits so many seconds.

    `server_busy_wait_seconds` is waited for before the next page. Raises SourceError; then nothing of it counts.
    """
    started = clock()
    busy = 0.0

    def one(marker: str) -> DeviceList:
        nonlocal busy
        if busy:
            log.info("event=bulk_list_waits seconds=%.0f", busy)
            _rest(busy, sleep, cancelled)
        if cancelled():
            raise failure(MdmCode.CLOSED, "the bulk list is given up", server_down=False)
        if clock() - started > LONGEST:
            raise failure(MdmCode.BULK_CLOSED, "its pages took longer than it is open", server_down=False)
        listed = crs_answers.read_devices(page(marker), crs_answers.BULK_LIMIT)
        busy = listed.busy_wait
        return listed

    try:
        devices = collect(one)
    except (XmlRefused, CrsProtocolError) as error:
        raise failure(MdmCode.PROTOCOL, f"bulk list: {error}", server_down=False) from None
    # Every entry of this list is non-compliant by the question; one that says otherwise is left out.
    found = [device for device in devices if device.compliant is not True]
    return NonCompliantDevices(
        frozenset(guid for device in found for guid in device.guids),
        frozenset(mac for device in found for mac in device.macs),
        len(devices),
    )


def _rest(seconds: float, sleep: Callable[[float], None], cancelled: Callable[[], bool]) -> None:
    """In short steps, so that an end does not wait for it."""
    while seconds > 0 and not cancelled():
        sleep(min(seconds, _STEP))
        seconds -= _STEP


def closed(error: CrsFailure) -> SourceError:
    """What a 503 or 429 to a page means."""
    return failure(MdmCode.BULK_CLOSED, f"HTTP {error.status}", retry_after=error.retry_after, server_down=False)
